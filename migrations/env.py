"""What Alembic runs: hands it the ledger's tables and a connection.

From our own code the connection comes ready; `alembic` on the command line gets one here, to the
database of the settings. `alembic upgrade head --sql` prints the statements for PostgreSQL.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.ledger.engines import parse_address
from app.ledger.migrating import open_migration
from app.ledger.tables import metadata
from app.runtime.settings import load_settings


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",  # it cannot alter a column in place
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_alone() -> None:
    settings = load_settings()
    address = parse_address(settings.database_url, settings.data_dir)
    async with open_migration(address) as connection:
        await connection.run_sync(migrate)


def print_statements() -> None:
    context.configure(dialect_name="postgresql", literal_binds=True, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_statements()
elif (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(migrate_alone())
