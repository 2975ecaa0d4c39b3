"""What this installation settled once and for all, by key."""

from sqlalchemy import select

from app.ledger.database import Database, insert_into
from app.ledger.tables import instance


class Instance:
    """All methods raise Unavailable or OutcomeUnknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, key: str) -> str | None:
        async with self._database.read() as connection:
            return await connection.scalar(select(instance.c.value).where(instance.c.key == key))

    async def write_once(self, key: str, value: str) -> str:
        """What stands there afterwards: `value`, or what an earlier caller wrote."""
        async with self._database.write() as connection:
            insert = insert_into(connection, instance).on_conflict_do_nothing()
            await connection.execute(insert, {"key": key, "value": value})
            found = await connection.scalar(select(instance.c.value).where(instance.c.key == key))
        return str(found)
