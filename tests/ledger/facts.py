"""Facts for the ledger's tests: one partition that counts by itself, orders that move."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.bus import encode_fact
from app.domain.events import EventConfiguration
from app.domain.facts import (
    EventOpened,
    Fact,
    FactStem,
    OrderCancelled,
    OrderConfirmed,
    OrderExpired,
    OrderFact,
    OrderHeld,
    OrderPaymentBegan,
    OrderPaymentFailed,
    OrderRefunded,
    OrderReleased,
    Position,
    RecordedFact,
)
from app.domain.ids import (
    ORDER_TAIL_CHARACTERS,
    CustomerRef,
    EventId,
    Partition,
    PaymentId,
    TicketTypeId,
    make_order_id,
)
from app.domain.orders import Birth, Order, OrderLine, OrderStatus, Settlement, unsaid_settlement
from app.ledger import Applied, Ledger, ProjectionBatch
from payments import Money

BEGIN_MS = 1_800_000_000_000
PARTITION = Partition(3)
PAYMENT = PaymentId("pay_" + "a" * 26)
BEFORE_ALL = Position(1, 0)
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"  # in the order of bytes

_KINDS: dict[OrderStatus, type[OrderFact]] = {
    OrderStatus.HELD: OrderHeld,
    OrderStatus.CONFIRMED: OrderConfirmed,
    OrderStatus.RELEASED: OrderReleased,
    OrderStatus.EXPIRED: OrderExpired,
    OrderStatus.CANCELLED: OrderCancelled,
}


@dataclass(slots=True)
class Teller:
    """Tells the facts of one partition, one after the other, a millisecond apart."""

    partition: Partition = PARTITION
    position: Position = BEFORE_ALL
    at_ms: int = BEGIN_MS
    versions: dict[EventId, int] = field(default_factory=dict)

    def opened(self, configuration: EventConfiguration) -> RecordedFact:
        stem = self.event_stem(configuration.id)
        return record(EventOpened(**stem, configuration=configuration))

    def event_stem(self, event_id: EventId) -> FactStem:
        """For any fact about an event."""
        self.versions[event_id] = self.versions.get(event_id, 0) + 1
        return self._stem(event_id, self.versions[event_id])

    def placed(self, order: Order) -> RecordedFact:
        """The birth of an order, as its status says."""
        return self._tell(order, None)

    def moved(self, order: Order, status: OrderStatus) -> tuple[Order, RecordedFact]:
        """The order in its next status, and the fact of it."""
        confirmed_at_ms = self.at_ms if status is OrderStatus.CONFIRMED else order.confirmed_at_ms
        after = replace(
            order,
            status=status,
            version=order.version + 1,
            confirmed_at_ms=confirmed_at_ms,
            settlement=order.settlement or unsaid_settlement(order.total, confirmed_at_ms),
        )
        return after, self._tell(after, order.status)

    def paid(self, order: Order, status: OrderStatus) -> tuple[Order, RecordedFact]:
        """A step of the order's payment, by where it leads."""
        kinds = {OrderStatus.PAYING: OrderPaymentBegan, OrderStatus.HELD: OrderPaymentFailed}
        is_open = status is OrderStatus.PAYING
        after = replace(
            order,
            status=status,
            version=order.version + 1,
            payment_id=PAYMENT if is_open else None,
        )
        return after, self._tell(after, order.status, kinds[status])

    def settled(self, order: Order, settlement: Settlement) -> tuple[Order, RecordedFact]:
        after = replace(
            order,
            status=OrderStatus.CONFIRMED,
            version=order.version + 1,
            expires_at_ms=None,
            confirmed_at_ms=self.at_ms,
            payment_id=PAYMENT,
            settlement=settlement,
        )
        return after, self._tell(after, order.status)

    def refunded(self, order: Order, refunded_minor: int) -> tuple[Order, RecordedFact]:
        """`refunded_minor`: all that has gone back by now."""
        refunded = Money(refunded_minor, order.total.currency)
        status = OrderStatus.CANCELLED if refunded == order.total else order.status
        after = replace(order, status=status, version=order.version + 1, refunded=refunded)
        stem = self._stem(order.event_id, after.version)
        amount = refunded - order.refunded
        fact = OrderRefunded(**stem, order=after, previous=order.status, amount=amount)
        return after, record(fact)

    def _tell(
        self, order: Order, previous: OrderStatus | None, kind: type[OrderFact] | None = None
    ) -> RecordedFact:
        stem = self._stem(order.event_id, order.version)
        kind = kind or _KINDS[order.status]
        return record(kind(**stem, order=order, previous=previous))

    def _stem(self, event_id: EventId, version: int) -> FactStem:
        self.position = Position(self.position.epoch, self.position.seq + 1)
        self.at_ms += 1
        return FactStem(
            partition=self.partition,
            position=self.position,
            at_ms=self.at_ms,
            event_id=event_id,
            version=version,
        )


def record(fact: Fact) -> RecordedFact:
    return RecordedFact(fact, encode_fact(fact).decode())


def an_order(
    number: int = 1,
    lines: Sequence[tuple[str, int, int]] = (("adult", 1, 0),),
    *,
    event_id: str = "concert",
    status: OrderStatus = OrderStatus.CONFIRMED,
    customer_ref: str = "ana",
    created_at_ms: int = BEGIN_MS,
    partition: int = 3,
) -> Order:
    """`lines` are ticket type, quantity, unit price in cents."""
    digits = [_BASE32[(number >> 5 * each) & 31] for each in range(ORDER_TAIL_CHARACTERS)]
    expires_at_ms = created_at_ms + 600_000 if status is OrderStatus.HELD else None
    return Order(
        id=make_order_id(Partition(partition), EventId(event_id), "".join(reversed(digits))),
        event_id=EventId(event_id),
        customer_ref=CustomerRef(customer_ref),
        fingerprint="f" * 32,
        status=status,
        birth=Birth(status, expires_at_ms),
        lines=tuple(
            OrderLine(TicketTypeId(name), quantity, Money(price, "EUR"), name.capitalize())
            for name, quantity, price in lines
        ),
        total=Money(sum(quantity * price for _, quantity, price in lines), "EUR"),
        created_at_ms=created_at_ms,
        expires_at_ms=expires_at_ms,
        confirmed_at_ms=created_at_ms if status is OrderStatus.CONFIRMED else None,
        version=1,
        payment_id=None,
        settlement=Settlement.FREE if status is OrderStatus.CONFIRMED else None,
        refunded=Money(0, "EUR"),
    )


class Feeder:
    """A projector in small: hands facts on and remembers the cursor."""

    def __init__(self, ledger: Ledger, shard: str = "s0") -> None:
        self.ledger = ledger
        self.shard = shard
        self.cursor: str | None = None
        self.count = 0

    async def feed(self, *facts: RecordedFact) -> Applied:
        self.count += 1
        after = f"c{self.count}"
        applied = await self.ledger.projection.apply(
            ProjectionBatch("projector", self.shard, self.cursor, after, facts)
        )
        self.cursor = after
        return applied
