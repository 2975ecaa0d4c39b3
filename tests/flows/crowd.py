"""A crowd of buyers on plain sockets: quick enough to be one, where a comfortable HTTP client would
itself be the queue."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
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
        body = json.dumps(
            {
                "customer": {"email": f"buyer{buyer}@example.com"},
                "lines": [{"ticket_type": "adult", "quantity": quantity}],
            }
        ).encode()
        head = (
            f"POST /v1/events/{event_id}/orders HTTP/1.1\r\nHost: localhost\r\n"
            f"Idempotency-Key: key-of-buyer-{buyer:010d}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            self._writer.write(head.encode() + body)
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
        self._writer.close()
        await self._writer.wait_closed()


@asynccontextmanager
async def connected(base_url: str, connections: int) -> AsyncIterator[list[Connection]]:
    host, _, port = base_url.removeprefix("http://").partition(":")
    opened: list[Connection] = []
    try:
        for _ in range(connections):
            opened.append(Connection(*await asyncio.open_connection(host, int(port))))  # noqa: PERF401
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
