"""The projection: what a batch of facts tells, and the cursor behind it, in one transaction.

The bus delivers at least once; here each fact is applied exactly once, by its position.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.facts import START, Fact, OrderFact, Position, RecordedFact
from app.domain.ids import Partition
from app.ledger.cursors import move_cursor
from app.ledger.database import IDS_A_STATEMENT_MAX, Database, insert_into
from app.ledger.projections import events, orders, sales
from app.ledger.tables import facts as facts_table
from app.ledger.tables import progress
from app.runtime.errors import ContractError

_Progress = dict[Partition, Position]


@dataclass(frozen=True, slots=True)
class ProjectionBatch:
    """What `reader` read of `shard` from `expected_cursor` (None: from the beginning) to `cursor`;
    the facts of each partition in order."""

    reader: str
    shard: str
    expected_cursor: str | None
    cursor: str
    facts: Sequence[RecordedFact]


@dataclass(frozen=True, slots=True)
class Applied:
    """Counts of facts: new ones, and those that stood in the archive already."""

    applied: int
    repeated: int


class Projection:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, batch: ProjectionBatch) -> Applied:
        """All of it or nothing. Raises CursorMoved, ContractError for a hole or for a position
        that the archive knows under another id, Unavailable, OutcomeUnknown."""
        async with self._database.write() as connection:
            await move_cursor(
                connection, (batch.reader, batch.shard), batch.expected_cursor, batch.cursor
            )
            if not batch.facts:
                return Applied(0, 0)
            before = await _lock_progress(connection, batch.facts)
            fresh, repeated, after = _sort_out(batch.facts, before)
            await _check_archived(connection, repeated - {each.fact.id for each in fresh})
            if fresh:
                await _archive(connection, fresh)
                await project(connection, [each.fact for each in fresh])
                await _note_progress(connection, after)
        return Applied(len(fresh), len(batch.facts) - len(fresh))


async def project(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    """Brings every read model up to these facts, which none of them has seen."""
    await events.apply(connection, facts)
    await orders.apply(connection, facts)
    await sales.apply(connection, facts)


def _sort_out(
    facts: Sequence[RecordedFact], before: _Progress
) -> tuple[list[RecordedFact], set[str], _Progress]:
    """The facts that are new, the ids of those that must be known, and where it ends."""
    fresh: list[RecordedFact] = []
    repeated: set[str] = set()
    after = dict(before)
    for each in facts:
        fact, reached = each.fact, after[each.fact.partition]
        if fact.position <= reached:
            repeated.add(fact.id)
        elif fact.position.seq == reached.seq + 1:
            fresh.append(each)
            after[fact.partition] = fact.position
        else:
            raise ContractError(f"fact {fact.id} leaves a hole: its partition is at {reached}")
    return fresh, repeated, after


async def _lock_progress(connection: AsyncConnection, facts: Iterable[RecordedFact]) -> _Progress:
    """Writes what is there already, or a beginning: so even a partition without a row is locked
    until the transaction ends."""
    rows = [
        {"partition": partition, "epoch": START.epoch, "seq": START.seq}
        for partition in sorted({each.fact.partition for each in facts})
    ]
    statement = insert_into(connection, progress).on_conflict_do_update(
        index_elements=[progress.c.partition], set_={"seq": progress.c.seq}
    )
    found = await connection.execute(statement.returning(*progress.c), rows)
    return {Partition(row.partition): Position(row.epoch, row.seq) for row in found}


async def _check_archived(connection: AsyncConnection, ids: set[str]) -> None:
    wanted = sorted(ids)
    for start in range(0, len(wanted), IDS_A_STATEMENT_MAX):
        chunk = wanted[start : start + IDS_A_STATEMENT_MAX]
        query = select(facts_table.c.fact_id).where(facts_table.c.fact_id.in_(chunk))
        found = set(await connection.scalars(query))
        if unknown := [each for each in chunk if each not in found]:
            raise ContractError(
                f"{len(unknown)} facts repeat a position that the archive knows under another id: "
                f"{unknown[:5]}"
            )


async def _archive(connection: AsyncConnection, fresh: Sequence[RecordedFact]) -> None:
    await connection.execute(
        insert(facts_table),
        [
            {
                "partition": fact.partition,
                "epoch": fact.position.epoch,
                "seq": fact.position.seq,
                "fact_id": fact.id,
                "kind": type(fact).__name__,
                "event_id": fact.event_id,
                "order_id": fact.order.id if isinstance(fact, OrderFact) else None,
                "at_ms": fact.at_ms,
                "body": each.text,
            }
            for each in fresh
            for fact in (each.fact,)
        ],
    )


async def _note_progress(connection: AsyncConnection, after: _Progress) -> None:
    insert_progress = insert_into(connection, progress)
    statement = insert_progress.on_conflict_do_update(
        index_elements=[progress.c.partition],
        set_={
            "epoch": insert_progress.excluded.epoch,
            "seq": insert_progress.excluded.seq,
        },
    )
    rows = [
        {"partition": partition, "epoch": position.epoch, "seq": position.seq}
        for partition, position in sorted(after.items())
    ]
    await connection.execute(statement, rows)
