"""The inbox of webhooks: each notice once, kept until it was handled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from app.ledger.database import Database, insert_into
from app.ledger.payments.json_text import read_snapshot, write_snapshot
from app.ledger.payments.tables import UNHANDLED, payment_notices
from payments import Snapshot

_KEY = (
    payment_notices.c.method,
    payment_notices.c.account,
    payment_notices.c.event_key,
)


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice as a method read it. `digest` is of its exact bytes."""

    method: str
    account: str
    event_key: str
    digest: str
    reference: str
    kind: str
    snapshot: Snapshot | None
    received_at_ms: int


@dataclass(frozen=True, slots=True, order=True)
class NoticeKey:
    method: str
    account: str
    event_key: str


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """`attempts`: how often it was put off."""

    key: NoticeKey
    digest: str
    reference: str
    kind: str
    snapshot: Snapshot | None
    received_at_ms: int
    next_at_ms: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Taken:
    """`new`: how many we did not know. `conflicting`: known under another digest; the first one
    stands, and somebody must look."""

    new: int
    conflicting: tuple[NoticeKey, ...]


class Notices:
    """All methods raise Unavailable, those that write OutcomeUnknown too, and may be repeated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, notices: Sequence[NewNotice]) -> Taken:
        """One transaction: all are kept, or none. A notice that we know is nothing new, whoever
        brings it; under another digest it is a conflict, and changes nothing."""
        new = 0
        conflicting = []
        async with self._database.write() as connection:
            # In the order of their keys, so that two deliveries never wait in a circle.
            for notice in sorted(notices, key=_key_of):
                insert = insert_into(connection, payment_notices).on_conflict_do_nothing()
                if (await connection.execute(insert, _values(notice))).rowcount == 1:
                    new += 1
                elif await _read_digest(connection, _key_of(notice)) != notice.digest:
                    conflicting.append(_key_of(notice))
        return Taken(new, tuple(conflicting))

    async def due(self, now_ms: int, limit: int) -> Sequence[NoticeRow]:
        """Not handled, and their time has come; the longest waiting first."""
        query = (
            select(payment_notices)
            .where(UNHANDLED, payment_notices.c.next_at_ms <= now_ms)
            .order_by(payment_notices.c.next_at_ms, *_KEY)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [_notice(row) for row in await connection.execute(query)]

    async def handled(self, key: NoticeKey, at_ms: int) -> None:
        """It never becomes due again. The first time stands."""
        statement = update(payment_notices).where(_is(key), UNHANDLED).values(handled_at_ms=at_ms)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def retry(self, key: NoticeKey, next_at_ms: int) -> None:
        """Put off; one that was handled stays handled."""
        values = {
            payment_notices.c.next_at_ms: next_at_ms,
            payment_notices.c.attempts: payment_notices.c.attempts + 1,
        }
        statement = update(payment_notices).where(_is(key), UNHANDLED).values(values)
        async with self._database.write() as connection:
            await connection.execute(statement)


def _is(key: NoticeKey) -> ColumnElement[bool]:
    return and_(
        payment_notices.c.method == key.method,
        payment_notices.c.account == key.account,
        payment_notices.c.event_key == key.event_key,
    )


def _key_of(notice: NewNotice) -> NoticeKey:
    return NoticeKey(notice.method, notice.account, notice.event_key)


async def _read_digest(connection: AsyncConnection, key: NoticeKey) -> str | None:
    return await connection.scalar(select(payment_notices.c.digest).where(_is(key)))


def _values(notice: NewNotice) -> dict[str, str | int | None]:
    return {
        "method": notice.method,
        "account": notice.account,
        "event_key": notice.event_key,
        "digest": notice.digest,
        "reference": notice.reference,
        "kind": notice.kind,
        "snapshot": None if notice.snapshot is None else write_snapshot(notice.snapshot),
        "received_at_ms": notice.received_at_ms,
        "next_at_ms": notice.received_at_ms,
        "handled_at_ms": None,
        "attempts": 0,
    }


def _notice(row: Row[Any]) -> NoticeRow:
    return NoticeRow(
        key=NoticeKey(row.method, row.account, row.event_key),
        digest=row.digest,
        reference=row.reference,
        kind=row.kind,
        snapshot=None if row.snapshot is None else read_snapshot(row.snapshot),
        received_at_ms=row.received_at_ms,
        next_at_ms=row.next_at_ms,
        attempts=row.attempts,
    )
