"""Transactions, and the border at which SQLAlchemy's exceptions end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import URL
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from app.ledger.engines import make_reading_engine, make_writing_engine
from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable

IDS_A_STATEMENT_MAX = 10_000
"""PostgreSQL takes 32,767 parameters a statement, SQLite 32,766."""

_TROUBLE = (TimeoutError, OSError, SQLAlchemyError)
_PASSING_CLASSES = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
"""SQLSTATE classes of a server that cannot now: connection, authorisation, no such database, rolled
back, resources, lock not available, operator, system."""
_SCHEMA_BEHIND = frozenset({"42P01", "42703"})
"""No such table or column: the migrations have not run yet."""


class Database:
    """One transaction is one `async with`; `timeout_seconds` bounds all of it."""

    def __init__(self, url: URL, *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._writing = make_writing_engine(url, timeout_seconds)
        self._reading = make_reading_engine(url, self._writing, timeout_seconds)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One snapshot. Raises Unavailable."""
        with translated():
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._reading.connect() as connection,
            ):
                yield connection

    @asynccontextmanager
    async def write(self, *, is_bounded: bool = True) -> AsyncIterator[AsyncConnection]:
        """Committed at the end of the block, rolled back if it raises. Raises Unavailable, or
        OutcomeUnknown when the commit itself was not answered."""
        failure: type[Unavailable] | type[OutcomeUnknown] = Unavailable
        try:
            async with (
                asyncio.timeout(self._timeout_seconds if is_bounded else None),
                self._writing.connect() as connection,
            ):
                yield connection
                failure = OutcomeUnknown
                await connection.commit()
        except _TROUBLE as error:
            raise _translate(error, failure) from error

    async def aclose(self) -> None:
        await self._reading.dispose()
        await self._writing.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """What fails inside, fails as Unavailable or ContractError."""
    try:
        yield
    except _TROUBLE as error:
        raise _translate(error, Unavailable) from error


def insert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that knows `on_conflict_...`, in the dialect of this connection."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def _translate(
    error: Exception, failure: type[Unavailable] | type[OutcomeUnknown]
) -> Unavailable | OutcomeUnknown | ContractError:
    if _is_passing(error):
        return failure(f"the ledger did not answer: {_reason(error)}")
    return ContractError(f"the ledger refused a statement of ours: {_reason(error)}")


def _is_passing(error: Exception) -> bool:
    """Whether another try may succeed; if not, the statement itself is wrong."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return (
            error.connection_invalidated
            or isinstance(error, OperationalError)  # SQLite's word for: busy, full, no such table
            or state[:2] in _PASSING_CLASSES
            or state in _SCHEMA_BEHIND
        )
    return isinstance(error, TimeoutError | OSError | PoolTimeoutError)


def _reason(error: Exception) -> str:
    """One line, without the statement; a server's later lines may quote a row."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return f"{type(cause).__name__} {cause}".splitlines()[0].strip()
