"""Requests that are nearly those of an honest buyer: one thing of them is twice, or missing, or
another."""

import json
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.api.two_ways import HEADERS, PLAIN, Header, Request


class Pairs(list[tuple[str, Any]]):
    """An object of JSON. A name may stand twice in it, as no dictionary allows."""


Texts: TypeAlias = st.SearchStrategy[str]

_email: Texts = st.sampled_from(["ana@example.com", " ana+x@EXAMPLE.org ", "ana@exämple.com"])
_name = st.sampled_from(["Ana", "Señor \U0001f3b8", "a\u200db", "{[" * 20, "a:,b"])
_quantity = st.integers(1, 100)
_ticket_type = st.sampled_from(["adult", "child"])
_odd_text = st.text(max_size=12) | st.sampled_from(
    [
        *("", " ", "a" * 41, "A", "ana", '"', "\\", "a\nb", "\u2028", "\u202e", "\x7f", "\x00"),
        *("\ud800", "x" * 300),
    ]
)
_odd_value: st.SearchStrategy[Any] = (
    _odd_text
    | st.sampled_from([None, True, False, 0, -1, 1, 101, 2**53, 2**70, 1.0, 1e3, [], {}, [1]])
    | st.sampled_from([float("nan"), float("inf")])
)
_METHODS = ("GET", "PUT", "HEAD", "OPTIONS")
_PATHS = (
    "/v1/events",
    "/v1/events//orders",
    "/v1/events/concert\n/orders",
    "/v1/events/concert/orders/",
    "/v1/events/concert/orders\n",
    "/v1/events/CONCERT/orders",
    f"/v1/events/{'a' * 41}/orders",
    "/v1/events/a/b/orders",
    "/v1/orders/x",
)
_VALUES = {
    b"idempotency-key": [
        *(b"key-0000000000000000", b"key-1111111111111111", b"k" * 15, b"k" * 255, b"k" * 256),
        *(b"key 000000000000000", b"\xf1" * 16, b"key-0000000000000000\n", b""),
    ],
    b"content-type": [
        *(b"application/json", b"application/json; charset=utf-8", b"APPLICATION/JSON"),
        *(b"application/json ", b"application/problem+json", b"text/plain", b""),
    ],
    b"content-encoding": [b"identity", b"gzip", b""],
    b"transfer-encoding": [b"chunked"],
    b"origin": [b"https://shop.example.com", b"https://evil.example.com"],
    b"order-token": [b"x"],
}


@st.composite
def odd_requests(draw: st.DrawFn) -> Request:
    """One of its parts is odd, or none."""
    odd = draw(st.sampled_from(["body", "bytes", *_VALUES, "path", "method", "root", "reasons"]))
    body = draw(_other_bytes() if odd == "bytes" else _bodies(is_odd=odd == "body"))
    headers = list(HEADERS)
    if draw(st.booleans()):  # without a length it is not read in one piece
        headers.append((b"content-length", b"%d" % len(body)))
    if isinstance(odd, bytes):
        headers = draw(_other_headers(headers, odd))
    cut = draw(st.integers(0, len(body)) | st.none())
    plain = Request((body,) if cut is None else (body[:cut], body[cut:]), headers)
    match odd:
        case "path":
            return replace(plain, path=draw(st.sampled_from(_PATHS)))
        case "method":
            return replace(plain, method=draw(st.sampled_from(_METHODS)))
        case "root":
            return replace(plain, root_path=draw(st.sampled_from(["/v1", "/shop"])))
        case "reasons":
            return replace(plain, reasons=("Redis is behind the ledger",))
        case _:
            return plain


@st.composite
def _bodies(draw: st.DrawFn, *, is_odd: bool) -> bytes:
    customer = Pairs([("email", draw(_email))])
    if draw(st.booleans()):
        customer.append(("name", draw(st.none() | _name)))
    lines = [
        Pairs([("ticket_type", draw(_ticket_type)), ("quantity", draw(_quantity))])
        for _ in range(draw(st.sampled_from([1, 1, 2, 20])))
    ]
    order = Pairs([("customer", customer), ("lines", lines)])
    if draw(st.booleans()):
        order.append(("confirm", draw(st.booleans())))
    if is_odd:
        draw(_made_odd(draw(st.sampled_from([order, customer, lines[-1]]))))
    colon, comma = draw(st.sampled_from([(":", ","), (": ", ", "), (" :\n\t", "\r\n,")]))
    written = _write(order, colon, comma, escaped=draw(st.booleans()) and is_odd)
    return written.encode("utf-8", "surrogatepass")


@st.composite
def _made_odd(draw: st.DrawFn, pairs: Pairs) -> None:
    """Changes the object in one place."""
    at = draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[at]
    match draw(st.sampled_from(["twice", "twice otherwise", "another", "missing", "unknown"])):
        case "twice":
            pairs.insert(draw(st.integers(0, len(pairs))), (name, value))
        case "twice otherwise":
            pairs.insert(draw(st.integers(0, len(pairs))), (name, draw(_odd_value)))
        case "another":
            pairs[at] = (name, draw(_odd_value))
        case "missing":
            del pairs[at]
        case _:
            pairs.append((draw(_odd_text), draw(_odd_value)))


@st.composite
def _other_bytes(draw: st.DrawFn) -> bytes:
    at, gone = draw(st.integers(0, len(PLAIN))), draw(st.integers(0, 3))
    likely = st.sampled_from(
        [b'"', b"\\", b"\\u0061", b",", b" ", b"0", b".0", b"\xff", b"\xc3\xb1"]
    )
    return PLAIN[:at] + draw(likely | st.binary(max_size=3)) + PLAIN[at + gone :]


@st.composite
def _other_headers(draw: st.DrawFn, headers: list[Header], name: bytes) -> list[Header]:
    """The field is missing, another, twice or new."""
    others = [each for each in headers if each[0] != name]
    values = draw(st.lists(st.sampled_from(_VALUES[name]), max_size=2))
    return [*draw(st.sampled_from([headers, others])), *((name, value) for value in values)]


def _write(value: Any, colon: str, comma: str, *, escaped: bool) -> str:
    again = partial(_write, colon=colon, comma=comma, escaped=escaped)
    if isinstance(value, Pairs):
        return "{" + comma.join(again(name) + colon + again(each) for name, each in value) + "}"
    if isinstance(value, list):
        return "[" + comma.join(map(again, value)) + "]"
    return json.dumps(value, ensure_ascii=escaped)
