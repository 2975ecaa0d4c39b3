"""The ledger's schema: brought to a revision by Alembic, from our code or by `alembic` itself.

Any number of processes may begin at once. PostgreSQL: one holds an advisory lock, each migration is
a transaction. SQLite: all of it is one transaction, which excludes every other writer.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.database import translated
from app.ledger.engines import is_sqlite, make_writing_engine, parse_address
from app.runtime.errors import ConfigurationError

CONFIGURATION_FILE = Path(__file__).parents[2] / "alembic.ini"
TURN_SECONDS_MAX = 60.0
"""How long one process waits for another's migrations."""
LOCK_SECONDS_MAX = 5.0
"""How long a migration waits for a table: those who wait behind it wait as long."""
_ADVISORY_LOCK = int.from_bytes(b"taquilla")  # any 64-bit number that nobody else uses here


async def upgrade_ledger(url: str | None, data_dir: Path) -> None:
    """To the newest revision. Raises ConfigurationError, Unavailable or ContractError."""
    await _run(url, data_dir, lambda config: command.upgrade(config, "head"))


async def downgrade_ledger(url: str | None, data_dir: Path, revision: str) -> None:
    """`revision` as Alembic names it: "0001", "-1", "base". Raises as `upgrade_ledger` does."""
    await _run(url, data_dir, lambda config: command.downgrade(config, revision))


def read_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def read_newest_revision() -> str | None:
    """As the files of this release say."""
    return ScriptDirectory.from_config(Config(CONFIGURATION_FILE)).get_current_head()


@asynccontextmanager
async def open_migration(url: URL) -> AsyncIterator[AsyncConnection]:
    """A connection whose turn it is to migrate."""
    engine = make_writing_engine(url, TURN_SECONDS_MAX)
    try:
        if is_sqlite(url):
            async with engine.begin() as connection:
                yield connection
        else:
            async with engine.connect() as connection:
                await _take_turn(connection)
                yield connection
    finally:
        await engine.dispose()


async def _run(url: str | None, data_dir: Path, job: Callable[[Config], None]) -> None:
    def run(connection: Connection) -> None:
        config = Config(CONFIGURATION_FILE)
        config.attributes["connection"] = connection
        job(config)

    address = parse_address(url, data_dir)
    with translated():
        async with open_migration(address) as connection:
            try:
                await connection.run_sync(run)
            except CommandError as error:
                raise ConfigurationError(f"the schema stays as it is: {error}") from None


async def _take_turn(connection: AsyncConnection) -> None:
    """Both settings and the lock are the session's: they end with the connection."""
    await connection.execute(text(f"SET lock_timeout = '{TURN_SECONDS_MAX:g}s'"))
    await connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
    await connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS_MAX:g}s'"))
    await connection.commit()
