"""Expected answers, as values. What is broken is an exception (`app.runtime.errors`)."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.events import OpenedEvent, SellingStatus
from app.domain.ids import PoolId, TicketTypeId
from app.domain.orders import Order


class LimitKind(StrEnum):
    MIN_PER_ORDER = "min_per_order"
    MAX_PER_ORDER = "max_per_order"
    MAX_PER_CUSTOMER = "max_per_customer"
    LIVE_HOLDS_PER_CUSTOMER = "live_holds_per_customer"
    LIVE_HOLDS_PER_ADDRESS = "live_holds_per_address"


class ClosedReason(StrEnum):
    PAUSED = "paused"
    CLOSED = "closed"
    NOT_STARTED = "not_started"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """`replayed`: this key had placed the order before; the answer is the one given then."""

    order: Order
    replayed: bool


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The key was used before for another wish."""


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    pass


@dataclass(frozen=True, slots=True)
class SellingOff:
    """A toggle forbids this sale."""

    toggle: str


@dataclass(frozen=True, slots=True)
class SaleClosed:
    reason: ClosedReason


@dataclass(frozen=True, slots=True)
class UnknownTicketType:
    ticket_type: TicketTypeId


@dataclass(frozen=True, slots=True)
class LimitExceeded:
    """`ticket_type`: None for a cap on live holds, which is one of the whole event."""

    kind: LimitKind
    ticket_type: TicketTypeId | None
    limit: int


@dataclass(frozen=True, slots=True)
class SoldOut:
    """`may_return`: units of the empty pool are on hold and may come back."""

    ticket_type: TicketTypeId
    may_return: bool


@dataclass(frozen=True, slots=True)
class HoldsOverdue:
    """Nothing was decided: overdue holds must be expired first, then ask again."""


PlaceOutcome = (
    OrderPlaced
    | KeyReused
    | UnknownEvent
    | SellingOff
    | SaleClosed
    | UnknownTicketType
    | LimitExceeded
    | SoldOut
    | HoldsOverdue
)


@dataclass(frozen=True, slots=True)
class OrderIs:
    """The order as it is now, after the command (which may have had nothing left to do)."""

    order: Order


@dataclass(frozen=True, slots=True)
class UnknownOrder:
    pass


@dataclass(frozen=True, slots=True)
class HoldExpired:
    pass


@dataclass(frozen=True, slots=True)
class PaymentOpen:
    """The order is being paid; it cannot be let go now."""


@dataclass(frozen=True, slots=True)
class OrderTransitionRefused:
    order: Order


@dataclass(frozen=True, slots=True)
class HoldPinned:
    """Its payment is authorised: the order keeps its units, whatever the time."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderGone:
    """The order is not what this payment could settle: no longer, or not yet."""

    order: Order


ConfirmOutcome = OrderIs | UnknownOrder | HoldExpired | OrderTransitionRefused
ReleaseOutcome = OrderIs | UnknownOrder | PaymentOpen | OrderTransitionRefused
CancelOutcome = OrderIs | UnknownOrder | OrderTransitionRefused
BeginPaymentOutcome = OrderIs | UnknownOrder | HoldExpired | PaymentOpen | OrderTransitionRefused
EndPaymentOutcome = OrderIs | UnknownOrder | HoldPinned
"""Of one that failed, and of one that expires."""
PinOutcome = HoldPinned | UnknownOrder | OrderGone
UnpinOutcome = OrderIs | UnknownOrder
ConfirmPaymentOutcome = OrderIs | UnknownOrder | OrderGone
ReacquireOutcome = (
    OrderIs | UnknownOrder | OrderGone | SoldOut | LimitExceeded | SaleClosed | HoldsOverdue
)
RefundOutcome = OrderIs | UnknownOrder | OrderTransitionRefused


@dataclass(frozen=True, slots=True)
class EventIs:
    """The event as it is now, after the command (which may have had nothing left to do)."""

    event: OpenedEvent


@dataclass(frozen=True, slots=True)
class EventTransitionRefused:
    """`status` is where it stands; None for a draft."""

    status: SellingStatus | None


@dataclass(frozen=True, slots=True)
class ConfigurationRefused:
    """(where, what is wrong) pairs."""

    faults: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EventAlreadyExists:
    """Somebody has an event of this id, perhaps another organiser."""


@dataclass(frozen=True, slots=True)
class UnknownPool:
    pool: PoolId


@dataclass(frozen=True, slots=True)
class CapacityInUse:
    """Held and sold units do not fit; `minimum` is the least capacity that does."""

    minimum: int


@dataclass(frozen=True, slots=True)
class EventChangedMeanwhile:
    """The change was computed from an older version: read again and compute it anew."""


EventOutcome = EventIs | UnknownEvent | EventTransitionRefused
CapacityOutcome = EventIs | UnknownEvent | EventTransitionRefused | UnknownPool | CapacityInUse
ChangeOutcome = EventIs | UnknownEvent | EventTransitionRefused | EventChangedMeanwhile
