"""Makes the read models again from the archive: after a mistake in a projection, or for a new
one."""

from collections.abc import Callable, Sequence

from sqlalchemy import Row, delete, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.facts import START, Fact
from app.ledger.database import Database
from app.ledger.projection import project
from app.ledger.tables import READ_MODELS, facts, progress


async def rebuild(database: Database, decode: Callable[[str], Fact], facts_a_batch: int) -> int:
    """Answers how many facts were read. One transaction without a time limit: readers see the old
    rows until it ends, projectors wait, memory holds one batch. Raises Unavailable, OutcomeUnknown
    or ContractError; then nothing has changed."""
    async with database.write(is_bounded=False) as connection:
        await _keep_projectors_out(connection)
        for table in READ_MODELS:
            await connection.execute(delete(table))
        count = 0
        for partition in sorted(await connection.scalars(select(progress.c.partition))):
            place: tuple[int, int] = (START.epoch, START.seq)
            while rows := await _read(connection, partition, place, facts_a_batch):
                await project(connection, [decode(row.body) for row in rows])
                place = (rows[-1].epoch, rows[-1].seq)
                count += len(rows)
        return count


async def _keep_projectors_out(connection: AsyncConnection) -> None:
    """On SQLite this transaction is the only one that writes."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"LOCK TABLE {progress.name} IN EXCLUSIVE MODE"))


async def _read(
    connection: AsyncConnection, partition: int, after: tuple[int, int], limit: int
) -> Sequence[Row[int, int, str]]:
    query = (
        select(facts.c.epoch, facts.c.seq, facts.c.body)
        .where(facts.c.partition == partition, tuple_(facts.c.epoch, facts.c.seq) > after)
        .order_by(facts.c.epoch, facts.c.seq)
        .limit(limit)
    )
    return (await connection.execute(query)).all()
