"""The `data` of a fact on the bus: a configuration, an order, or what changed. Version 1 of each.

Money is `{"amount": minor units, "currency"}`, times are RFC 3339, as everywhere outside.
`payment_id`, `settlement` and `refunded` of an order came later: each stands there only where it is
not what an order has of which it was never said.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.events import EventConfiguration, Pool, TicketType
from app.domain.facts import (
    EventChanged,
    EventOpened,
    Fact,
    FactStem,
    OrderFact,
    OrderRefunded,
    PoolCapacityChanged,
)
from app.domain.ids import (
    CustomerRef,
    EventId,
    OrderId,
    OrganiserId,
    PaymentId,
    PoolId,
    TicketTypeId,
)
from app.domain.orders import (
    Birth,
    Order,
    OrderLine,
    OrderStatus,
    Settlement,
    unsaid_settlement,
)
from app.runtime.clock import format_instant, parse_instant
from payments import Money

Body = dict[str, Any]


def write_body(fact: Fact) -> Body:
    match fact:
        case OrderRefunded():
            amount = _write_money(fact.amount)
            return {
                "previous": fact.previous,
                "amount": amount,
                "order": _write_order(fact.order),
            }
        case OrderFact():
            return {"previous": fact.previous, "order": _write_order(fact.order)}
        case EventOpened() | EventChanged():
            return {"configuration": _write_configuration(fact.configuration)}
        case PoolCapacityChanged():
            return {"pool": fact.pool, "capacity": fact.capacity}
        case _:
            return {}


def read_body(kind: type[Fact], stem: FactStem, body: Mapping[str, Any]) -> Fact:
    """Raises KeyError, ValueError or TypeError for a body that is not of this kind."""
    if issubclass(kind, OrderFact):
        previous = OrderStatus(body["previous"]) if body["previous"] else None
        order = _read_order(stem["event_id"], body["order"])
        if issubclass(kind, OrderRefunded):
            return kind(**stem, order=order, previous=previous, amount=_read_money(body["amount"]))
        return kind(**stem, order=order, previous=previous)
    if issubclass(kind, EventOpened | EventChanged):
        return kind(**stem, configuration=_read_configuration(stem["event_id"], body))
    if issubclass(kind, PoolCapacityChanged):
        return kind(**stem, pool=PoolId(body["pool"]), capacity=read_whole(body["capacity"]))
    return kind(**stem)


def _write_order(order: Order) -> Body:
    return {
        "id": order.id,
        "customer_ref": order.customer_ref,
        "fingerprint": order.fingerprint,
        "status": order.status,
        "birth": {
            "status": order.birth.status,
            "expires_at": _write_instant(order.birth.expires_at_ms),
        },
        "lines": [
            {
                "ticket_type": line.ticket_type,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": _write_money(line.unit_price),
            }
            for line in order.lines
        ],
        "total": _write_money(order.total),
        "created_at": format_instant(order.created_at_ms),
        "expires_at": _write_instant(order.expires_at_ms),
        "confirmed_at": _write_instant(order.confirmed_at_ms),
        "version": order.version,
        **_write_settlement(order),
    }


def _write_settlement(order: Order) -> Body:
    said: Body = {}
    if order.payment_id is not None:
        said["payment_id"] = order.payment_id
    if order.settlement is not unsaid_settlement(order.total, order.confirmed_at_ms):
        said["settlement"] = order.settlement
    if not order.refunded.is_zero:
        said["refunded"] = _write_money(order.refunded)
    return said


def _read_settlement(body: Mapping[str, Any], unsaid: Settlement | None) -> Settlement | None:
    if "settlement" not in body:
        return unsaid
    return None if body["settlement"] is None else Settlement(body["settlement"])


def _read_refunded(body: Mapping[str, Any], total: Money) -> Money:
    """CurrencyMismatch for one of another currency."""
    nothing = total * 0
    return nothing + _read_money(body["refunded"]) if "refunded" in body else nothing


def _read_order(event_id: EventId, body: Mapping[str, Any]) -> Order:
    birth, total = body["birth"], _read_money(body["total"])
    confirmed_at_ms = _read_instant(body["confirmed_at"])
    return Order(
        id=OrderId(body["id"]),
        event_id=event_id,
        customer_ref=CustomerRef(body["customer_ref"]),
        fingerprint=body["fingerprint"],
        status=OrderStatus(body["status"]),
        birth=Birth(OrderStatus(birth["status"]), _read_instant(birth["expires_at"])),
        lines=tuple(
            OrderLine(
                ticket_type=TicketTypeId(line["ticket_type"]),
                quantity=read_whole(line["quantity"]),
                unit_price=_read_money(line["unit_price"]),
                name=line["name"],
            )
            for line in body["lines"]
        ),
        total=total,
        created_at_ms=parse_instant(body["created_at"]),
        expires_at_ms=_read_instant(body["expires_at"]),
        confirmed_at_ms=confirmed_at_ms,
        version=read_whole(body["version"]),
        payment_id=PaymentId(body["payment_id"]) if "payment_id" in body else None,
        settlement=_read_settlement(body, unsaid_settlement(total, confirmed_at_ms)),
        refunded=_read_refunded(body, total),
    )


def _write_configuration(configuration: EventConfiguration) -> Body:
    return {
        "organiser_id": configuration.organiser_id,
        "name": configuration.name,
        "starts_at": format_instant(configuration.starts_at_ms),
        "currency": configuration.currency,
        "hold_seconds": configuration.hold_seconds,
        "pools": [{"id": pool.id, "capacity": pool.capacity} for pool in configuration.pools],
        "ticket_types": [
            {
                "id": each.id,
                "name": each.name,
                "price": _write_money(each.price),
                "pools": list(each.pools),
                "min_per_order": each.min_per_order,
                "max_per_order": each.max_per_order,
                "max_per_customer": each.max_per_customer,
                "on_sale_from": _write_instant(each.on_sale_from_ms),
                "on_sale_until": _write_instant(each.on_sale_until_ms),
            }
            for each in configuration.ticket_types
        ],
    }


def _read_configuration(event_id: EventId, body: Mapping[str, Any]) -> EventConfiguration:
    fields = body["configuration"]
    return EventConfiguration(
        id=event_id,
        organiser_id=OrganiserId(fields["organiser_id"]),
        name=fields["name"],
        starts_at_ms=parse_instant(fields["starts_at"]),
        currency=fields["currency"],
        hold_seconds=read_whole(fields["hold_seconds"]),
        pools=tuple(
            Pool(PoolId(pool["id"]), read_whole(pool["capacity"])) for pool in fields["pools"]
        ),
        ticket_types=tuple(
            TicketType(
                id=TicketTypeId(each["id"]),
                name=each["name"],
                price=_read_money(each["price"]),
                pools=tuple(PoolId(pool) for pool in each["pools"]),
                min_per_order=read_whole(each["min_per_order"]),
                max_per_order=read_whole(each["max_per_order"]),
                max_per_customer=read_whole(each["max_per_customer"]),
                on_sale_from_ms=_read_instant(each["on_sale_from"]),
                on_sale_until_ms=_read_instant(each["on_sale_until"]),
            )
            for each in fields["ticket_types"]
        ),
    )


def read_whole(value: object) -> int:
    """TypeError for a number that is written as text, or is none."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _write_money(money: Money) -> Body:
    return {"amount": money.amount_minor, "currency": money.currency}


def _read_money(body: Mapping[str, Any]) -> Money:
    return Money(body["amount"], body["currency"])


def _write_instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_instant(at_ms)


def _read_instant(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)
