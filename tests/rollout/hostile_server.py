"""A server that says what a test wants, byte by byte: broken, hanging, lying.

async with hostile_server() as server:
    server.answer = reply(500)
    ... server.url ...
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


def reply(status: int, body: bytes = b"", **headers: str) -> Script:
    """A well-formed answer."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(_head(status, {"content-length": str(len(body)), **headers}) + body)

    return write


def raw(content: bytes) -> Script:
    """These bytes, then the end of the connection."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return write


def cut_off(body: bytes) -> Script:
    """Promises more than it sends."""
    return raw(_head(200, {"content-length": str(len(body) + 100)}) + body)


async def hang(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    """One byte every 50 ms for ever: no single read waits for long."""
    writer.write(_head(200, {"content-length": "1000000"}))
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(writer: asyncio.StreamWriter) -> None:
    """Never ends, as fast as it is read."""
    writer.write(_head(200, {"transfer-encoding": "chunked"}))
    while True:
        writer.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
        await writer.drain()


@dataclass
class HostileServer:
    port: int = 0
    answer: Script = field(default_factory=lambda: reply(500))
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head.decode())
                await self.answer(writer)
                await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()


@asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    server = HostileServer()
    serving: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(server._serve(reader, writer))
        serving.add(task)

    listener = await asyncio.start_server(begin, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await asyncio.sleep(0)  # whoever was just accepted is served first
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Word", "connection: close", *lines, "", ""]).encode()
