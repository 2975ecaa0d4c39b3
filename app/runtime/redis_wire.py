"""One open connection to Redis, for one question at a time: bytes out, parsed answers back.

redis-py makes the connection, greets and closes it. What is asked in between does not go through
it: its reader is eight coroutines deep, which costs as much as a tenth of an order.
"""

import asyncio
from typing import cast

from hiredis import ProtocolError, Reader


class WireBroken(Exception):  # noqa: N818 - says what the wire is
    """The connection ended, or spoke nonsense, before everything was answered."""


class ServerError(Exception):
    """What the server answered instead, its own words; a value, for others may follow it."""


class RedisWire(asyncio.Protocol):
    """Stands in front of the protocol that redis-py has given to the transport. That one hears of
    the end, and of what comes while nobody waits, as if it were alone."""

    def __init__(self, transport: asyncio.Transport, *, as_text: bool, run_id: str | None) -> None:
        """`run_id`: of the server at the other end, where somebody has asked for it."""
        self.run_id = run_id
        self.is_clean = True
        """Open, and nothing has come that nobody asked for."""
        self._transport = transport
        self._behind = cast("asyncio.Protocol", transport.get_protocol())
        encoding = "utf-8" if as_text else None
        self._reader = Reader(encoding=encoding, notEnoughData=Ellipsis, replyError=ServerError)
        self._loop = asyncio.get_running_loop()
        self._expected = 0
        self._replies: list[object] = []
        self._answered: asyncio.Future[list[object]] | None = None
        transport.set_protocol(self)

    async def ask(self, packed: bytes, answers: int, timeout_seconds: float) -> list[object]:
        """The answers, a ServerError among them where there was one. Raises WireBroken,
        TimeoutError, or UnicodeDecodeError for what is not text: then, and when it is cancelled,
        the connection is of no use any more."""
        if not self.is_clean:
            raise WireBroken("the connection to Redis is closed")
        if self._answered is not None:
            raise RuntimeError("somebody else waits for an answer on this connection")
        self._expected, self._replies = answers, []
        answered: asyncio.Future[list[object]] = self._loop.create_future()
        self._answered = answered
        timer = self._loop.call_later(timeout_seconds, _give_up, answered)
        try:
            self._transport.write(packed)
            return await answered
        except BaseException:
            self.is_clean = False  # the answer may still come, and must be nobody's
            raise
        finally:
            timer.cancel()
            self._answered = None

    def data_received(self, data: bytes) -> None:
        answered = self._answered
        if answered is None or answered.done():
            self.is_clean = False
            self._behind.data_received(data)
            return
        try:
            self._reader.feed(data)
            while len(self._replies) < self._expected:
                reply = self._reader.gets()
                if reply is Ellipsis:
                    return
                self._replies.append(reply)
        except ProtocolError as error:
            self._end(WireBroken(str(error)))
            return
        except UnicodeDecodeError as error:
            self._end(error)
            return
        if self._reader.has_data():
            self.is_clean = False
            self._transport.close()
        answered.set_result(self._replies)

    def eof_received(self) -> bool | None:
        self._end(WireBroken("Connection closed by server"))
        return self._behind.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(WireBroken(str(exc or "Connection closed")))
        self._behind.connection_lost(exc)

    def pause_writing(self) -> None:
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        self._behind.resume_writing()

    def _end(self, why: Exception) -> None:
        self.is_clean = False
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(why)


def _give_up(answered: asyncio.Future[list[object]]) -> None:
    if not answered.done():
        answered.set_exception(TimeoutError())
