"""Builders of domain values for tests: sensible defaults, one argument for what a test is about."""

from app.domain.events import EventConfiguration, Pool, TicketType
from app.domain.identity import make_customer_ref, make_fingerprint, order_tail
from app.domain.ids import (
    AddressRef,
    EventId,
    OrderAddress,
    OrganiserId,
    PoolId,
    TicketTypeId,
    make_order_id,
    partition_of,
)
from app.domain.orders import Person
from app.inventory import NO_CAPS, HoldCaps, PlaceOrder, SellingGate
from payments import Money

PARTITIONS = 16
SECRET = b"a secret that only tests know, 32+"
OPEN_GATE = SellingGate(free_off=None, paid_off=None)


def a_ticket_type(
    name: str = "adult",
    *,
    price: int = 0,
    pools: tuple[str, ...] = ("floor",),
    min_per_order: int = 1,
    max_per_order: int = 10,
    max_per_customer: int = 10,
    on_sale_from_ms: int | None = None,
    on_sale_until_ms: int | None = None,
    currency: str = "EUR",
) -> TicketType:
    return TicketType(
        id=TicketTypeId(name),
        name=name.capitalize(),
        price=Money(price, currency),
        pools=tuple(PoolId(pool) for pool in pools),
        min_per_order=min_per_order,
        max_per_order=max_per_order,
        max_per_customer=max_per_customer,
        on_sale_from_ms=on_sale_from_ms,
        on_sale_until_ms=on_sale_until_ms,
    )


def an_event(
    event_id: str = "concert",
    *,
    pools: dict[str, int] | None = None,
    ticket_types: tuple[TicketType, ...] | None = None,
    hold_seconds: int = 600,
    currency: str = "EUR",
    organiser_id: str = "hall",
) -> EventConfiguration:
    return EventConfiguration(
        id=EventId(event_id),
        organiser_id=OrganiserId(organiser_id),
        name=event_id.capitalize(),
        starts_at_ms=1_900_000_000_000,
        currency=currency,
        hold_seconds=hold_seconds,
        pools=tuple(Pool(PoolId(k), v) for k, v in (pools or {"floor": 100}).items()),
        ticket_types=ticket_types or (a_ticket_type(),),
    )


def a_wish(
    lines: list[tuple[str, int]] | None = None,
    *,
    event_id: str = "concert",
    email: str = "ana@example.com",
    key: str = "key-0000000000000000",
    confirm: bool = True,
    gate: SellingGate = OPEN_GATE,
    address: str | None = None,
    caps: HoldCaps = NO_CAPS,
) -> PlaceOrder:
    customer_ref = make_customer_ref(SECRET, email)
    event = EventId(event_id)
    wished = [(TicketTypeId(name), quantity) for name, quantity in (lines or [("adult", 1)])]
    merged: dict[TicketTypeId, int] = {}
    for name, quantity in wished:
        merged[name] = merged.get(name, 0) + quantity
    partition = partition_of(event, PARTITIONS)
    tail = order_tail(SECRET, event, customer_ref, key)
    return PlaceOrder(
        address=OrderAddress(make_order_id(partition, event, tail), partition, event),
        customer_ref=customer_ref,
        person=Person(email, None),
        fingerprint=make_fingerprint(customer_ref, merged.items(), confirm=confirm),
        lines=wished,
        confirm=confirm,
        gate=gate,
        address_ref=AddressRef(address) if address else None,
        hold_caps=caps,
    )
