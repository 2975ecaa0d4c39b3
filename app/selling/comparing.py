"""Comparing: what the facts of an event tell, against what Redis and the read models show.

Pure. Every difference is a sentence that names what differs and both values; no difference is an
empty list.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.domain.events import OpenedEvent
from app.domain.fold import EventFold
from app.domain.ids import CustomerRef, OrderId, TicketTypeId
from app.domain.orders import HOLDING, Order, OrderStatus, Settlement
from app.inventory import Deadlines
from app.ledger import EventRow, OrderRow, SalesReport, TypeSales
from payments import Money

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

EXAMPLES_MAX = 10
"""Of one kind of difference; a ledger that lacks all orders need not name each."""


@dataclass(frozen=True, slots=True)
class RedisPicture:
    """What Redis holds of one event. `orders`: every order record, whoever knows of it. `paying`:
    those that wait for a look-up."""

    event: OpenedEvent | None
    customers: Mapping[tuple[CustomerRef, TicketTypeId], int]
    live_holds: Mapping[CustomerRef, int]
    deadlines: Deadlines
    paying: Collection[OrderId]
    orders: Mapping[OrderId, Order]


@dataclass(frozen=True, slots=True)
class LedgerPicture:
    """What the read models show of one event."""

    event: EventRow | None
    orders: Mapping[OrderId, OrderRow]
    sales: SalesReport | None


def compare_with_redis(fold: EventFold, redis: RedisPicture) -> list[str]:
    differences = []
    if fold.opened_event() != redis.event:
        differences.append(f"event: folded {fold.opened_event()}, Redis {redis.event}")
    differences += _compare_items("customers' counts", fold.customers(), redis.customers, "Redis")
    differences += _compare_items("live holds", fold.live_holds(), redis.live_holds, "Redis")
    differences += _compare_items("orders", fold.orders, redis.orders, "Redis")
    held = {
        order.id: order.expires_at_ms
        for order in fold.orders.values()
        if order.status is OrderStatus.HELD
    }
    differences += _compare_items("deadlines", held, redis.deadlines.by_order, "Redis")
    earliest = min((each for each in held.values() if each is not None), default=None)
    if earliest != redis.deadlines.earliest_ms:
        differences.append(
            f"earliest deadline: folded {earliest}, Redis {redis.deadlines.earliest_ms}"
        )
    paying = {each.id for each in fold.orders.values() if each.status is OrderStatus.PAYING}
    differences += _compare_items(
        "payment", dict.fromkeys(paying, "open"), dict.fromkeys(redis.paying, "open"), "Redis"
    )
    return differences


def compare_with_ledger(fold: EventFold, ledger: LedgerPicture) -> list[str]:
    differences = []
    if _event_row(fold) != ledger.event:
        differences.append(f"event: folded {_event_row(fold)}, ledger {ledger.event}")
    shown = {order_id: _order_fields(row) for order_id, row in ledger.orders.items()}
    folded = {order_id: _order_fields(order) for order_id, order in fold.orders.items()}
    differences += _compare_items("orders", folded, shown, "ledger")
    if (report := _report(fold)) != ledger.sales:
        differences.append(f"sales: folded {report}, ledger {ledger.sales}")
    return differences


def _compare_items(
    what: str, folded: Mapping[Key, Value], shown: Mapping[Key, Value], where: str
) -> list[str]:
    odd = [
        key
        for key in dict.fromkeys([*folded, *shown])
        if key not in folded or key not in shown or folded[key] != shown[key]
    ]
    sentences = [
        f"{what} of {key}: folded {folded.get(key)}, {where} {shown.get(key)}"
        for key in odd[:EXAMPLES_MAX]
    ]
    if len(odd) > EXAMPLES_MAX:
        sentences.append(f"{what}: {len(odd) - EXAMPLES_MAX} more differ")
    return sentences


def _event_row(fold: EventFold) -> EventRow | None:
    if (event := fold.opened_event()) is None:
        return None
    configuration = event.configuration
    return EventRow(
        id=configuration.id,
        organiser_id=configuration.organiser_id,
        name=configuration.name,
        starts_at_ms=configuration.starts_at_ms,
        currency=configuration.currency,
        status=event.status,
        version=event.version,
    )


def _order_fields(order: Order | OrderRow) -> tuple[object, ...]:
    """What an order and its row have in common: all but fingerprint, birth, person and position."""
    return (
        *(order.event_id, order.customer_ref, order.status, order.lines, order.total),
        *(order.created_at_ms, order.expires_at_ms, order.confirmed_at_ms, order.version),
        *(order.payment_id, order.settlement, order.refunded),
    )


def _report(fold: EventFold) -> SalesReport | None:
    """The sales report added up from the orders, where the read model adds up differences."""
    if fold.configuration is None or fold.as_of_ms is None:
        return None
    orders = fold.orders.values()
    ordered = {line.ticket_type for order in orders for line in order.lines}
    return SalesReport(
        event_id=fold.event_id,
        currency=fold.configuration.currency,
        as_of_ms=fold.as_of_ms,
        confirmed_orders=sum(order.status is OrderStatus.CONFIRMED for order in orders),
        ticket_types=tuple(
            _type_sales(each, orders, fold.configuration.currency) for each in sorted(ordered)
        ),
    )


def _type_sales(ticket_type: TicketTypeId, orders: Collection[Order], currency: str) -> TypeSales:
    units: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for order in orders:
        for line, refunded in zip(order.lines, order.shares_of(order.refunded), strict=True):
            if line.ticket_type != ticket_type:
                continue
            for column in _columns_of(order):
                units[column] += line.quantity
                amounts[column] += line.amount.amount_minor
            amounts["refunded"] += refunded
    return TypeSales(
        ticket_type=ticket_type,
        held_quantity=units["held"],
        sold_quantity=units["sold"],
        cancelled_quantity=units["cancelled"],
        sold_amount=Money(amounts["sold"], currency),
        hack_quantity=units["hack"],
        hack_amount=Money(amounts["hack"], currency),
        refunded_amount=Money(amounts["refunded"], currency),
    )


def _columns_of(order: Order) -> Sequence[str]:
    """Of the report, in which the units of an order count."""
    if order.status in HOLDING:
        return ["held"]
    if order.status is OrderStatus.CONFIRMED:
        return ["sold", "hack"] if order.settlement is Settlement.HACK else ["sold"]
    return ["cancelled"] if order.status is OrderStatus.CANCELLED else []
