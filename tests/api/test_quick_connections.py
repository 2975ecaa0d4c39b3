"""What goes over a connection is the same with the short ways and without them, byte by byte: one
request or many, whole or in parts, from those who stay and those who leave."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from app.api.rate_limit import BURST_SECONDS
from app.domain.outcomes import OrderPlaced
from app.runtime.settings import Settings
from tests.api.listener import Listener, listening, request
from tests.api.test_quick_orders import ORDER
from tests.api.test_quick_reads import LEFT
from tests.api.two_ways import PLAIN, Pair, Selling, build_pair, put_behind, times_observed

KEY = "Idempotency-Key: key-0000000000000000"
JSON = "Content-Type: application/json"
ORDERS = "/v1/events/concert/orders"
AVAILABILITY = "/v1/events/concert/availability"
OWN = f"/v1/orders/{ORDER.id}"
TOKEN = "Order-Token: obiekigpynel4cnyyslrrj36bv"
ORIGIN = "Origin: https://shop.example.com"
SECONDS_MAX = 10.0
TURNS = 20
"""Of the event loop: what was sent has come and was looked at."""


def post(*fields: str, target: str = ORDERS, body: bytes = PLAIN) -> bytes:
    return request("POST", target, *(fields or (KEY, JSON)), body=body)


def chunked(*parts: bytes) -> list[bytes]:
    head = request("POST", ORDERS, KEY, JSON, "Transfer-Encoding: chunked", length=-1)
    return [head, *(b"%x\r\n%s\r\n" % (len(each), each) for each in parts), b"0\r\n\r\n"]


def one_zero(data: bytes) -> bytes:
    return data.replace(b"HTTP/1.1", b"HTTP/1.0", 1)


LAST = request("GET", OWN, TOKEN, "Connection: close")
EXPECT = post(KEY, JSON, "Expect: 100-continue")
HEAD_LENGTH = EXPECT.index(b"\r\n\r\n") + 4
PREFLIGHT = (
    "Access-Control-Request-Method: POST",
    "Access-Control-Request-Headers: idempotency-key",
)
CONVERSATIONS: dict[str, list[bytes]] = {
    "one": [post()],
    "many at once": [(post() + request("GET", AVAILABILITY) + request("GET", OWN, TOKEN)) * 3],
    "plain ones and others at once": [
        post()
        + post(body=b"{")
        + request("GET", OWN)
        + request("HEAD", AVAILABILITY)
        + request("GET", f"{AVAILABILITY}/")
        + post(KEY, KEY, JSON)
        + request("GET", OWN, TOKEN, TOKEN)
        + post(),
    ],
    "byte by byte": [post()[at : at + 1] for at in range(len(post()))],
    "the body later": [post()[:-20], post()[-20:]],
    "one and a half, and the other half": [post() + post()[:-20], post()[-20:]],
    "chunks": chunked(PLAIN),
    "chunks at once": [b"".join(chunked(PLAIN[:9], PLAIN[9:]))],
    "chunks and a trailer": [*chunked(PLAIN)[:-1], b"0\r\nX-Odd: 1\r\n\r\n"],
    "no more than an expectation": [EXPECT[:HEAD_LENGTH], EXPECT[HEAD_LENGTH:]],
    "an expectation and the body at once": [EXPECT],
    "HTTP/1.0": [one_zero(post())],
    "HTTP/1.0 that stays": [one_zero(post(KEY, JSON, "Connection: keep-alive")), post()],
    "the last one": [post(KEY, JSON, "Connection: close") + post()],
    "a query": [post(target=f"{ORDERS}?confirm=false&x=%00"), request("GET", f"{OWN}?a=b", TOKEN)],
    "percent signs": [
        post(target="/v1/events/con%63ert/orders"),
        request("GET", "/v1/events/con%63ert/availability"),
        post(target="/v1%2Fevents/concert/orders"),
        request("GET", f"{AVAILABILITY}%0a"),
        request("GET", f"{OWN}%2f", TOKEN),
    ],
    "slashes": [
        post(target=f"{ORDERS}/"),
        post(target=f"/{ORDERS}"),
        request("GET", f"/{OWN}", TOKEN),
    ],
    "absolute forms": [
        post(target=f"http://localhost{ORDERS}"),
        request("GET", f"http://localhost{AVAILABILITY}"),
    ],
    "names in capitals": [post(KEY.upper(), JSON.upper()), post(KEY.lower(), JSON.lower())],
    "blanks around values": [post("Idempotency-Key: \t key-0000000000000000 \t", f"{JSON}  ")],
    "media types": [post(KEY, f"{JSON};charset=utf-8"), post(KEY), post(KEY, JSON, JSON)],
    "codings": [post(KEY, JSON, f"Content-Encoding: {each}") for each in ("", "identity", "gzip")],
    "another origin": [
        post(KEY, JSON, ORIGIN),
        request("GET", AVAILABILITY, ORIGIN),
        request("GET", OWN, TOKEN, "Origin: https://evil.example.com"),
        request("OPTIONS", ORDERS, ORIGIN, *PREFLIGHT),
        request("OPTIONS", AVAILABILITY),
    ],
    "a body where there is none": [
        request("GET", AVAILABILITY, body=PLAIN) + request("GET", OWN, TOKEN, body=b"{") + post()
    ],
    "the wrong host": [
        post().replace(b"Host: localhost", b"Host: a/b"),
        post().replace(b"Host: localhost\r\n", b""),
    ],
    "an upgrade": [post(KEY, JSON, "Connection: Upgrade", "Upgrade: websocket")],
    "too much": [post(body=b" " * 70_000)],
    "nothing": [post(body=b"")],
    "not HTTP": [post() + b"\x16\x03\r\n\r\n"],
}


async def test_a_conversation_is_the_same_either_way(pair: Pair, tmp_path: Path) -> None:
    async with _listening_to(pair, tmp_path) as ways:
        for name, parts in CONVERSATIONS.items():
            short, long = [await way.hear([*parts, LAST]) for way in ways]
            assert short == long, name
            assert short.answers.startswith(b"HTTP/1.1 "), name


async def test_whoever_leaves_has_bought_the_same_either_way(pair: Pair, tmp_path: Path) -> None:
    async with _listening_to(pair, tmp_path) as ways:
        for length in (1, HEAD_LENGTH - 1, HEAD_LENGTH, len(EXPECT) - 1, len(EXPECT)):
            short, long = [await way.leave(post() + EXPECT[:length]) for way in ways]
            assert short == long, length
            assert short.asked


async def test_the_limit_of_an_address_is_the_same_either_way(tmp_path: Path) -> None:
    async with _listening_to(build_pair(rate_limit_per_address=1), tmp_path) as ways:
        parts = [*[post()] * (int(BURST_SECONDS) + 2), LAST]
        short, long = [await way.hear(parts) for way in ways]
    assert short == long
    statuses = [short.answers.count(b" %d " % status) for status in (201, 429, 200)]
    assert statuses == [BURST_SECONDS, 2, 1]


@dataclass(frozen=True)
class Heard:
    """`answers` without their dates."""

    answers: bytes
    asked: Sequence[object]
    timed: Counter[tuple[str, str]]


@dataclass(frozen=True)
class Way:
    app: FastAPI
    listener: Listener

    async def hear(self, parts: Sequence[bytes]) -> Heard:
        """Says them one by one, and all that comes back until the other side closes."""
        connection = await self.listener.connect()
        selling, before = self._begin(), times_observed()
        answers = asyncio.create_task(connection.reader.read(-1))
        for part in parts:
            if not answers.done():
                await connection.send(part)
            await _let_it_be_read()
        async with asyncio.timeout(SECONDS_MAX):
            undated = re.sub(rb"\r\ndate: [^\r]*", b"", await answers)
        return Heard(undated, selling.asked, times_observed() - before)

    async def leave(self, part: bytes) -> Heard:
        """Says it, and goes without listening."""
        connection = await self.listener.connect()
        selling, before = self._begin(), times_observed()
        await connection.send(part)
        await _let_it_be_read()
        await connection.aclose()
        await _let_it_be_read()
        return Heard(b"", selling.asked, times_observed() - before)

    def _begin(self) -> Selling:
        selling = Selling(OrderPlaced(ORDER, replayed=False), ORDER, LEFT)
        put_behind(self.app, selling)
        return selling


async def _let_it_be_read() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


@asynccontextmanager
async def _listening_to(pair: Pair, folder: Path) -> AsyncIterator[Sequence[Way]]:
    settings = Settings(env="development", data_dir=folder)
    async with listening(pair.short, settings) as short, listening(pair.long, settings) as long:
        yield Way(pair.short, short), Way(pair.long, long)
