"""Heads of requests that never end, or are too large: cut off, whoever sends them."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from app.api import problem
from app.cli.http_protocol import HEAD_BYTES_MAX, BoundedHttpProtocol
from app.runtime.settings import Settings
from tests.api.listener import Listener, listening, request

HEAD_SECONDS = 0.2


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await problem("not-found", "Nothing is here.")(scope, receive, send)


@pytest.fixture
async def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    monkeypatch.setattr(BoundedHttpProtocol, "head_seconds_max", HEAD_SECONDS)
    settings = Settings(env="development", data_dir=tmp_path)
    async with listening(application, settings) as listener:
        yield listener


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n\r\n"])
async def test_a_head_that_does_not_end_in_time_is_cut_off(
    listener: Listener, begun: bytes
) -> None:
    connection = await listener.connect()
    await connection.send(begun)
    assert await connection.at_end()


async def test_the_next_head_of_a_connection_has_its_time_as_well(listener: Listener) -> None:
    connection = await listener.connect()
    await connection.send(request("GET", "/"))
    assert (await connection.read()).status == 404
    await connection.send(b"GET")
    assert await connection.at_end()


async def test_a_head_that_comes_byte_by_byte_is_cut_off(listener: Listener) -> None:
    connection = await listener.connect()
    await connection.send(b"GET / HTTP/1.1\r\n")
    with suppress(ConnectionError):
        for _ in range(1_000):
            await connection.send(b"X: 1\r\n")
            assert await connection.is_silent(HEAD_SECONDS / 20)
        pytest.fail("a thousand fields came one by one")


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"GET /", b"a" * 4_096),
        (b"GET / HTTP/1.1\r\nX: ", b"a" * 4_096),
        (b"GET / HTTP/1.1\r\n", b"X: 1\r\n" * 600),
        (b"GET / HTTP/1.1\r\n", b"x" * 4_096),
        (b"", b"\r\n" * 2_048),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 4_096),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n" * 600),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 4_096),
    ],
    ids=[
        *("address", "value", "fields", "name", "line breaks"),
        *("extension of a chunk", "trailers", "trailer"),
    ],
)
async def test_a_flood_is_cut_off_before_it_fills_the_memory(
    listener: Listener, head: bytes, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHttpProtocol, "head_seconds_max", 60.0)
    connection = await listener.connect()
    await connection.send(head)
    sent = await connection.flood(part, 64 * 1024 * 1024)
    assert sent < 8 * 1024 * 1024, "more than what lies in the buffers of two sockets"
    assert (await listener.ask(request("GET", "/"))).status == 404


async def test_a_head_of_the_largest_size_is_read_and_a_larger_one_is_a_problem(
    listener: Listener,
) -> None:
    fits = request("GET", "/", "X: " + "a" * (HEAD_BYTES_MAX - 20))
    assert (await listener.ask(fits)).status == 404
    refused = await listener.ask(request("GET", "/", "X: " + "a" * HEAD_BYTES_MAX))
    assert (refused.status, refused.code) == (400, "malformed")
    assert refused.headers["connection"] == "close"


async def test_a_body_is_no_head(listener: Listener) -> None:
    connection = await listener.connect()
    for _ in range(2):
        await connection.send(request("POST", "/", body=b"a" * 20 * HEAD_BYTES_MAX))
        assert (await connection.read()).status == 404


async def test_requests_that_are_sent_together_are_answered_one_by_one(listener: Listener) -> None:
    connection = await listener.connect()
    await connection.send(request("GET", "/") * 50 + request("POST", "/", body=b"a"))
    for _ in range(51):
        assert (await connection.read()).status == 404
