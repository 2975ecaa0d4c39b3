"""Orders as the read models have them: searched by organisers, compared by `verify`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.facts import Position
from app.domain.ids import (
    SLUG_PATTERN,
    CustomerRef,
    EventId,
    OrderId,
    OrganiserId,
    PaymentId,
    TicketTypeId,
)
from app.domain.orders import OrderLine, OrderStatus, Person, Settlement, unsaid_settlement
from app.ledger.database import Database
from app.ledger.paging import UnknownPage
from app.ledger.tables import customers, events, order_lines, orders
from payments import Money

_TOKEN = re.compile(rf"([0-9]{{1,15}})\.([0-9]{{2}}\.{SLUG_PATTERN}\.[a-z2-7]+)")
"""When the last order of a page was placed, and its id."""


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """None: whatever it is. `after` is the `next` of the page before."""

    organiser_id: OrganiserId
    customer_ref: CustomerRef | None
    event_id: EventId | None
    status: OrderStatus | None
    after: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """`person` is None once personal data was erased. `position`: of the fact that gave it its
    status."""

    id: OrderId
    event_id: EventId
    customer_ref: CustomerRef
    person: Person | None
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Money
    created_at_ms: int
    expires_at_ms: int | None
    confirmed_at_ms: int | None
    payment_id: PaymentId | None
    settlement: Settlement | None
    refunded: Money
    version: int
    position: Position


@dataclass(frozen=True, slots=True)
class OrderPage:
    """`next` is None on the last page."""

    rows: tuple[OrderRow, ...]
    next: str | None


class Orders:
    """All methods raise Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, wanted: OrderSearch) -> OrderPage:
        """Oldest first; an order that changes keeps its place. Raises UnknownPage."""
        query = _matching(wanted).order_by(orders.c.created_at_ms, orders.c.order_id)
        async with self._database.read() as connection:
            rows = await _read_rows(connection, query.limit(wanted.limit + 1))
        page = tuple(rows[: wanted.limit])
        last = page[-1] if len(rows) > wanted.limit else None
        return OrderPage(page, f"{last.created_at_ms}.{last.id}" if last else None)

    async def read(self, order_id: OrderId) -> OrderRow | None:
        async with self._database.read() as connection:
            rows = await _read_rows(connection, _ORDERS.where(orders.c.order_id == order_id))
        return rows[0] if rows else None

    async def read_event(
        self, event_id: EventId, after: OrderId | None, limit: int
    ) -> Sequence[OrderRow]:
        """All orders of an event, by id."""
        query = (
            _ORDERS.where(orders.c.event_id == event_id, orders.c.order_id > (after or ""))
            .order_by(orders.c.order_id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return await _read_rows(connection, query)


_ORDERS = select(orders, customers.c.email, customers.c.name).outerjoin(
    customers, customers.c.customer_ref == orders.c.customer_ref
)


def _matching(wanted: OrderSearch) -> Select[Any]:
    query = _ORDERS.join(events, events.c.event_id == orders.c.event_id).where(
        events.c.organiser_id == wanted.organiser_id
    )
    if wanted.customer_ref is not None:
        query = query.where(orders.c.customer_ref == wanted.customer_ref)
    if wanted.event_id is not None:
        query = query.where(orders.c.event_id == wanted.event_id)
    if wanted.status is not None:
        query = query.where(orders.c.status == wanted.status.value)
    if wanted.after is not None:
        match = _TOKEN.fullmatch(wanted.after)
        if match is None:
            raise UnknownPage(f"{wanted.after!r} was never the next of a page of orders")
        place = tuple_(orders.c.created_at_ms, orders.c.order_id)
        query = query.where(place > (int(match[1]), match[2]))
    return query


async def _read_rows(connection: AsyncConnection, query: Select[Any]) -> list[OrderRow]:
    found = (await connection.execute(query)).all()
    if not found:
        return []
    lines: dict[str, list[Row[Any]]] = {row.order_id: [] for row in found}
    of_these = (
        select(order_lines)
        .where(order_lines.c.order_id.in_(list(lines)))
        .order_by(order_lines.c.order_id, order_lines.c.position)
    )
    for line in await connection.execute(of_these):
        lines[line.order_id].append(line)
    return [_order_row(row, lines[row.order_id]) for row in found]


def _order_row(row: Row[Any], lines: Sequence[Row[Any]]) -> OrderRow:
    total = Money(row.total_minor, row.currency)
    said = Settlement(row.settlement) if row.settlement else None
    return OrderRow(
        id=OrderId(row.order_id),
        event_id=EventId(row.event_id),
        customer_ref=CustomerRef(row.customer_ref),
        person=Person(row.email, row.name) if row.email is not None else None,
        status=OrderStatus(row.status),
        lines=tuple(
            OrderLine(
                ticket_type=TicketTypeId(line.ticket_type),
                quantity=line.quantity,
                unit_price=Money(line.unit_price_minor, row.currency),
                name=line.name,
            )
            for line in lines
        ),
        total=total,
        created_at_ms=row.created_at_ms,
        expires_at_ms=row.expires_at_ms,
        confirmed_at_ms=row.confirmed_at_ms,
        payment_id=PaymentId(row.payment_id) if row.payment_id else None,
        settlement=said or unsaid_settlement(total, row.confirmed_at_ms),
        refunded=Money(row.refunded_minor, row.currency),
        version=row.version,
        position=Position(row.epoch, row.seq),
    )
