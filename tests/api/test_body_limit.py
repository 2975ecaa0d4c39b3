"""Bodies that are too large, too slow or never end, over the real listener."""

import asyncio
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.body_limit import BODY_BYTES_MAX, LINGER_BYTES_MAX, LimitBodies
from app.api.problems import problem
from app.runtime.settings import Settings
from tests.api.listener import Listener, listening, request

CHUNKED = "Transfer-Encoding: chunked"
SLOW_SECONDS = 0.2
ASKED: list[int] = []
"""The lengths of the bodies that came through."""


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    body, is_open = b"", True
    while is_open:
        message = await receive()
        body += message["body"]
        is_open = message["more_body"]
    ASKED.append(len(body))
    await problem("not-found", "Nothing is here.")(scope, receive, send)


@pytest.fixture(params=["declared", "chunked"])
def framing(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    ASKED.clear()
    limited = LimitBodies(application, seconds_max=SLOW_SECONDS)
    async with listening(limited, Settings(env="development", data_dir=tmp_path)) as listener:
        yield listener


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def with_body(size: int, framing: str) -> bytes:
    if framing == "declared":
        return request("POST", "/", body=b"a" * size)
    whole = b"".join(chunk(b"a" * min(9_999, size - at)) for at in range(0, size, 9_999))
    return request("POST", "/", CHUNKED, length=-1) + whole + chunk(b"")


async def test_the_largest_body_passes_and_one_byte_more_does_not(
    listener: Listener, framing: str
) -> None:
    connection = await listener.connect()
    await connection.send(with_body(BODY_BYTES_MAX, framing))
    assert (await connection.read()).code == "not-found"
    await connection.send(with_body(BODY_BYTES_MAX + 1, framing))
    refused = await connection.read()
    assert (refused.status, refused.code) == (413, "body-too-large")
    assert refused.headers["connection"] == "close"
    assert await connection.at_end()
    assert ASKED == [BODY_BYTES_MAX]


async def test_many_bodies_come_through_on_one_connection(listener: Listener, framing: str) -> None:
    connection = await listener.connect()
    for size in (1, 0, 2_000, 20_000):
        await connection.send(with_body(size, framing))
        assert (await connection.read()).code == "not-found"
    assert ASKED == [1, 0, 2_000, 20_000]


async def test_a_declared_gigabyte_is_refused_before_a_byte_of_it_has_come(
    listener: Listener,
) -> None:
    asked = request("POST", "/", "Expect: 100-continue", length=2**30)
    assert (await listener.ask(asked)).status == 413
    assert ASKED == []


async def test_a_body_without_end_is_answered_cut_off_and_not_kept(listener: Listener) -> None:
    connection = await listener.connect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await connection.send(request("POST", "/", CHUNKED, length=-1))
    answering = asyncio.create_task(connection.read())
    sent = await connection.flood(chunk(b"a" * 65_536), 1_024 * LINGER_BYTES_MAX)
    assert (await answering).code == "body-too-large"
    assert sent < 64 * LINGER_BYTES_MAX
    grown_bytes = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown_bytes < 32 * LINGER_BYTES_MAX
    assert ASKED == []


@pytest.mark.parametrize("begun", ["declared", "chunked", "a chunk has begun", "nothing came"])
async def test_a_body_that_does_not_end_in_time_is_refused_and_cut_off(
    listener: Listener, begun: str
) -> None:
    heads = {
        "declared": request("POST", "/", body=b"{", length=20),
        "chunked": request("POST", "/", CHUNKED, length=-1) + chunk(b"{"),
        "a chunk has begun": request("POST", "/", CHUNKED, length=-1) + b"5\r\n{",
        "nothing came": request("POST", "/", length=20),
    }
    connection = await listener.connect()
    await connection.send(heads[begun])
    refused = await connection.read()
    assert (refused.status, refused.code) == (400, "malformed")
    assert "did not end within 0.2 s" in refused.json()["detail"]
    assert await connection.at_end()
    assert ASKED == []


async def test_a_client_that_goes_away_in_the_middle_is_not_asked_for(listener: Listener) -> None:
    connection = await listener.connect()
    await connection.send(request("POST", "/", body=b"{", length=20))
    await connection.aclose()
    assert (await listener.ask(with_body(3, "declared"))).code == "not-found"
    assert ASKED == [3]


async def test_a_request_without_a_body_waits_for_nothing() -> None:
    """Its channel is the server's own."""
    seen: list[Receive] = []

    async def note(_: Scope, receive: Receive, __: Send) -> None:
        seen.append(receive)

    async def nobody_reads() -> Message:
        raise AssertionError

    async def nobody_writes(_: Message) -> None:
        raise AssertionError

    await LimitBodies(note)({"type": "http", "headers": []}, nobody_reads, nobody_writes)
    assert seen == [nobody_reads]
