"""The read model of events: one row an event, as its newest fact left it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.events import EventConfiguration, SellingStatus
from app.domain.facts import (
    EventChanged,
    EventClosed,
    EventOpened,
    EventPaused,
    Fact,
    PoolCapacityChanged,
)
from app.domain.ids import EventId
from app.ledger.database import insert_into
from app.ledger.tables import events

_STATUSES: dict[type[Fact], SellingStatus] = {
    EventOpened: SellingStatus.OPEN,
    EventPaused: SellingStatus.PAUSED,
    EventClosed: SellingStatus.CLOSED,
}


_CONFIGURED = ("organiser_id", "name", "starts_at_ms", "currency")
"""Columns, and fields of a configuration."""

_Row = dict[str, str | int | None]


@dataclass(slots=True)
class _Change:
    """None: these facts did not say."""

    version: int
    configuration: EventConfiguration | None = None
    status: SellingStatus | None = None


async def apply(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    changes = _gather(facts)
    rows = [_row(event_id, each) for event_id, each in sorted(changes.items())]
    # An insert must be complete; what was not said of an event was said before.
    complete = [row for row in rows if None not in row.values()]
    partial = [
        {f"new_{key}": value for key, value in row.items()} for row in rows if None in row.values()
    ]
    if complete:
        await _upsert(connection, complete)
    if partial:
        await _update(connection, partial)


def _gather(facts: Sequence[Fact]) -> dict[EventId, _Change]:
    changes: dict[EventId, _Change] = {}
    for fact in facts:
        if not isinstance(fact, EventChanged | PoolCapacityChanged) and type(fact) not in _STATUSES:
            continue
        change = changes.setdefault(fact.event_id, _Change(fact.version))
        change.version = fact.version
        change.status = _STATUSES.get(type(fact), change.status)
        if isinstance(fact, EventOpened | EventChanged):
            change.configuration = fact.configuration
    return changes


def _row(event_id: EventId, change: _Change) -> _Row:
    row: _Row = {"event_id": event_id, "status": change.status, "version": change.version}
    if (configuration := change.configuration) is None:
        return row | dict.fromkeys(_CONFIGURED)
    return row | {name: getattr(configuration, name) for name in _CONFIGURED}


async def _upsert(connection: AsyncConnection, rows: list[_Row]) -> None:
    insert = insert_into(connection, events)
    newer = {column.name: insert.excluded[column.name] for column in events.c}
    statement = insert.on_conflict_do_update(
        index_elements=[events.c.event_id],
        set_=newer,
        where=insert.excluded.version > events.c.version,
    )
    await connection.execute(statement, rows)


async def _update(connection: AsyncConnection, rows: list[_Row]) -> None:
    statement = update(events).where(
        events.c.event_id == bindparam("new_event_id"),
        events.c.version < bindparam("new_version"),
    )
    values = {
        column.name: func.coalesce(bindparam(f"new_{column.name}", type_=column.type), column)
        for column in events.c
        if column.name != "event_id"
    }
    await connection.execute(statement.values(values), rows)
