"""A crowd of buyers on plain sockets: quick enough to be one, where a comfortable HTTP client would
itself be the queue."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

ANSWER_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The problem code, or "placed"."""
        return str(self.body.get("code", "placed"))


class Connection:
    """One kept-alive connection; one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def order(self, event_id: str, buyer: int, quantity: int = 1) -> Answer:
        """The same buyer always sends the same request, with the same key."""
        return await self.send(
            "POST",
            f"/v1/events/{event_id}/orders",
            {"Idempotency-Key": f"key-of-buyer-{buyer:010d}"},
            {
                "customer": {"email": f"buyer{buyer}@example.com"},
                "lines": [{"ticket_type": "adult", "quantity": quantity}],
            },
        )

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> Answer:
        """Any request. A connection that ends before the answer raises OSError or EOFError."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = {"Host": "localhost", **headers, "Content-Length": str(len(content))}
        if content:
            lines["Content-Type"] = "application/json"
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content)
            return await self._read()

    async def _read(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        text = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(first.split()[1]), headers, json.loads(text))

    async def aclose(self) -> None:
        """Also of one that the other side has ended already."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def open_connection(base_url: str) -> Connection:
    host, _, port = base_url.removeprefix("http://").partition(":")
    return Connection(*await asyncio.open_connection(host, int(port)))


@asynccontextmanager
async def connected(base_url: str, connections: int) -> AsyncIterator[list[Connection]]:
    opened: list[Connection] = []
    try:
        for _ in range(connections):
            opened.append(await open_connection(base_url))  # noqa: PERF401
        yield opened
    finally:
        await asyncio.gather(*(each.aclose() for each in opened))


async def rush(
    connections: list[Connection], event_id: str, wishes: Iterable[tuple[int, int]]
) -> list[Answer]:
    """(buyer, quantity) pairs, each sent by the next connection that is free; all begin at once."""
    waiting = iter(wishes)
    answers: list[Answer] = []

    async def buy(connection: Connection) -> None:
        for buyer, quantity in waiting:
            answers.append(await connection.order(event_id, buyer, quantity))

    await asyncio.gather(*(buy(each) for each in connections))
    return answers
