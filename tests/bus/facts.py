"""Facts of every kind: one example each, as the golden files have it, and a strategy of all."""

from dataclasses import replace

from hypothesis import strategies as st

from app.domain.events import EventConfiguration, Pool, TicketType
from app.domain.facts import (
    FACTS,
    ORDER_FACTS,
    EventChanged,
    EventOpened,
    Fact,
    FactStem,
    OrderFact,
    OrderRefunded,
    PoolCapacityChanged,
    Position,
)
from app.domain.ids import (
    CustomerRef,
    EventId,
    OrderId,
    OrganiserId,
    Partition,
    PaymentId,
    PoolId,
    TicketTypeId,
    make_order_id,
    make_payment_id,
)
from app.domain.orders import Birth, Order, OrderLine, OrderStatus, Settlement
from payments import MAX_AMOUNT_MINOR, Money
from tests.builders import a_ticket_type, an_event

BORN_MS = 1_800_000_000_000
STATUS_AFTER = {
    "OrderHeld": OrderStatus.HELD,
    "OrderConfirmed": OrderStatus.CONFIRMED,
    "OrderReleased": OrderStatus.RELEASED,
    "OrderExpired": OrderStatus.EXPIRED,
    "OrderCancelled": OrderStatus.CANCELLED,
}
PAYMENT = PaymentId("pay_abcdefghijklmnopqrstuvwxyz")
PAID_EXAMPLES: dict[str, tuple[OrderStatus, OrderStatus, int]] = {
    "OrderPaymentBegan": (OrderStatus.HELD, OrderStatus.PAYING, 2),
    "OrderConfirmed": (OrderStatus.PAYING, OrderStatus.CONFIRMED, 3),
    "OrderPaymentFailed": (OrderStatus.PAYING, OrderStatus.HELD, 3),
    "OrderRefunded": (OrderStatus.CONFIRMED, OrderStatus.CONFIRMED, 4),
}
"""Before, after, and the version after, of an order that costs something."""
EXAMPLE_CONFIGURATION = an_event(
    pools={"floor": 100, "meals": 40},
    ticket_types=(
        a_ticket_type(),
        a_ticket_type(
            "dinner",
            price=2550,
            pools=("floor", "meals"),
            min_per_order=2,
            max_per_order=6,
            max_per_customer=8,
            on_sale_from_ms=BORN_MS,
            on_sale_until_ms=BORN_MS + 86_400_123,
        ),
    ),
)


def example(name: str) -> Fact:
    """The fact of this kind that its golden file tells."""
    kind = FACTS[name]
    stem = FactStem(
        partition=Partition(2),
        position=Position(1, 42),
        at_ms=BORN_MS + 1_234,
        event_id=EventId("concert"),
        version=2,
    )
    if name in PAID_EXAMPLES and name not in STATUS_AFTER:
        return example_of_a_payment(name)
    if issubclass(kind, OrderFact):
        return _example_order_fact(kind, stem)
    if issubclass(kind, EventOpened | EventChanged):
        return kind(**stem, configuration=EXAMPLE_CONFIGURATION)
    if issubclass(kind, PoolCapacityChanged):
        return kind(**stem, pool=PoolId("floor"), capacity=120)
    return kind(**stem)


def _example_order_fact(kind: type[OrderFact], stem: FactStem) -> OrderFact:
    status = STATUS_AFTER[kind.__name__]
    is_birth = status is OrderStatus.HELD
    is_confirmed = status in {OrderStatus.CONFIRMED, OrderStatus.CANCELLED}
    version = {OrderStatus.HELD: 1, OrderStatus.CANCELLED: 3}.get(status, 2)
    order = Order(
        id=make_order_id(Partition(2), EventId("concert"), "abcdefghijklmnopqrstuvwxyz"),
        event_id=EventId("concert"),
        customer_ref=CustomerRef("zyxwvutsrqponmlkjihgfedcba"),
        fingerprint="0123456789abcdef0123456789abcdef",
        status=status,
        birth=Birth(OrderStatus.HELD, BORN_MS + 600_000),
        lines=(
            OrderLine(TicketTypeId("adult"), 2, Money(0, "EUR"), "Adult"),
            OrderLine(TicketTypeId("child"), 1, Money(0, "EUR"), "Niño"),
        ),
        total=Money(0, "EUR"),
        created_at_ms=BORN_MS,
        expires_at_ms=None if is_confirmed else BORN_MS + 600_000,
        confirmed_at_ms=BORN_MS + 1_234 if is_confirmed else None,
        version=version,
        payment_id=None,
        settlement=Settlement.FREE if is_confirmed else None,
        refunded=Money(0, "EUR"),
    )
    before = OrderStatus.CONFIRMED if status is OrderStatus.CANCELLED else OrderStatus.HELD
    stem["version"] = version
    return kind(**stem, order=order, previous=None if is_birth else before)


def example_of_a_payment(name: str) -> OrderFact:
    """The fact of this kind about an order of 31.50 EUR that is paid, or not."""
    before, status, version = PAID_EXAMPLES[name]
    free = example("OrderCancelled")
    assert isinstance(free, OrderFact)
    is_confirmed, is_held = status is OrderStatus.CONFIRMED, status is OrderStatus.HELD
    refunded = Money(1_050, "EUR") if name == "OrderRefunded" else Money(0, "EUR")
    order = replace(
        free.order,
        status=status,
        lines=tuple(replace(each, unit_price=Money(1_050, "EUR")) for each in free.order.lines),
        total=Money(3_150, "EUR"),
        expires_at_ms=None if is_confirmed else BORN_MS + 600_000,
        confirmed_at_ms=BORN_MS + 1_234 if is_confirmed else None,
        version=version,
        payment_id=None if is_held else PAYMENT,
        settlement=Settlement.PAID if is_confirmed else None,
        refunded=refunded,
    )
    stem = FactStem(
        partition=free.partition,
        position=free.position,
        at_ms=free.at_ms,
        event_id=free.event_id,
        version=version,
    )
    if name == "OrderRefunded":
        return OrderRefunded(**stem, order=order, previous=before, amount=refunded)
    return ORDER_FACTS[name](**stem, order=order, previous=before)


slugs = st.text("abcxyz019", min_size=1, max_size=40)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
instants = st.integers(0, 4_000_000_000_000)
maybe_instants = st.none() | instants
amounts = st.builds(Money, st.integers(0, MAX_AMOUNT_MINOR), st.sampled_from(["EUR", "JPY", "KWD"]))
counts = st.integers(0, 10_000_000)
tails = st.text("abcxyz27", min_size=26, max_size=26)

ticket_types = st.builds(
    TicketType,
    id=slugs.map(TicketTypeId),
    name=names,
    price=amounts,
    pools=st.lists(slugs.map(PoolId), min_size=1, max_size=3).map(tuple),
    min_per_order=counts,
    max_per_order=counts,
    max_per_customer=counts,
    on_sale_from_ms=maybe_instants,
    on_sale_until_ms=maybe_instants,
)
configurations = st.builds(
    EventConfiguration,
    id=slugs.map(EventId),
    organiser_id=slugs.map(OrganiserId),
    name=names,
    starts_at_ms=instants,
    currency=st.sampled_from(["EUR", "JPY"]),
    hold_seconds=counts,
    pools=st.lists(st.builds(Pool, slugs.map(PoolId), counts), max_size=3).map(tuple),
    ticket_types=st.lists(ticket_types, max_size=3).map(tuple),
)
orders = st.builds(
    Order,
    id=st.builds(lambda event, tail: OrderId(f"07.{event}.{tail}"), slugs, tails),
    event_id=slugs.map(EventId),
    customer_ref=tails.map(CustomerRef),
    fingerprint=st.text("0123456789abcdef", min_size=32, max_size=32),
    status=st.sampled_from(OrderStatus),
    birth=st.builds(Birth, st.sampled_from(OrderStatus), maybe_instants),
    lines=st.lists(
        st.builds(OrderLine, slugs.map(TicketTypeId), counts, amounts, names), max_size=3
    ).map(tuple),
    total=amounts,
    created_at_ms=instants,
    expires_at_ms=maybe_instants,
    confirmed_at_ms=maybe_instants,
    version=counts,
    payment_id=st.none() | tails.map(make_payment_id),
    settlement=st.none() | st.sampled_from(Settlement),
    refunded=amounts,
)


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    kind = draw(st.sampled_from(list(FACTS.values())))
    stem = FactStem(
        partition=Partition(draw(st.integers(0, 15))),
        position=Position(draw(st.integers(1, 2**31 - 1)), draw(st.integers(1, 2**53))),
        at_ms=draw(instants),
        event_id=EventId(draw(slugs)),
        version=draw(counts),
    )
    if issubclass(kind, OrderFact):
        order = draw(orders)
        refunded = Money(order.refunded.amount_minor, order.total.currency)
        order = replace(order, event_id=stem["event_id"], refunded=refunded)
        previous = draw(st.none() | st.sampled_from(OrderStatus))
        if issubclass(kind, OrderRefunded):
            return kind(**stem, order=order, previous=previous, amount=draw(amounts))
        return kind(**stem, order=order, previous=previous)
    if issubclass(kind, EventOpened | EventChanged):
        return kind(**stem, configuration=replace(draw(configurations), id=stem["event_id"]))
    if issubclass(kind, PoolCapacityChanged):
        return kind(**stem, pool=PoolId(draw(slugs)), capacity=draw(counts))
    return kind(**stem)
