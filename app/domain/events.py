"""An event on sale: its configuration, its stock, and the status a buyer is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.ids import EventId, OrganiserId, PoolId, TicketTypeId
from payments import Money

POOLS_MAX = 50
TICKET_TYPES_MAX = 50
CAPACITY_MAX = 10_000_000
QUANTITY_MAX = 100
"""Of one line; sums over lines stay under 2^53 by far (Lua numbers are doubles)."""
LINES_MAX = 20
HOLD_SECONDS_MAX = 86_400


INSTANT_MAX_MS = 253_402_300_799_999
"""The end of the year 9999: beyond it no RFC 3339 text can be written. The least is 0, 1970."""


class SellingStatus(StrEnum):
    """What an opened event is, as its organiser set it."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class PublicStatus(StrEnum):
    """What a buyer is shown. The order is that of precedence: the first that fits."""

    CLOSED = "closed"
    PAUSED = "paused"
    SCHEDULED = "scheduled"
    ON_SALE = "on_sale"
    ALL_HELD = "all_held"
    SOLD_OUT = "sold_out"


@dataclass(frozen=True, slots=True)
class Pool:
    id: PoolId
    capacity: int


@dataclass(frozen=True, slots=True)
class TicketType:
    """Takes one unit of each of its pools. On sale in [on_sale_from_ms, on_sale_until_ms)."""

    id: TicketTypeId
    name: str
    price: Money
    pools: tuple[PoolId, ...]
    min_per_order: int
    max_per_order: int
    max_per_customer: int
    on_sale_from_ms: int | None
    on_sale_until_ms: int | None


@dataclass(frozen=True, slots=True)
class EventConfiguration:
    """Everything about an event but its status and its stock."""

    id: EventId
    organiser_id: OrganiserId
    name: str
    starts_at_ms: int
    currency: str
    hold_seconds: int
    pools: tuple[Pool, ...]
    ticket_types: tuple[TicketType, ...]


@dataclass(frozen=True, slots=True)
class PoolStock:
    """capacity = available + held + sold, all >= 0, at every instant."""

    capacity: int
    available: int
    held: int
    sold: int


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """An event as Redis owns it. `version` counts changes of configuration, status and capacity."""

    configuration: EventConfiguration
    status: SellingStatus
    version: int
    stock: Mapping[PoolId, PoolStock]


@dataclass(frozen=True, slots=True)
class TypeAvailability:
    ticket_type: TicketType
    status: PublicStatus
    remaining: int


@dataclass(frozen=True, slots=True)
class Availability:
    """What can be bought of one event as of one moment."""

    as_of_ms: int
    event: OpenedEvent
    status: PublicStatus
    ticket_types: tuple[TypeAvailability, ...]


def availability_of(event: OpenedEvent, now_ms: int) -> Availability:
    """The status of the event is the best of its types: on sale while one type is."""
    types = tuple(
        _type_availability(event, each, now_ms) for each in event.configuration.ticket_types
    )
    return Availability(now_ms, event, _event_status(event, types), types)


def _type_availability(
    event: OpenedEvent, ticket_type: TicketType, now_ms: int
) -> TypeAvailability:
    stocks = [event.stock[pool] for pool in ticket_type.pools]
    remaining = min(stock.available for stock in stocks)
    return TypeAvailability(
        ticket_type, _type_status(event, ticket_type, stocks, now_ms), remaining
    )


def _type_status(
    event: OpenedEvent, ticket_type: TicketType, stocks: Iterable[PoolStock], now_ms: int
) -> PublicStatus:
    until, start = ticket_type.on_sale_until_ms, ticket_type.on_sale_from_ms
    empty = [stock for stock in stocks if stock.available == 0]
    if event.status is SellingStatus.CLOSED or (until is not None and now_ms >= until):
        return PublicStatus.CLOSED
    if event.status is SellingStatus.PAUSED:
        return PublicStatus.PAUSED
    if start is not None and now_ms < start:
        return PublicStatus.SCHEDULED
    if not empty:
        return PublicStatus.ON_SALE
    # Stock may come back only if every empty pool has units on hold.
    return PublicStatus.ALL_HELD if all(stock.held for stock in empty) else PublicStatus.SOLD_OUT


def _event_status(event: OpenedEvent, types: Iterable[TypeAvailability]) -> PublicStatus:
    if event.status is SellingStatus.CLOSED:
        return PublicStatus.CLOSED
    if event.status is SellingStatus.PAUSED:
        return PublicStatus.PAUSED
    present = {each.status for each in types}
    best = (PublicStatus.ON_SALE, PublicStatus.ALL_HELD, PublicStatus.SCHEDULED)
    for status in (*best, PublicStatus.SOLD_OUT):
        if status in present:
            return status
    return PublicStatus.CLOSED
