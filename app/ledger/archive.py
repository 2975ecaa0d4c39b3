"""The archive: every fact, for ever, as the text it came as."""

import heapq
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, tuple_, union_all
from sqlalchemy.engine import Row

from app.domain.facts import START, Position
from app.domain.ids import EventId, OrganiserId, Partition
from app.ledger.database import Database
from app.ledger.paging import UnknownPage
from app.ledger.tables import events, facts, progress

_TOKEN = re.compile(r"[0-9a-f]{1,4}\.[0-9a-f]{1,16}\.[0-9a-f]{1,15}")

_Positions = dict[Partition, Position]


@dataclass(frozen=True, slots=True)
class FactPage:
    """`next` says where this reader stands and stays valid for ever: with no `texts` it has read
    all there is so far. None: there was never anything to read."""

    texts: tuple[str, ...]
    next: str | None


class Archive:
    """All methods raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads(self) -> dict[Partition, Position]:
        """The newest fact of every partition that has any."""
        async with self._database.read() as connection:
            found = await connection.execute(select(progress))
            return {Partition(row.partition): Position(row.epoch, row.seq) for row in found}

    async def read_event(self, event_id: EventId, after: Position, limit: int) -> list[str]:
        """In order; begin with START."""
        query = (
            select(facts.c.body)
            .where(
                facts.c.event_id == event_id,
                tuple_(facts.c.epoch, facts.c.seq) > (after.epoch, after.seq),
            )
            .order_by(facts.c.epoch, facts.c.seq)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list(await connection.scalars(query))

    async def read_after(
        self, organiser_id: OrganiserId, after: str | None, limit: int
    ) -> FactPage:
        """Of this organiser's events, by time; each partition in its own order. A fact that is
        archived later always comes after `next`, however late it is. Raises UnknownPage."""
        read = _parse_token(after)
        async with self._database.read() as connection:
            partitions = sorted(await connection.scalars(select(progress.c.partition)))
            if not partitions:
                return FactPage((), after)
            queries = [
                _next_of(organiser_id, each, read.get(each, START), limit) for each in partitions
            ]
            found = (await connection.execute(union_all(*queries))).all()
        page = _merge(found, limit)
        for row in page:
            read[Partition(row.partition)] = Position(row.epoch, row.seq)
        return FactPage(tuple(row.body for row in page), _write_token(read))

    async def counts(self, event_id: EventId) -> Mapping[str, int]:
        """Facts by kind."""
        query = (
            select(facts.c.kind, func.count().label("number"))
            .where(facts.c.event_id == event_id)
            .group_by(facts.c.kind)
        )
        async with self._database.read() as connection:
            return {row.kind: row.number for row in await connection.execute(query)}


def _next_of(
    organiser_id: OrganiserId, partition: Partition, after: Position, limit: int
) -> Select[int, int, int, int, str]:
    columns = (facts.c.partition, facts.c.epoch, facts.c.seq, facts.c.at_ms, facts.c.body)
    found = (
        select(*columns)
        .join(events, events.c.event_id == facts.c.event_id)
        .where(
            events.c.organiser_id == organiser_id,
            facts.c.partition == partition,
            tuple_(facts.c.epoch, facts.c.seq) > (after.epoch, after.seq),
        )
        .order_by(facts.c.epoch, facts.c.seq)
        .limit(limit)
        .subquery()
    )
    return select(found)


def _merge(
    rows: Sequence[Row[int, int, int, int, str]], limit: int
) -> list[Row[int, int, int, int, str]]:
    """Oldest first over all partitions, so that a busy one cannot keep the others out; within one
    the order stays, even where a clock went back."""
    by_partition: dict[int, list[Row[int, int, int, int, str]]] = {}
    for row in rows:
        by_partition.setdefault(row.partition, []).append(row)
    streams = [sorted(each, key=lambda row: (row.epoch, row.seq)) for each in by_partition.values()]
    return list(heapq.merge(*streams, key=lambda row: row.at_ms))[:limit]


def _parse_token(token: str | None) -> _Positions:
    """`<partition>.<epoch>.<seq>` in hexadecimal, one for each partition, joined by dashes."""
    if not token:
        return {}
    read: _Positions = {}
    for part in token.split("-"):
        if not _TOKEN.fullmatch(part):
            raise UnknownPage(f"{token!r} was never the next of a page of facts")
        partition, epoch, seq = (int(each, 16) for each in part.split("."))
        read[Partition(partition)] = Position(epoch, seq)
    return read


def _write_token(read: _Positions) -> str | None:
    parts = [f"{each:x}.{position.epoch:x}.{position.seq:x}" for each, position in read.items()]
    return "-".join(parts) or None
