"""Bodies of the organiser's event calls: what is asked, what is answered."""

from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from app.api.forms import (
    AskedInstant,
    EventState,
    Instant,
    MoneyAnswer,
    Name,
    Slug,
    instant,
    milliseconds,
    optional_instant,
    optional_milliseconds,
)
from app.api.strict_json import StrictBody
from app.domain.events import (
    CAPACITY_MAX,
    HOLD_SECONDS_MAX,
    POOLS_MAX,
    TICKET_TYPES_MAX,
    EventConfiguration,
    Pool,
    SellingStatus,
    TicketType,
)
from app.domain.ids import EventId, OrganiserId, PoolId, TicketTypeId
from app.selling import AdminEvent
from payments import MAX_AMOUNT_MINOR, Money, minor_digits_of

LIMIT_MAX = 1_000_000


def _check_currency(value: str) -> str:
    minor_digits_of(value)
    return value


Currency = Annotated[
    str, Field(pattern="^[A-Z]{3}$", examples=["EUR"]), AfterValidator(_check_currency)
]
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]
Price = Annotated[
    int,
    Field(ge=0, le=MAX_AMOUNT_MINOR, description="Minor units of the event's currency; 0 = free."),
]


class AskedPool(StrictBody):
    id: Slug
    capacity: Annotated[int, Field(ge=0, le=CAPACITY_MAX)]


class AskedTicketType(StrictBody):
    """Takes one unit of each of its pools."""

    id: Slug
    name: Name
    price: Price
    pools: Annotated[list[Slug], Field(min_length=1, max_length=POOLS_MAX)]
    min_per_order: Limit = 1
    max_per_order: Limit = 10
    max_per_customer: Limit = 10
    on_sale_from: AskedInstant | None = None
    on_sale_until: AskedInstant | None = None

    def ticket_type(self, currency: str) -> TicketType:
        return TicketType(
            id=TicketTypeId(self.id),
            name=self.name,
            price=Money(self.price, currency),
            pools=tuple(PoolId(pool) for pool in self.pools),
            min_per_order=self.min_per_order,
            max_per_order=self.max_per_order,
            max_per_customer=self.max_per_customer,
            on_sale_from_ms=optional_milliseconds(self.on_sale_from),
            on_sale_until_ms=optional_milliseconds(self.on_sale_until),
        )


CREATED_EXAMPLE: dict[str, JsonValue] = {
    "id": "concert-in-the-park-9f3a1c",
    "name": "Concert in the park",
    "status": "draft",
    "starts_at": "2030-06-20T20:00:00.000Z",
    "currency": "EUR",
    "hold_seconds": 600,
    "version": 1,
    "pools": [{"id": "lawn", "capacity": 1200, "available": None, "held": None, "sold": None}],
    "ticket_types": [
        {
            "id": "adult",
            "name": "Adult",
            "price": {"amount": 0, "currency": "EUR"},
            "pools": ["lawn"],
            "min_per_order": 1,
            "max_per_order": 10,
            "max_per_customer": 10,
            "on_sale_from": None,
            "on_sale_until": None,
        }
    ],
}
EVENT_EXAMPLE: dict[str, JsonValue] = {
    "name": "Concert in the park",
    "starts_at": "2030-06-20T20:00:00Z",
    "currency": "EUR",
    "pools": [{"id": "lawn", "capacity": 1200}],
    "ticket_types": [{"id": "adult", "name": "Adult", "price": 0, "pools": ["lawn"]}],
}
"""Without an id, so that it can be created again and again."""


class AskedEvent(StrictBody):
    id: Slug | None = None
    name: Name
    starts_at: AskedInstant
    currency: Currency
    pools: Annotated[list[AskedPool], Field(min_length=1, max_length=POOLS_MAX)]
    ticket_types: Annotated[list[AskedTicketType], Field(min_length=1, max_length=TICKET_TYPES_MAX)]
    hold_seconds: Annotated[int, Field(ge=1, le=HOLD_SECONDS_MAX)] = 600

    model_config = ConfigDict(json_schema_extra={"examples": [EVENT_EXAMPLE]})

    def configuration(self, event_id: EventId, organiser_id: OrganiserId) -> EventConfiguration:
        return EventConfiguration(
            id=event_id,
            organiser_id=organiser_id,
            name=self.name,
            starts_at_ms=milliseconds(self.starts_at),
            currency=self.currency,
            hold_seconds=self.hold_seconds,
            pools=tuple(Pool(PoolId(pool.id), pool.capacity) for pool in self.pools),
            ticket_types=tuple(each.ticket_type(self.currency) for each in self.ticket_types),
        )


class AskedEventChange(StrictBody):
    """What is left out stays as it is."""

    name: Name | None = None
    starts_at: AskedInstant | None = None
    hold_seconds: Annotated[int, Field(ge=1, le=HOLD_SECONDS_MAX)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"hold_seconds": 600}]})

    def apply(self, before: EventConfiguration) -> EventConfiguration:
        return replace(
            before,
            name=self.name or before.name,
            starts_at_ms=(
                before.starts_at_ms if self.starts_at is None else milliseconds(self.starts_at)
            ),
            hold_seconds=self.hold_seconds or before.hold_seconds,
        )


class AskedTypeChange(StrictBody):
    """What is left out stays as it is; null opens that side of the sale window."""

    name: Name | None = None
    price: Price | None = None
    min_per_order: Limit | None = None
    max_per_order: Limit | None = None
    max_per_customer: Limit | None = None
    on_sale_from: AskedInstant | None = None
    on_sale_until: AskedInstant | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"max_per_customer": 10}]})

    def apply(self, before: TicketType) -> TicketType:
        asked = self.model_fields_set
        price = before.price if self.price is None else Money(self.price, before.price.currency)
        return replace(
            before,
            name=self.name or before.name,
            price=price,
            min_per_order=self.min_per_order or before.min_per_order,
            max_per_order=self.max_per_order or before.max_per_order,
            max_per_customer=self.max_per_customer or before.max_per_customer,
            on_sale_from_ms=(
                optional_milliseconds(self.on_sale_from)
                if "on_sale_from" in asked
                else before.on_sale_from_ms
            ),
            on_sale_until_ms=(
                optional_milliseconds(self.on_sale_until)
                if "on_sale_until" in asked
                else before.on_sale_until_ms
            ),
        )


class PoolAnswer(BaseModel):
    """capacity = available + held + sold. A draft has a capacity only."""

    id: str
    capacity: int
    available: int | None
    held: int | None
    sold: int | None


class AdminTypeAnswer(BaseModel):
    id: str
    name: str
    price: MoneyAnswer
    pools: list[str]
    min_per_order: int
    max_per_order: int
    max_per_customer: int
    on_sale_from: Instant | None
    on_sale_until: Instant | None


class AdminEventAnswer(BaseModel):
    """`version` grows with every change."""

    model_config = ConfigDict(json_schema_extra={"examples": [CREATED_EXAMPLE]})

    id: str
    name: str
    status: EventState
    starts_at: Instant
    currency: str
    hold_seconds: int
    version: int
    pools: list[PoolAnswer]
    ticket_types: list[AdminTypeAnswer]


def state_of(status: SellingStatus | None) -> EventState:
    """A draft has no status in the inventory."""
    return EventState(status) if status else EventState.DRAFT


def answer_event(event: AdminEvent) -> AdminEventAnswer:
    configuration = event.configuration
    return AdminEventAnswer(
        id=configuration.id,
        name=configuration.name,
        status=state_of(event.status),
        starts_at=instant(configuration.starts_at_ms),
        currency=configuration.currency,
        hold_seconds=configuration.hold_seconds,
        version=event.version,
        pools=[_answer_pool(event, pool) for pool in configuration.pools],
        ticket_types=[_answer_type(each) for each in configuration.ticket_types],
    )


def _answer_pool(event: AdminEvent, pool: Pool) -> PoolAnswer:
    stock = event.stock[pool.id] if event.stock else None
    return PoolAnswer(
        id=pool.id,
        capacity=stock.capacity if stock else pool.capacity,
        available=stock.available if stock else None,
        held=stock.held if stock else None,
        sold=stock.sold if stock else None,
    )


def _answer_type(each: TicketType) -> AdminTypeAnswer:
    return AdminTypeAnswer(
        id=each.id,
        name=each.name,
        price=MoneyAnswer.of(each.price),
        pools=list(each.pools),
        min_per_order=each.min_per_order,
        max_per_order=each.max_per_order,
        max_per_customer=each.max_per_customer,
        on_sale_from=optional_instant(each.on_sale_from_ms),
        on_sale_until=optional_instant(each.on_sale_until_ms),
    )
