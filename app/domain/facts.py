"""Facts: recorded domain events, past tense, never changed.

A fact about an order carries the whole order, and a fact about an event's configuration the whole
configuration: a reader that missed nothing needs nothing else, and any copy can be rebuilt.
"""

from dataclasses import dataclass
from typing import ClassVar, TypedDict

from app.domain.events import EventConfiguration
from app.domain.ids import EventId, Partition, PoolId
from app.domain.orders import Order, OrderStatus
from payments import Money


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a fact stands in its partition. `seq` is contiguous and never restarts; `epoch` grows
    when a partition was rebuilt."""

    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


START = Position(0, 0)
"""Before the first fact of a partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`version` is that of the order or the event after this fact. `at_ms` is by Redis `TIME`."""

    SCHEMA_VERSION: ClassVar[int] = 1

    partition: Partition
    position: Position
    at_ms: int
    event_id: EventId
    version: int

    @property
    def id(self) -> str:
        """Unique for ever: partition, position, and whose version this is."""
        return f"{self.partition:02d}:{self.position}:{self.subject_tail}"

    @property
    def subject_tail(self) -> str:
        return "event"


class FactStem(TypedDict):
    """What every fact has, for those who build one from a record."""

    partition: Partition
    position: Position
    at_ms: int
    event_id: EventId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOpened(Fact):
    configuration: EventConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChanged(Fact):
    configuration: EventConfiguration


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPaused(Fact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventClosed(Fact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolCapacityChanged(Fact):
    pool: PoolId
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact(Fact):
    """`previous` is the status that the order left; None when it was born with this fact."""

    order: Order
    previous: OrderStatus | None

    @property
    def subject_tail(self) -> str:
        return self.order.id.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHeld(OrderFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(OrderFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReleased(OrderFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaymentBegan(OrderFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaymentFailed(OrderFact):
    """The order is a hold again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded(OrderFact):
    """`amount`: what went back now; `order.refunded` is all of it. With the last part the order is
    cancelled, if the organiser had not done so before."""

    amount: Money


ORDER_FACTS: dict[str, type[OrderFact]] = {
    each.__name__: each
    for each in (
        *(OrderHeld, OrderConfirmed, OrderReleased, OrderExpired, OrderCancelled),
        *(OrderPaymentBegan, OrderPaymentFailed, OrderRefunded),
    )
}

FACTS: dict[str, type[Fact]] = {
    each.__name__: each
    for each in (EventOpened, EventChanged, EventPaused, EventClosed, PoolCapacityChanged)
} | dict(ORDER_FACTS)
"""Name to class: the words of `EMITS` in the Lua headers and of `type` on the bus."""


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """A fact as a reader of the bus gets it: decoded, and the CloudEvents JSON it came as, which is
    what the archive keeps."""

    fact: Fact
    text: str
