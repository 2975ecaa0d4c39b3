"""What a connection bears: upgrades, trailers, clients that go or never read. All pipelined too."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.cli.http_protocol import KEEP_ALIVE_SECONDS, BoundedHttpProtocol
from app.runtime.settings import Settings
from tests.api.listener import SECONDS_MAX, Listener, RawAnswer, listening, request

WRITE_SECONDS = 0.3
UPGRADE = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ")
"""As `curl --http2` asks for it."""
NEXT = request("GET", "/next")
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"4\r\nfour\r\n0\r\n"
"""The trailer follows."""
LARGE_BYTES = 32 * 1024 * 1024
"""More than fits into the buffers of two sockets."""


@dataclass
class Echo:
    """Says what it was asked. `/waiting` waits until `goes_on`, `/large` is larger than buffers."""

    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)
    broken_off: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.broken_off.append(scope["path"])
                return
            body += message["body"]
            more = message["more_body"]
        if scope["path"] == "/waiting":
            await self.goes_on.wait()
        names = sorted({name.decode() for name, _ in scope["headers"]})
        said = {"asked": f"{scope['method']} {scope['path']}", "body": body.decode()}
        answer: Response = JSONResponse({**said, "names": names})
        if scope["path"] == "/large":
            answer = Response(b"a" * LARGE_BYTES)
        await answer(scope, receive, send)


@pytest.fixture
async def echo() -> Echo:
    return Echo()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[BoundedHttpProtocol]:
    """The connections that the server has done with."""
    lost: list[BoundedHttpProtocol] = []
    connection_lost = BoundedHttpProtocol.connection_lost

    def note(self: BoundedHttpProtocol, exc: Exception | None) -> None:
        connection_lost(self, exc)
        lost.append(self)

    monkeypatch.setattr(BoundedHttpProtocol, "connection_lost", note)
    return lost


@pytest.fixture
async def listener(echo: Echo, tmp_path: Path) -> AsyncIterator[Listener]:
    settings = Settings(env="development", data_dir=tmp_path)
    async with listening(echo, settings) as listener:
        yield listener


async def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "did not come about in time"
        await asyncio.sleep(0.005)


def asked_of(answer: RawAnswer) -> str:
    return str(answer.json()["asked"])


# Upgrades


@pytest.mark.parametrize("body", [b"", b"a body", NEXT], ids=["none", "some", "like a request"])
@pytest.mark.parametrize("is_cut", [False, True], ids=["together", "body later"])
async def test_an_upgrade_is_ignored_and_the_body_read_as_one(
    listener: Listener, body: bytes, is_cut: bool
) -> None:
    connection = await listener.connect()
    whole = request("POST", "/upgraded", *UPGRADE, body=body)
    parts = [whole[: len(whole) - len(body)], body] if is_cut else [whole]
    for _ in range(2):
        for part in parts:
            await connection.send(part)
            await asyncio.sleep(0)
        answer = await connection.read()
        assert (asked_of(answer), answer.json()["body"]) == ("POST /upgraded", body.decode())
        assert "upgrade" not in answer.json()["names"]
        assert "content-length" in answer.json()["names"]


async def test_a_chunked_body_behind_an_upgrade_is_read_as_one(listener: Listener) -> None:
    head = request("POST", "/upgraded", *UPGRADE, CHUNKED, length=-1)
    connection = await listener.connect()
    await connection.send(head + CHUNKS + b"\r\n" + NEXT)
    assert (await connection.read()).json()["body"] == "four"
    assert asked_of(await connection.read()) == "GET /next"


async def test_an_upgrade_that_comes_byte_by_byte_is_ignored(listener: Listener) -> None:
    connection = await listener.connect()
    for byte in request("POST", "/upgraded", *UPGRADE, "Empty:", body=b"a body") + NEXT:
        await connection.send(bytes([byte]))
    answer = await connection.read()
    assert answer.json()["body"] == "a body"
    assert "empty" in answer.json()["names"]
    assert asked_of(await connection.read()) == "GET /next"


async def test_requests_behind_upgrades_are_answered_in_their_order(listener: Listener) -> None:
    connection = await listener.connect()
    for number in range(20):
        await connection.send(
            request("GET", f"/{number}/plain", *UPGRADE)
            + request("POST", f"/{number}/body", *UPGRADE, body=NEXT)
            + request("GET", f"/{number}/next")
        )
    answers = [asked_of(await connection.read()) for _ in range(60)]
    paths = [(f"GET /{n}/plain", f"POST /{n}/body", f"GET /{n}/next") for n in range(20)]
    assert answers == [path for three in paths for path in three]


async def test_an_upgrade_to_websocket_and_one_of_http_1_0_are_ignored(listener: Listener) -> None:
    fields = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    assert asked_of(await listener.ask(request("GET", "/socket", *fields))) == "GET /socket"
    old = request("POST", "/old", *UPGRADE, body=b"a body").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    connection = await listener.connect()
    await connection.send(old)
    assert (await connection.read()).json()["body"] == "a body"
    assert await connection.at_end()


@pytest.mark.parametrize("target", ["/tunnel", "localhost:1"])
async def test_a_tunnel_is_refused_and_its_body_not_read_as_a_request(
    listener: Listener, echo: Echo, target: str
) -> None:
    connection = await listener.connect()
    await connection.send(request("CONNECT", target, body=NEXT) + NEXT)
    answer = await connection.read()
    assert (answer.status, answer.code) == (400, "malformed")
    assert await connection.at_end()
    assert echo.asked == []


async def test_what_is_wrong_with_an_upgraded_request_is_still_refused(
    listener: Listener, echo: Echo
) -> None:
    for fields in (
        ("Transfer-Encoding: gzip",),
        (CHUNKED, "Content-Length: 4"),
        ("Content-Length: 4", "Content-Length: 5"),
    ):
        connection = await listener.connect()
        await connection.send(request("POST", "/", *UPGRADE, *fields, length=-1) + NEXT)
        assert (await connection.read()).code == "malformed"
        assert await connection.at_end()
    assert "/next" not in echo.asked


# Trailers


async def test_a_trailer_is_no_header_of_this_request_or_the_next(listener: Listener) -> None:
    trailer = b"Idempotency-Key: 1\r\nOrder-Token: 2\r\nAuthorization: Bearer 3\r\n\r\n"
    connection = await listener.connect()
    await connection.send(request("POST", "/", CHUNKED, length=-1) + CHUNKS + trailer)
    await connection.send(request("GET", "/next", "Order-Token: 4"))
    answer = await connection.read()
    assert (answer.json()["names"], answer.json()["body"]) == (
        ["host", "transfer-encoding"],
        "four",
    )
    assert (await connection.read()).json()["names"] == ["host", "order-token"]


# Clients that send no more


async def test_a_client_that_sends_no_more_has_its_answers_and_then_the_end(
    listener: Listener, echo: Echo
) -> None:
    connection = await listener.connect()
    await connection.send(NEXT + request("POST", "/waiting", body=b"a body") + NEXT)
    await until(lambda: "/waiting" in echo.asked)
    connection.writer.write_eof()
    assert asked_of(await connection.read()) == "GET /next"
    echo.goes_on.set()
    assert asked_of(await connection.read()) == "POST /waiting"
    answer = await connection.read()
    assert asked_of(answer) == "GET /next"
    assert answer.headers["connection"] == "close"
    assert await connection.at_end()


async def test_a_client_that_ends_with_its_request_has_its_answer(listener: Listener) -> None:
    connection = await listener.connect()
    connection.writer.write(request("POST", "/end", body=b"a body"))
    connection.writer.write_eof()
    assert (await connection.read()).json()["body"] == "a body"
    assert await connection.at_end()


async def test_a_client_that_ends_within_its_request_has_gone(
    listener: Listener, echo: Echo
) -> None:
    connection = await listener.connect()
    await connection.send(request("POST", "/cut", body=b"half", length=8))
    await until(lambda: echo.asked)
    connection.writer.write_eof()
    assert await connection.at_end()
    await until(lambda: echo.broken_off == ["/cut"])


async def test_a_client_that_ends_without_a_request_has_gone(listener: Listener) -> None:
    connection = await listener.connect()
    connection.writer.write_eof()
    assert await connection.at_end()
    connection = await listener.connect()
    await connection.send(NEXT)
    await connection.read()
    connection.writer.write_eof()
    async with asyncio.timeout(2):  # less than it would be kept alive
        assert await connection.at_end()


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
async def test_a_client_that_has_gone_is_noticed_when_it_is_answered(
    listener: Listener, echo: Echo, lost: list[BoundedHttpProtocol], is_reset: bool
) -> None:
    connection = await listener.connect()
    await connection.send(request("GET", "/waiting"))
    await until(lambda: echo.asked)
    if is_reset:
        connection.writer.transport.abort()
    else:
        await connection.aclose()
    echo.goes_on.set()
    async with asyncio.timeout(2):
        await until(lambda: lost)
    assert asked_of(await listener.ask(NEXT)) == "GET /next"


async def test_a_client_that_sends_no_more_is_not_kept_for_ever(
    listener: Listener, lost: list[BoundedHttpProtocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHttpProtocol, "write_seconds_max", WRITE_SECONDS)
    connection = await listener.connect()
    await connection.send(request("GET", "/waiting"))
    connection.writer.write_eof()
    assert await connection.at_end()
    await until(lambda: lost)


# Clients that never read


def connect_deaf(port: int) -> socket.socket:
    """It never reads, and its system keeps little for it."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    return deaf


async def test_a_client_that_never_reads_is_cut_off(
    listener: Listener, lost: list[BoundedHttpProtocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHttpProtocol, "write_seconds_max", WRITE_SECONDS)
    with connect_deaf(listener.port) as deaf:
        deaf.sendall(request("GET", "/large"))
        async with asyncio.timeout(KEEP_ALIVE_SECONDS - 1):
            await until(lambda: lost)


async def test_a_client_that_never_reads_the_last_words_is_cut_off(
    listener: Listener, lost: list[BoundedHttpProtocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So few of them that the transport does not call it too much."""
    monkeypatch.setattr(BoundedHttpProtocol, "write_seconds_max", WRITE_SECONDS)
    monkeypatch.setattr(BoundedHttpProtocol, "pause_writing", HttpToolsProtocol.pause_writing)
    with connect_deaf(listener.port) as deaf:
        deaf.sendall(request("GET", "/large", "Connection: close"))
        await until(lambda: lost)


async def test_a_client_that_has_read_all_is_not_cut_off(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHttpProtocol, "write_seconds_max", 2.0)
    connection = await listener.connect()
    await connection.send(request("GET", "/large"))
    assert len((await connection.read()).body) == LARGE_BYTES
    assert await connection.is_silent(2.2)
    await connection.send(NEXT)
    assert asked_of(await connection.read()) == "GET /next"
