"""The API behind the real HTTP listener, and raw sockets: for what no HTTP client would send."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from app.cli.serve import server_configuration
from app.runtime.settings import Settings

SECONDS_MAX = 20.0


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Of a problem document; empty for anything else."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["type"] == f"urn:taquilla:problem:{problem['code']}"
        return str(problem["code"])

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Socket:
    """One connection. `send` what you like; `read` one answer; `at_end` waits for its close."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def flood(self, part: bytes, most: int) -> int:
        """Sends until the other side has had enough; how many bytes that took."""
        sent = 0
        with suppress(ConnectionError):
            while sent < most:
                await self.send(part)
                sent += len(part)
        return sent

    async def read(self) -> RawAnswer:
        async with asyncio.timeout(SECONDS_MAX):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return RawAnswer(int(first.split()[1]), headers, body)

    async def at_end(self) -> bool:
        """Nothing more comes, and the other side has closed."""
        try:
            async with asyncio.timeout(SECONDS_MAX):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    async def is_silent(self, seconds: float) -> bool:
        """For so long nothing comes. ConnectionError when the other side has closed."""
        try:
            async with asyncio.timeout(seconds):
                if not await self.reader.read(1):
                    raise ConnectionAbortedError
        except TimeoutError:
            return True
        return False

    async def aclose(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class Listener:
    """`port` is on 127.0.0.1."""

    port: int
    sockets: list[Socket] = field(default_factory=list)

    async def connect(self, source: str = "127.0.0.1") -> Socket:
        """`source`: any address of 127.0.0.0/8, to be somebody else."""
        opened = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        self.sockets.append(Socket(*opened))
        return self.sockets[-1]

    async def ask(self, data: bytes, source: str = "127.0.0.1") -> RawAnswer:
        """Raw bytes on a connection of their own."""
        connection = await self.connect(source)
        with suppress(ConnectionError):  # it is answered already
            await connection.send(data)
        return await connection.read()


def request(
    verb: str, target: str, *fields: str, body: bytes = b"", length: int | None = None
) -> bytes:
    """`fields` as they stand in the head; Content-Length is added unless `length` is negative."""
    size = len(body) if length is None else length
    lines = [f"{verb} {target} HTTP/1.1", "Host: localhost", *fields]
    lines += [f"Content-Length: {size}"] if size > 0 or (verb == "POST" and size == 0) else []
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@asynccontextmanager
async def listening(
    application: ASGIApp, settings: Settings, host: str = "127.0.0.1"
) -> AsyncIterator[Listener]:
    """The server as `serve` sets it up, on a free port. `host`: "::" for both kinds of addresses,
    where an IPv4 client looks like ::ffff:127.0.0.1."""
    is_dual = host == "::"
    family = socket.AF_INET6 if is_dual else socket.AF_INET
    with socket.create_server((host, 0), family=family, dualstack_ipv6=is_dual) as bound:
        server = uvicorn.Server(server_configuration(settings, application))
        running = asyncio.create_task(server.serve(sockets=[bound]))
        listener = Listener(bound.getsockname()[1])
        try:
            yield listener
        finally:
            for each in listener.sockets:
                await each.aclose()
            server.should_exit = True
            await running
