"""An order: one buyer's claim, with a state."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.ids import CustomerRef, EventId, OrderId, PaymentId, TicketTypeId
from payments import Money


class OrderStatus(StrEnum):
    HELD = "held"
    PAYING = "paying"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Settlement(StrEnum):
    """Why an order needs no more money."""

    FREE = "free"
    """Its total is zero."""
    PAID = "paid"
    HACK = "hack"
    """The money is somebody else's business: the old platform's, or a box office's."""


NEXT_STATUSES: dict[OrderStatus | None, frozenset[OrderStatus]] = {
    None: frozenset({OrderStatus.HELD, OrderStatus.CONFIRMED}),
    OrderStatus.HELD: frozenset(
        {OrderStatus.CONFIRMED, OrderStatus.PAYING, OrderStatus.RELEASED, OrderStatus.EXPIRED}
    ),
    OrderStatus.PAYING: frozenset({OrderStatus.HELD, OrderStatus.CONFIRMED, OrderStatus.EXPIRED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.RELEASED: frozenset({OrderStatus.CONFIRMED}),
    OrderStatus.EXPIRED: frozenset({OrderStatus.CONFIRMED}),
    OrderStatus.CANCELLED: frozenset({OrderStatus.CANCELLED}),
}
"""Every legal edge; None is the order that does not exist yet. A confirmed order stays one only
when a part of its money goes back, a cancelled one when any of it does."""

HOLDING = frozenset({OrderStatus.HELD, OrderStatus.PAYING})
"""States whose units count as held in their pools."""

LIVE = HOLDING | {OrderStatus.CONFIRMED}
"""States that count against `max_per_customer`."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One ticket type of an order, with the name and the price of the moment it was placed."""

    ticket_type: TicketTypeId
    quantity: int
    unit_price: Money
    name: str

    @property
    def amount(self) -> Money:
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Birth:
    """What the buyer was told when the order was placed: a replay answers this again, for ever."""

    status: OrderStatus
    expires_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """Times are milliseconds since 1970, UTC, by Redis `TIME`. `version` counts changes from 1.

    `payment_id`: the payment that is open, or that settled it. `refunded`: all that went back, of
    the total.
    """

    id: OrderId
    event_id: EventId
    customer_ref: CustomerRef
    fingerprint: str
    status: OrderStatus
    birth: Birth
    lines: tuple[OrderLine, ...]
    total: Money
    created_at_ms: int
    expires_at_ms: int | None
    confirmed_at_ms: int | None
    version: int
    payment_id: PaymentId | None
    settlement: Settlement | None
    refunded: Money

    def as_of(self, now_ms: int) -> "Order":
        """A hold whose deadline has come is shown as expired, whether or not it was swept yet."""
        is_overdue = (
            self.status is OrderStatus.HELD
            and self.expires_at_ms is not None
            and now_ms >= self.expires_at_ms
        )
        return replace(self, status=OrderStatus.EXPIRED) if is_overdue else self

    def at_birth(self) -> "Order":
        """The same order as its 201 showed it."""
        is_confirmed = self.birth.status is OrderStatus.CONFIRMED
        return replace(
            self,
            status=self.birth.status,
            expires_at_ms=self.birth.expires_at_ms,
            confirmed_at_ms=self.created_at_ms if is_confirmed else None,
            version=1,
            payment_id=None,
            settlement=Settlement.FREE if is_confirmed else None,
            refunded=Money(0, self.total.currency),
        )

    def shares_of(self, refunded: Money) -> tuple[int, ...]:
        """What each line has of a refund, in minor units: by its amount; the sum is exact."""
        shares, before, amount_minor = [], 0, 0
        for line in self.lines:
            amount_minor += line.amount.amount_minor
            upto = refunded.amount_minor * amount_minor // max(self.total.amount_minor, 1)
            shares.append(upto - before)
            before = upto
        return tuple(shares)


def unsaid_settlement(total: Money, confirmed_at_ms: int | None) -> Settlement | None:
    """That of an order of which nobody wrote it down: once, only free orders were confirmed."""
    return Settlement.FREE if confirmed_at_ms is not None and total.is_zero else None


@dataclass(frozen=True, slots=True)
class Person:
    """Personal data of a buyer. Never on the bus; only in the outbox and the ledger's customers."""

    email: str
    name: str | None
