"""Which payments: those whose time has come, those that need a person, those of an organiser."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.ids import EventId, OrderId, OrganiserId, PaymentId
from app.ledger.paging import UnknownPage
from app.ledger.payments.reading import find_among
from app.ledger.payments.rows import Outcome, PaymentRow
from app.ledger.payments.tables import (
    FAILED_LATER,
    HAS_CLOCK,
    HAS_FAULT,
    IN_DOUBT,
    IN_FLIGHT,
    KEPT,
    OPEN,
    checkouts,
    payment_operations,
    payments,
)
from payments import PaymentState

_TOKEN = re.compile(r"([0-9]{1,15})\.([!-~]{1,64})")
"""When the last payment of a page began, and its id."""


@dataclass(frozen=True, slots=True)
class PaymentSearch:
    """None: whatever it is. `after` is the `next` of the page before."""

    organiser_id: OrganiserId
    event_id: EventId | None
    order_id: OrderId | None
    method: str | None
    state: PaymentState | None
    outcome: Outcome | None
    after: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """`next` is None on the last page."""

    rows: tuple[PaymentRow, ...]
    next: str | None


async def find_due(connection: AsyncConnection, now_ms: int, limit: int) -> Sequence[PaymentId]:
    """Those whose clock has come, or with a command whose sender let its lease run out; the longest
    waiting first."""
    by_clock = select(payments.c.payment_id, payments.c.next_look_at_ms.label("since_ms")).where(
        payments.c.next_look_at_ms <= now_ms
    )
    by_lease = select(payment_operations.c.payment_id, payment_operations.c.lease_until_ms).where(
        IN_FLIGHT, payment_operations.c.lease_until_ms <= now_ms
    )
    return await _longest_waiting(connection, (by_clock, by_lease), limit)


async def find_stuck(
    connection: AsyncConnection, before_ms: int, limit: int
) -> Sequence[PaymentRow]:
    """Those with an integrity fault; those open or in doubt since before then; those whose money
    was to go back and is here: oldest first. A fault whose clock was stopped has been looked at:
    news of it start the clock again."""
    since_ms = payments.c.created_at_ms.label("since_ms")
    faulty = select(payments.c.payment_id, since_ms).where(HAS_FAULT, HAS_CLOCK)
    old = select(payments.c.payment_id, since_ms).where(OPEN, payments.c.created_at_ms < before_ms)
    doubtful = select(
        payment_operations.c.payment_id, payment_operations.c.first_submitted_at_ms
    ).where(IN_DOUBT, payment_operations.c.first_submitted_at_ms < before_ms)
    kept = select(payments.c.payment_id, since_ms).where(KEPT, payments.c.updated_at_ms < before_ms)
    come_again = select(
        payment_operations.c.payment_id, payment_operations.c.first_submitted_at_ms
    ).where(payment_operations.c.error_code == FAILED_LATER)
    ids = await _longest_waiting(connection, (faulty, old, doubtful, kept, come_again), limit)
    return await find_among(connection, ids)


async def find_open_accounts(connection: AsyncConnection) -> Mapping[tuple[str, str], int]:
    """How many open payments there are, by method and account."""
    account = (payments.c.method, payments.c.account)
    query = select(*account, func.count()).where(OPEN).group_by(*account)
    found = (await connection.execute(query)).all()
    return {(method, account_id): count for method, account_id, count in found}


async def find_page(connection: AsyncConnection, wanted: PaymentSearch) -> PaymentPage:
    """Oldest first. Raises UnknownPage."""
    query = (
        _matching(wanted)
        .order_by(payments.c.created_at_ms, payments.c.payment_id)
        .limit(wanted.limit + 1)
    )
    found = [PaymentId(each) for each in await connection.scalars(query)]
    rows = await find_among(connection, found[: wanted.limit])
    last = rows[-1] if len(found) > wanted.limit else None
    return PaymentPage(tuple(rows), f"{last.created_at_ms}.{last.payment_id}" if last else None)


async def _longest_waiting(
    connection: AsyncConnection, queries: Sequence[Select[Any]], limit: int
) -> Sequence[PaymentId]:
    """Each query is bounded by itself: its first `limit` are all that can be among the first."""
    firsts = [
        select(query.order_by(query.selected_columns[1]).limit(limit).subquery())
        for query in queries
    ]
    found = await connection.execute(union_all(*firsts))
    ordered = sorted((row[1], row[0]) for row in found)
    return list(dict.fromkeys(PaymentId(payment_id) for _, payment_id in ordered))[:limit]


def _matching(wanted: PaymentSearch) -> Select[str]:
    query = (
        select(payments.c.payment_id)
        .join(checkouts, checkouts.c.order_id == payments.c.order_id)
        .where(checkouts.c.organiser_id == wanted.organiser_id)
    )
    filters = (
        (checkouts.c.event_id, wanted.event_id),
        (checkouts.c.order_id, wanted.order_id),
        (payments.c.method, wanted.method),
        (payments.c.state, wanted.state and wanted.state.value),
        (payments.c.outcome, wanted.outcome and wanted.outcome.value),
    )
    query = query.where(*(column == value for column, value in filters if value is not None))
    if wanted.after is None:
        return query
    match = _TOKEN.fullmatch(wanted.after)
    if match is None:
        raise UnknownPage(f"{wanted.after!r} was never the next of a page of payments")
    return query.where(
        tuple_(payments.c.created_at_ms, payments.c.payment_id) > (int(match[1]), match[2])
    )
