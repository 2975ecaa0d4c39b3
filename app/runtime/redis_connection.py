"""The Redis connection: a bounded pool, time-outs, no hidden retries, and errors that say whether
anything can have happened.

A command that was never sent, or that the server refused at its door, changed nothing: Unavailable.
A command that was sent and not answered may have been carried out: OutcomeUnknown.

A server that started anew may have come back with less than it had acknowledged. So every
connection knows which run of the server it leads to, and carries nothing to one not trusted yet.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from hiredis import pack_command
from redis import exceptions
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable
from app.runtime.redis_wire import RedisWire, ServerError, WireBroken

Argument: TypeAlias = str | bytes | int
Reply: TypeAlias = str | bytes | int | list["Reply"] | None

_REFUSED_AT_THE_DOOR = frozenset({
    "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOAUTH", "NOPERM", "NOREPLICAS",
    "OOM", "READONLY", "TRYAGAIN", "WRONGPASS",
})  # fmt: skip
"""First words of the errors with which Redis answers before it runs a script (redis.io)."""
_TOO_MANY_CLIENTS = "ERR max number of clients"
"""It says so to whoever connects, whatever is asked, and closes."""


@dataclass(slots=True)
class TrustedRun:
    """The one run of the server (`run_id` of its INFO) that is spoken to; shared by all connections
    of a process, set by whoever has looked at the data of that run. None: no run yet."""

    run_id: str | None = None


class ScriptMissing(Exception):  # noqa: N818 - says what Redis says: NOSCRIPT
    """Redis does not know this script (any more); nothing was run."""


class RedisConnection:
    """Shared by all tasks of a process. Every call is answered, or fails, within about
    `timeout_seconds` for a free connection and the same again for the answer."""

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float,
        connections_max: int,
        as_text: bool = True,
        trusted: TrustedRun | None = None,
    ) -> None:
        """`as_text`: answers are decoded as UTF-8; otherwise they come as bytes. `trusted`: other
        runs of the server are refused; without it every run will do."""
        self.timeout_seconds = timeout_seconds
        self._trusted = trusted
        self._as_text = as_text
        self._wires: dict[AbstractConnection, RedisWire] = {}
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections_max,
            timeout=None,  # the waiting is bounded here, once for each of its two parts
            socket_timeout=None,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
            retry_on_timeout=False,
            health_check_interval=0,
            decode_responses=as_text,
            protocol=2,
            redis_connect_func=self._greet,
            driver_info=None,  # two questions less for every new connection
        )
        self._resting: list[AbstractConnection] = []
        """Open, idle, taken out of the pool: its own book-keeping costs a tenth of an order."""
        self._waiting = 0
        """How many wait for the pool; while somebody does, nothing rests."""

    async def aclose(self) -> None:
        await self._pool.disconnect(inuse_connections=True)

    async def call(self, *command: Argument) -> Reply:
        """One command, one answer. Raises Unavailable, OutcomeUnknown, ScriptMissing, or
        ContractError when the command itself is wrong."""
        (reply,) = await self.call_many([command])
        return reply

    async def call_many(
        self, commands: Sequence[Sequence[Argument]], *, of_any_run: bool = False
    ) -> list[Reply]:
        """Several commands in one round trip; not atomic. The first error among them is raised.
        `of_any_run`: for looking at a run that is not trusted yet.

        All commands of ours may be repeated. So one that was cut off by a broken connection, as all
        idle ones are when the server restarts, is sent once more on a fresh one; one that was not
        answered in time is not.
        """
        try:
            return await self._send(commands, of_any_run=of_any_run)
        except WireBroken as broken:
            await self._drop_idle()
            try:
                return await self._send(commands, of_any_run=of_any_run)
            except (WireBroken, Unavailable) as error:
                # What became of the first one is still not known.
                raise OutcomeUnknown(f"the connection to Redis broke: {error}") from broken

    async def ask(self, *command: Argument) -> Reply:
        """A command that changes nothing, whatever becomes of it: Unavailable instead of
        OutcomeUnknown."""
        (reply,) = await self.ask_many([command])
        return reply

    async def ask_many(
        self, commands: Sequence[Sequence[Argument]], *, of_any_run: bool = False
    ) -> list[Reply]:
        """Several of them, as `call_many`."""
        try:
            return await self.call_many(commands, of_any_run=of_any_run)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    async def _greet(self, connection: AbstractConnection) -> None:
        """What a new connection begins with. The library closes one that is cut short here."""
        await connection.on_connect()
        run_id = None
        if self._trusted is not None:
            await connection.send_command("INFO", "server")
            info = await connection.read_response()
            try:
                run_id = read_info(info, "run_id")
            except ContractError:
                await connection.disconnect(nowait=True)  # not by itself: no error of the library
                raise
        writer = cast("asyncio.StreamWriter", connection._writer)  # noqa: SLF001 - has no other name
        transport = cast("asyncio.Transport", writer.transport)
        self._wires[connection] = RedisWire(transport, as_text=self._as_text, run_id=run_id)

    def _refuse_untrusted(self, wire: RedisWire) -> None:
        if self._trusted is not None and wire.run_id != self._trusted.run_id:
            raise Unavailable(
                "Redis has started anew, and what it holds was not compared with the ledger yet"
            )

    async def _send(
        self, commands: Sequence[Sequence[Argument]], *, of_any_run: bool
    ) -> list[Reply]:
        if not commands:
            return []
        packed = b"".join(
            pack_command(tuple(each))  # type: ignore[arg-type]  # its stub says one argument
            for each in commands
        )
        connection = await self._take()
        wire = self._wires[connection]
        try:
            if not of_any_run:
                self._refuse_untrusted(wire)
            replies = await self._exchange(connection, wire, packed, len(commands))
        except TimeoutError as error:
            raise OutcomeUnknown(f"Redis did not answer {commands[0][0]!r} in time") from error
        except UnicodeDecodeError as error:
            raise ContractError(f"Redis answers {commands[0][0]!r} in what is not UTF-8") from error
        finally:
            await self._give_back(connection)
        for reply in replies:
            if isinstance(reply, ServerError):
                raise _translate(reply)
        return cast("list[Reply]", replies)

    async def _exchange(
        self, connection: AbstractConnection, wire: RedisWire, packed: bytes, answers: int
    ) -> list[object]:
        try:
            return await wire.ask(packed, answers, self.timeout_seconds)
        except BaseException:
            # Also when cancelled: the next user must not read what is answered to this one.
            await connection.disconnect(nowait=True)
            raise

    async def _take(self) -> AbstractConnection:
        """Raises Unavailable: nothing was sent."""
        while self._resting:
            connection = self._resting.pop()
            if self._wires[connection].is_clean:
                return connection
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)  # which opens it anew for whoever is next
        self._waiting += 1
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._pool.get_connection()  # type: ignore[no-untyped-call,no-any-return]
        except TimeoutError as error:
            raise Unavailable("no connection to Redis: No connection available in time") from error
        except exceptions.RedisError as error:
            raise Unavailable(f"no connection to Redis: {error}") from error
        finally:
            self._waiting -= 1

    async def _give_back(self, connection: AbstractConnection) -> None:
        if connection.is_connected and not self._waiting:
            self._resting.append(connection)
        else:
            await self._pool.release(connection)

    async def _drop_idle(self) -> None:
        while self._resting:
            await self._pool.release(self._resting.pop())
        await self._pool.disconnect(inuse_connections=False)


def read_info(info: object, name: str) -> str:
    """A field of an answer to INFO, text or bytes. Raises ContractError if it is not there."""
    text = info.decode() if isinstance(info, bytes) else str(info)
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value
    raise ContractError(f"INFO of Redis has no {name}")


def _translate(error: ServerError) -> Exception:
    word = str(error).partition(" ")[0]
    if word == "NOSCRIPT":
        return ScriptMissing()
    if word in _REFUSED_AT_THE_DOOR or str(error).startswith(_TOO_MANY_CLIENTS):
        return Unavailable(f"Redis refuses: {error}")
    return ContractError(f"Redis rejects a command of ours: {error}")
