"""The read model of sales: units and money by ticket type, confirmed orders by event.

Kept by differences: an order fact says which status the order left and which it has now, a refund
how much went back. They may be added only because every fact comes here exactly once.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.facts import Fact, OrderFact, OrderRefunded
from app.domain.ids import EventId, TicketTypeId
from app.domain.orders import HOLDING, OrderStatus, Settlement
from app.ledger.database import insert_into
from app.ledger.tables import event_sales, sales

_SUMS = (
    *("held_quantity", "sold_quantity", "cancelled_quantity", "sold_amount_minor"),
    *("hack_quantity", "hack_amount_minor", "refunded_amount_minor"),
)

_Type = tuple[EventId, TicketTypeId]


class _Differences:
    """What some facts change, added up."""

    def __init__(self) -> None:
        self.held: Counter[_Type] = Counter()
        self.sold: Counter[_Type] = Counter()
        self.cancelled: Counter[_Type] = Counter()
        self.amounts_minor: Counter[_Type] = Counter()
        self.hack: Counter[_Type] = Counter()
        self.hack_amounts_minor: Counter[_Type] = Counter()
        self.refunded_minor: Counter[_Type] = Counter()
        self.currencies: dict[_Type, str] = {}
        self.confirmed_orders: Counter[EventId] = Counter()
        self.as_of_ms: dict[EventId, int] = {}

    def add(self, fact: Fact) -> None:
        self.as_of_ms[fact.event_id] = fact.at_ms
        if isinstance(fact, OrderFact):
            self._add_order(fact)

    def _add_order(self, fact: OrderFact) -> None:
        before, after = fact.previous, fact.order.status
        held = (after in HOLDING) - (before in HOLDING)
        sold = (after is OrderStatus.CONFIRMED) - (before is OrderStatus.CONFIRMED)
        cancelled = (after is OrderStatus.CANCELLED) - (before is OrderStatus.CANCELLED)
        hack = sold * (fact.order.settlement is Settlement.HACK)
        self.confirmed_orders[fact.event_id] += sold
        for line in fact.order.lines:
            key = (fact.event_id, line.ticket_type)
            self.currencies[key] = line.unit_price.currency
            self.held[key] += held * line.quantity
            self.sold[key] += sold * line.quantity
            self.cancelled[key] += cancelled * line.quantity
            self.amounts_minor[key] += sold * line.amount.amount_minor
            self.hack[key] += hack * line.quantity
            self.hack_amounts_minor[key] += hack * line.amount.amount_minor
        if isinstance(fact, OrderRefunded):
            self._add_refund(fact)

    def _add_refund(self, fact: OrderRefunded) -> None:
        """The lines share all that went back; what they had of it before is taken off."""
        order = fact.order
        now, before = order.shares_of(order.refunded), order.shares_of(order.refunded - fact.amount)
        for line, share, had in zip(order.lines, now, before, strict=True):
            self.refunded_minor[fact.event_id, line.ticket_type] += share - had


async def apply(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    differences = _Differences()
    for fact in facts:
        differences.add(fact)
    if differences.currencies:
        await _add_to_types(connection, differences)
    if differences.as_of_ms:
        await _add_to_events(connection, differences)


async def _add_to_types(connection: AsyncConnection, differences: _Differences) -> None:
    insert = insert_into(connection, sales)
    statement = insert.on_conflict_do_update(
        index_elements=[sales.c.event_id, sales.c.ticket_type],
        set_={name: sales.c[name] + insert.excluded[name] for name in _SUMS},
    )
    rows = [
        {
            "event_id": key[0],
            "ticket_type": key[1],
            "held_quantity": differences.held[key],
            "sold_quantity": differences.sold[key],
            "cancelled_quantity": differences.cancelled[key],
            "sold_amount_minor": differences.amounts_minor[key],
            "hack_quantity": differences.hack[key],
            "hack_amount_minor": differences.hack_amounts_minor[key],
            "refunded_amount_minor": differences.refunded_minor[key],
            "currency": currency,
        }
        for key, currency in sorted(differences.currencies.items())
    ]
    await connection.execute(statement, rows)


async def _add_to_events(connection: AsyncConnection, differences: _Differences) -> None:
    insert = insert_into(connection, event_sales)
    statement = insert.on_conflict_do_update(
        index_elements=[event_sales.c.event_id],
        set_={
            "confirmed_orders": event_sales.c.confirmed_orders + insert.excluded.confirmed_orders,
            "as_of_ms": insert.excluded.as_of_ms,
        },
    )
    rows = [
        {
            "event_id": event_id,
            "confirmed_orders": differences.confirmed_orders[event_id],
            "as_of_ms": as_of_ms,
        }
        for event_id, as_of_ms in sorted(differences.as_of_ms.items())
    ]
    await connection.execute(statement, rows)
