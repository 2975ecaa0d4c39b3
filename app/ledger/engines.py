"""Engines: which database a URL means, and how a connection to it is set up.

SQLite has two engines on one file: writes begin IMMEDIATE (with a plain BEGIN, two transactions
that read and then write lose an update without any error), reads begin plainly.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.runtime.errors import ConfigurationError

SQLITE_FILE = "ledger.sqlite3"
SQLITE_READERS_MAX = 4
"""Each is a thread. There is one writer: SQLite has no use for a second."""
POSTGRESQL_CONNECTIONS_MAX = 8
"""Of one process; a server takes 100 by default."""

_SQLITE_NAMES = frozenset({"sqlite", "sqlite+aiosqlite"})
_POSTGRESQL_NAMES = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})


def parse_address(url: str | None, data_dir: Path) -> URL:
    """None is the SQLite file in `data_dir`. A plain `postgresql://` gets our driver. Raises
    ConfigurationError, which never shows the password."""
    if url is None:
        return URL.create("sqlite+aiosqlite", database=str(data_dir / SQLITE_FILE))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "TAQUILLA_DATABASE_URL is not a URL: postgresql://user:password@host/database"
        ) from None
    if parsed.drivername in _POSTGRESQL_NAMES:
        return _name_ssl(parsed.set(drivername="postgresql+asyncpg"))
    if parsed.drivername in _SQLITE_NAMES and parsed.database not in {None, "", ":memory:"}:
        return parsed.set(drivername="sqlite+aiosqlite")
    raise ConfigurationError(
        f"TAQUILLA_DATABASE_URL={parsed.render_as_string(hide_password=True)}: it must begin with "
        "postgresql:// or be sqlite:///file"
    )


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def make_writing_engine(url: URL, timeout_seconds: float) -> AsyncEngine:
    if is_sqlite(url):
        return _make_sqlite_engine(url, "BEGIN IMMEDIATE", 1, timeout_seconds)
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_size=POSTGRESQL_CONNECTIONS_MAX,
        max_overflow=0,
        pool_timeout=timeout_seconds,
    )


def make_reading_engine(url: URL, writing: AsyncEngine, timeout_seconds: float) -> AsyncEngine:
    """A read sees one snapshot from its first statement to its last, on both databases."""
    if is_sqlite(url):
        return _make_sqlite_engine(url, "BEGIN", SQLITE_READERS_MAX, timeout_seconds)
    return writing.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _make_sqlite_engine(
    url: URL, begin: str, connections_max: int, timeout_seconds: float
) -> AsyncEngine:
    # Parameters are personal data: they stay out of messages and traces.
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=connections_max,
        max_overflow=0,
        pool_timeout=timeout_seconds,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Otherwise the driver begins transactions by itself, and later than it should.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {round(timeout_seconds * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _name_ssl(url: URL) -> URL:
    """`sslmode` is libpq's word, in most URLs that people are given; our driver says `ssl`."""
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(query=query)
