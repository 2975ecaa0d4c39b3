"""How far each reader has read each shard. A cursor moves in the transaction of what was read."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.database import Database, insert_into
from app.ledger.tables import cursors
from app.runtime.errors import DependencyError


class CursorMoved(DependencyError):  # noqa: N818 - a sentence about the cursor
    """Another owner of the shard was here first: nothing was written; read the cursor again."""


class Cursors:
    """Positions are the bus's own words. All methods raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, reader: str, shard: str) -> str | None:
        """None: this reader never read this shard."""
        query = select(cursors.c.position).where(
            cursors.c.reader == reader, cursors.c.shard == shard
        )
        async with self._database.read() as connection:
            return await connection.scalar(query)


async def move_cursor(
    connection: AsyncConnection, key: tuple[str, str], expected: str | None, position: str
) -> None:
    """`key` is reader and shard. Holds the row until the transaction ends, so that two owners of
    a shard take turns. Raises CursorMoved if it does not stand at `expected`."""
    reader, shard = key
    if expected is None:
        insert = insert_into(connection, cursors).on_conflict_do_nothing()
        row = {"reader": reader, "shard": shard, "position": position}
        moved = await connection.execute(insert, row)
    else:
        moved = await connection.execute(
            update(cursors)
            .where(
                cursors.c.reader == reader,
                cursors.c.shard == shard,
                cursors.c.position == expected,
            )
            .values(position=position)
        )
    if moved.rowcount != 1:
        raise CursorMoved(f"reader {reader} of shard {shard} is no longer at {expected}")
