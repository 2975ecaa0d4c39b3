"""Hostile input over the real listener: a clear 4xx problem each, and nothing is changed."""

import gzip
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from app.runtime.redis_connection import RedisConnection, Reply
from tests.api.conftest import Api
from tests.api.listener import Listener, listening, request

KEY = "Idempotency-Key: key-9999999999999999"
JSON = "Content-Type: application/json"
ORDERS = "/v1/events/concert/orders"
LINE: dict[str, Any] = {"ticket_type": "adult", "quantity": 1}
ORDER: dict[str, Any] = {"customer": {"email": "eve@example.com"}, "lines": [LINE]}
SOMEBODYS = "obiekigpynel4cnyyslrrj36bv"
NOBODY = "02.concert.aaaaaaaaaaaaaaaaaaaaaaaaaa"
ELSEWHERE = "07.nothing.aaaaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.fixture
async def listener(api: Api) -> AsyncIterator[Listener]:
    """With an open event, a closed one, and a hold of somebody in the first."""
    await api.open_event()
    await api.open_event(id="yesterday")
    await api.client.post("/v1/admin/events/yesterday/close", headers=api.admin)
    assert (await api.order(("adult", 1), confirm=False)).status_code == 201
    async with listening(api.application, api.settings) as listener:
        yield listener


def post(
    body: object = ORDER, *fields: str, target: str = ORDERS, length: int | None = None
) -> bytes:
    """An order; `body` as it is if it is bytes, else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request("POST", target, *(fields or (KEY, JSON)), body=data, length=length)


def order(**changes: Any) -> bytes:
    return post(ORDER | changes)


def line(**changes: Any) -> bytes:
    return order(lines=[LINE | changes])


def quantity(text: str) -> bytes:
    return post(json.dumps(ORDER).replace('"quantity": 1', f'"quantity": {text}').encode())


def named(name: str) -> bytes:
    return order(customer={"email": "eve@example.com", "name": name})


def mailed(email: object) -> bytes:
    return order(customer={"email": email})


def keyed(key: str) -> bytes:
    return post(ORDER, f"Idempotency-Key: {key}", JSON)


def shown(verb: str, path: str, token: str = SOMEBODYS) -> bytes:
    return request(verb, f"/v1/orders/{path}", f"Order-Token: {token}")


MALFORMED: dict[str, bytes] = {
    "not JSON": post(b"{"),
    "a JSON text and more": post(b"{} {}"),
    "invalid UTF-8": post(b'{"customer": "\xff\xfe"}'),
    "UTF-16": post(json.dumps(ORDER).encode("utf-16")),
    "a byte order mark": post(b"\xef\xbb\xbf" + json.dumps(ORDER).encode()),
    "a raw control character in a string": post(b'{"customer": {"email": "eve\x00@example.com"}}'),
    "60,000 brackets": post(b"[" * 60_000),
    "33 levels": post(b"[" * 33 + b"]" * 33),
    "a key twice in one object": post(b'{"lines": [], "lines": [], "customer": {}}'),
    "a key twice, written otherwise": post(b'{"lines": [], "l\\u0069nes": []}'),
    "NaN": quantity("NaN"),
    "-Infinity": quantity("-Infinity"),
    "5,000 digits": quantity("9" * 5_000),
    "a lone surrogate in a name": named("\ud800"),
    "a lone surrogate as a key": post(b'{"\\udfff": 1}'),
    "a short key": keyed("k" * 15),
    "a long key": keyed("k" * 256),
    "a key with a blank": keyed("key 0000000000000"),
    "a key that is not ASCII": keyed("ñ" * 16),
    "a key twice": post(ORDER, KEY, KEY, JSON),
    "two keys": post(ORDER, KEY, "idempotency-key: key-8888888888888888", JSON),
    "the same length twice": post(ORDER, KEY, JSON, "Content-Length: 1"),
    "a length and chunks": post(ORDER, KEY, JSON, "Transfer-Encoding: chunked"),
    "a length below zero": post(ORDER, KEY, JSON, "Content-Length: -5", length=-1),
    "a length that is no number": post(ORDER, KEY, JSON, "Content-Length: 0x10", length=-1),
    "a length beyond all numbers": post(ORDER, KEY, JSON, f"Content-Length: {'9' * 30}", length=-1),
    "a chunk that is no chunk": request(
        *("POST", ORDERS, KEY, JSON, "Transfer-Encoding: chunked"), body=b"zz\r\n", length=-1
    ),
    "an endless address": request("GET", "/v1/events/" + "a" * 40_000),
    "an endless query": request("GET", "/v1/events?after=" + "a" * 40_000),
    "an endless field": request("GET", "/v1/events", "X-Flood: " + "a" * 40_000),
    "a flood of fields": request(
        "GET", "/v1/events", *(f"X-{n}: {'a' * 20}" for n in range(2_000))
    ),
    "an endless key": keyed("k" * 40_000),
    "a field without a name": request("GET", "/v1/events", ": nothing"),
    "a blank before the colon": request("GET", "/v1/events", "X-Odd : 1"),
    "a field that is folded": request("GET", "/v1/events", "X-Odd: 1\r\n folded"),
    "NUL in a field": request("GET", "/v1/events", "Order-Token: a\x00b"),
    "a method of nobody": request("BREW", "/v1/events"),
    "a tunnel": request("CONNECT", "example.com:443"),
    "no path": request("GET", "http://localhost"),
    "HTTP/9.9": b"GET /v1/events HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
}
INVALID: dict[str, bytes] = {
    "no body": request("POST", ORDERS, KEY, JSON),
    "null": post(None),
    "a list": post([ORDER]),
    "text": post("order"),
    "nothing in it": post({}),
    "no customer": post({"lines": [LINE]}),
    "no lines": order(lines=[]),
    "200 lines": order(lines=[LINE] * 200),
    "21 lines": order(lines=[LINE] * 21),
    "lines that are one line": order(lines=LINE),
    "an unknown field": order(total=0),
    "a price": line(price=0),
    "a state": order(status="confirmed"),
    "4,000 unknown fields": post({str(n): n for n in range(4_000)}),
    "quantity 0": quantity("0"),
    "quantity -0": quantity("-0"),
    "quantity -1": quantity("-1"),
    "quantity 1e3": quantity("1e3"),
    "quantity 1.0": quantity("1.0"),
    "quantity in text": quantity('"2"'),
    "quantity true": quantity("true"),
    "quantity 101": quantity("101"),
    "quantity 2^53+1": quantity("9007199254740993"),
    "quantity 2^64": quantity("18446744073709551616"),
    "quantity null": quantity("null"),
    "quantity in a list": quantity("[1]"),
    "quantity 1e400": quantity("1e400"),
    "confirm in text": order(confirm="true"),
    "confirm as a number": order(confirm=1),
    "a type that is not sold": line(ticket_type="ghost"),
    "a type with a colon": line(ticket_type="adult:price"),
    "a type with NUL": line(ticket_type="adult\x00"),
    "a type with a line break": line(ticket_type="adult\n"),
    "a type with a blank": line(ticket_type="adult 1 0 x"),
    "a type in Cyrillic letters": line(ticket_type="\u0430dult"),
    "a type that overrides the direction": line(ticket_type="adult\u202e"),
    "a type as a number": line(ticket_type=1),
    "a type without end": line(ticket_type="a" * 10_000),
    "a name with NUL": named("eve\x00"),
    "a name with a line break": named("eve\r\nBcc: x"),
    "a name with ESC": named("\x1b[31meve"),
    "a name with a C1 control": named("e\x85ve"),
    "a name that overrides the direction": named("\u202eevil"),
    "a name that isolates a direction": named("\u2066evil"),
    "a name with a line separator": named("e\u2028ve"),
    "a name of blanks": named("   "),
    "a name of 201 characters": named("a" * 201),
    "an e-mail that is none": mailed("eve"),
    "an e-mail with NUL": mailed("eve\x00@example.com"),
    "an e-mail with a line break": mailed("eve@example.com\r\nBcc: all@example.com"),
    "an e-mail that overrides the direction": mailed("eve\u202e@example.com"),
    "two e-mails": mailed("eve@example.com,bob@example.com"),
    "an e-mail without end": mailed("e" * 300 + "@example.com"),
    "an e-mail in a list": mailed(["eve@example.com"]),
    "an `after` with NUL": request("GET", "/v1/events?after=%00"),
    "an `after` that overrides the direction": request("GET", "/v1/events?after=%E2%80%AE"),
    "a limit of 0": request("GET", "/v1/events?limit=0"),
    "a limit of 1e3": request("GET", "/v1/events?limit=1e3"),
    "a limit of NaN": request("GET", "/v1/events?limit=nan"),
    "a limit without end": request("GET", "/v1/events?limit=" + "9" * 5_000),
}
NOT_FOUND: dict[str, bytes] = {
    "an unknown event": post(target="/v1/events/nothing/orders"),
    "an event with NUL": post(target="/v1/events/%00/orders"),
    "an event in another case": post(target="/v1/events/CONCERT/orders"),
    "an event with a colon": post(target="/v1/events/concert:x/orders"),
    "an event of invalid UTF-8": post(target="/v1/events/%ff%fe/orders"),
    "an event with a line break": post(target="/v1/events/concert%0a/orders"),
    "an event without end": post(target=f"/v1/events/{'a' * 20_000}/orders"),
    "a slash in disguise": post(target="/v1/events/con%2fcert/orders"),
    "two dots": post(target="/v1/events/../events/concert/orders"),
    "to read an event with NUL": request("GET", "/v1/events/concert%00"),
    "to read an event without end": request("GET", "/v1/events/" + "%61" * 10_000),
    "to look at what is left of NUL": request("GET", "/v1/events/%00/availability"),
    "to read an order that never was": shown("GET", NOBODY),
    "to read an order of no event": shown("GET", ELSEWHERE),
    "to read an order that cannot be": shown("GET", "x"),
    "to read an order with NUL": shown("GET", "%00"),
    "to read with no token": request("GET", f"/v1/orders/{NOBODY}"),
    "to confirm an order that never was": shown("POST", f"{NOBODY}/confirm"),
    "to release an order that never was": shown("POST", f"{NOBODY}/release"),
    "to confirm with a token without end": shown("POST", f"{NOBODY}/confirm", "t" * 10_000),
    "an address of nobody": request("GET", "/v1/admin.php"),
    "an address in absolute form": request("GET", "http://evil.example/v1/orders/x"),
    "everything": request("OPTIONS", "*"),
}
OTHERWISE: dict[str, tuple[bytes, int, str]] = {
    "no key": (post(ORDER, JSON), 400, "idempotency-key-missing"),
    "70 KiB": (post(named("a" * 70 * 1024)), 413, "body-too-large"),
    "100,000 brackets": (post(b"[" * 100_000), 413, "body-too-large"),
    "a gigabyte that never comes": (post(ORDER, KEY, JSON, length=2**30), 413, "body-too-large"),
    "70 KiB for nothing": (
        request("POST", f"/v1/orders/{NOBODY}/confirm", body=b"a" * 70 * 1024),
        413,
        "body-too-large",
    ),
    "another media type": (
        post(ORDER, KEY, "Content-Type: text/plain"),
        415,
        "unsupported-media-type",
    ),
    "no media type": (post(ORDER, KEY), 415, "unsupported-media-type"),
    "a form": (
        post(b"a=b", KEY, "Content-Type: application/x-www-form-urlencoded"),
        415,
        "unsupported-media-type",
    ),
    "gzip": (
        post(gzip.compress(json.dumps(ORDER).encode()), KEY, JSON, "Content-Encoding: gzip"),
        415,
        "unsupported-media-type",
    ),
    "gzip that is none": (
        post(ORDER, KEY, JSON, "Content-Encoding: gzip"),
        415,
        "unsupported-media-type",
    ),
    "a closed event": (post(target="/v1/events/yesterday/orders"), 409, "sale-closed"),
    "an override of the method": (
        request("GET", ORDERS, KEY, JSON, "X-HTTP-Method-Override: POST", body=b"{}"),
        405,
        "method-not-allowed",
    ),
    "a method in the query": (
        request("GET", f"{ORDERS}?_method=POST"),
        405,
        "method-not-allowed",
    ),
    "TRACE": (request("TRACE", "/v1/events"), 405, "method-not-allowed"),
    "DELETE": (request("DELETE", f"/v1/orders/{NOBODY}"), 405, "method-not-allowed"),
    "no API key": (request("GET", "/v1/admin/orders"), 401, "unauthenticated"),
    "another scheme": (
        request("GET", "/v1/admin/orders", "Authorization: Basic YTpi"),
        401,
        "unauthenticated",
    ),
}
TABLE: dict[str, tuple[bytes, int, str]] = {
    **{name: (data, 400, "malformed") for name, data in MALFORMED.items()},
    **{name: (data, 422, "invalid") for name, data in INVALID.items()},
    **{name: (data, 404, "not-found") for name, data in NOT_FOUND.items()},
    **OTHERWISE,
}


async def test_hostile_input_is_a_clear_problem_and_changes_nothing(
    listener: Listener, bytes_redis: RedisConnection
) -> None:
    before = await all_keys(bytes_redis)
    wrong = {}
    for name, (data, status, code) in TABLE.items():
        answer = await listener.ask(data)
        if (answer.status, answer.code, len(answer.body) < 8_192) != (status, code, True):
            wrong[name] = (answer.status, answer.body[:200])
    assert wrong == {}
    assert len(TABLE) == len(MALFORMED) + len(INVALID) + len(NOT_FOUND) + len(OTHERWISE)
    assert await all_keys(bytes_redis) == before


async def test_after_all_that_an_honest_order_is_placed(listener: Listener) -> None:
    """So that the table does not pass because everything is refused."""
    placed = await listener.ask(post())
    assert (placed.status, placed.json()["status"]) == (201, "confirmed")
    for name, (data, _, _) in TABLE.items():
        assert (await listener.ask(data)).status < 500, name
    again = await listener.ask(post())
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.body == placed.body
    other = await listener.ask(line(quantity=2))
    assert (other.status, other.code) == (422, "idempotency-key-reused")


async def all_keys(redis: RedisConnection) -> Mapping[bytes, Reply]:
    """And what is under each, byte by byte. Nothing in an API process changes with the clock."""
    found = await redis.call("KEYS", "*")
    assert isinstance(found, list)
    keys = [key for key in found if isinstance(key, bytes)]
    dumps = await redis.call_many([("DUMP", key) for key in keys])
    return dict(zip(keys, dumps, strict=True))


@pytest.fixture
async def bytes_redis(api: Api) -> AsyncIterator[RedisConnection]:
    assert api.settings.redis_url
    redis = RedisConnection(
        api.settings.redis_url, timeout_seconds=5, connections_max=2, as_text=False
    )
    yield redis
    await redis.aclose()
