"""Ids, and what follows from an id alone: its partition, its event, its keys.

An order id is `<pp>.<event_id>.<26 lower-case base32>`; `pp` is the partition of its event, so no
look-up is ever needed to find where an order lives.
"""

import re
import zlib
from dataclasses import dataclass
from typing import NewType

EventId = NewType("EventId", str)
TicketTypeId = NewType("TicketTypeId", str)
PoolId = NewType("PoolId", str)
OrganiserId = NewType("OrganiserId", str)
OrderId = NewType("OrderId", str)
CustomerRef = NewType("CustomerRef", str)
AddressRef = NewType("AddressRef", str)
PaymentId = NewType("PaymentId", str)
"""`pay_` and 26 characters of lower-case base32: the reference that a provider is given."""
Partition = NewType("Partition", int)

SLUG_PATTERN = r"[a-z0-9][a-z0-9-]{0,39}"
"""Event, ticket type, pool and organiser ids: safe in a URL, a Redis key and a file name."""

ORDER_TAIL_CHARACTERS = 26
"""130 bits in base32 (5 bits a character)."""
PAYMENT_PREFIX = "pay_"
PAYMENT_ID_PATTERN = rf"{PAYMENT_PREFIX}[a-z2-7]{{{ORDER_TAIL_CHARACTERS}}}"

_SLUG = re.compile(SLUG_PATTERN)
_PAYMENT_ID = re.compile(PAYMENT_ID_PATTERN)
_ORDER_ID = re.compile(rf"([0-9]{{2}})\.({SLUG_PATTERN})\.([a-z2-7]{{{ORDER_TAIL_CHARACTERS}}})")


def is_slug(text: str) -> bool:
    """Whether this can be an event, ticket type, pool or organiser id at all."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class OrderAddress:
    """An order id taken apart."""

    order_id: OrderId
    partition: Partition
    event_id: EventId


def partition_of(event_id: EventId, partitions: int) -> Partition:
    """The partition of an event for ever: `partitions` never changes after the first boot."""
    return Partition(zlib.crc32(event_id.encode()) % partitions)


def make_order_id(partition: Partition, event_id: EventId, tail: str) -> OrderId:
    """`tail` is 26 characters of lower-case base32, see `identity.order_tail`."""
    return OrderId(f"{partition:02d}.{event_id}.{tail}")


def event_of(order_id: OrderId) -> EventId:
    """Of an id that was given out."""
    return EventId(order_id.split(".")[1])


def parse_order_id(text: str, partitions: int) -> OrderAddress | None:
    """None for anything that this installation cannot have given out."""
    match = _ORDER_ID.fullmatch(text)
    if match is None:
        return None
    event_id = EventId(match[2])
    partition = partition_of(event_id, partitions)
    if int(match[1]) != partition:
        return None
    return OrderAddress(OrderId(text), partition, event_id)


def make_payment_id(tail: str) -> PaymentId:
    """`tail` is 26 characters of lower-case base32, see `identity.payment_tail`."""
    return PaymentId(PAYMENT_PREFIX + tail)


def parse_payment_id(text: str) -> PaymentId | None:
    """None for anything that nobody of ours can have given out."""
    return PaymentId(text) if _PAYMENT_ID.fullmatch(text) else None


def reference_of(payment_id: PaymentId) -> str:
    """What a provider knows the payment by: letters and digits alone."""
    return payment_id.removeprefix(PAYMENT_PREFIX)
