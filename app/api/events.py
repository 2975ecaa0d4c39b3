"""Events and availability, as buyers see them. Reads only, from a snapshot of half a second."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, JsonValue

from app.api.dependencies import ServicesDep
from app.api.forms import (
    EventInPath,
    Instant,
    MoneyAnswer,
    Page,
    instant,
    optional_instant,
)
from app.api.problems import describe_problems, problem
from app.domain.events import Availability, PublicStatus, TypeAvailability
from app.domain.ids import EventId

router = APIRouter(prefix="/v1", tags=["events"])

EVENT_EXAMPLE: dict[str, JsonValue] = {
    "id": "demo",
    "name": "Free concert in the park",
    "starts_at": "2026-06-20T20:00:00.000Z",
    "status": "on_sale",
    "currency": "EUR",
    "ticket_types": [
        {
            "id": "general",
            "name": "General admission",
            "price": {"amount": 0, "currency": "EUR"},
            "min_per_order": 1,
            "max_per_order": 10,
            "max_per_customer": 10,
            "on_sale_from": None,
            "on_sale_until": None,
            "status": "on_sale",
            "remaining": 18000,
        }
    ],
}


AVAILABILITY_EXAMPLE: dict[str, JsonValue] = {
    "as_of": "2026-05-01T18:00:00.123Z",
    "ticket_types": [{"id": "general", "remaining": 18000, "status": "on_sale"}],
}


class TicketTypeAnswer(BaseModel):
    id: str
    name: str
    price: MoneyAnswer
    min_per_order: int
    max_per_order: int
    max_per_customer: int
    on_sale_from: Instant | None
    on_sale_until: Instant | None
    status: PublicStatus
    remaining: int


class EventAnswer(BaseModel):
    """`all_held`: nothing is left now, but units on hold may come back."""

    id: str
    name: str
    starts_at: Instant
    status: PublicStatus
    currency: str
    ticket_types: list[TicketTypeAnswer]

    model_config = ConfigDict(json_schema_extra={"examples": [EVENT_EXAMPLE]})


class TypeAvailabilityAnswer(BaseModel):
    id: str
    remaining: int
    status: PublicStatus


class AvailabilityAnswer(BaseModel):
    as_of: Instant
    ticket_types: list[TypeAvailabilityAnswer]

    model_config = ConfigDict(json_schema_extra={"examples": [AVAILABILITY_EXAMPLE]})


PageAfter = Annotated[
    str | None,
    Query(
        max_length=4000,
        pattern=r"^[\x21-\x7e]+$",
        description="`next` of the page before; leave out to begin.",
    ),
]
PageLimit = Annotated[int, Query(ge=1, le=100)]


@router.get(
    "/events",
    operation_id="listEvents",
    summary="List events",
    response_model=Page[EventAnswer],
    responses=describe_problems("invalid", "unavailable"),
)
async def list_events(
    services: ServicesDep, after: PageAfter = None, limit: PageLimit = 50
) -> Page[EventAnswer]:
    """Every event that was ever opened, by id."""
    found = await services.board.page(EventId(after) if after else None, limit)
    last = found[-1].event.configuration.id if len(found) == limit else None
    return Page[EventAnswer](items=[_answer(each) for each in found], next=last)


@router.get(
    "/events/{event_id}",
    operation_id="readEvent",
    summary="Read an event",
    response_model=EventAnswer,
    responses=describe_problems("not-found", "unavailable"),
)
async def read_event(event_id: EventInPath, services: ServicesDep) -> EventAnswer | JSONResponse:
    """Its ticket types, and what is left of each."""
    found = await services.board.of_event(EventId(event_id))
    return _answer(found) if found else _not_found()


@router.get(
    "/events/{event_id}/availability",
    operation_id="readAvailability",
    summary="Read what is left",
    response_model=AvailabilityAnswer,
    responses=describe_problems("not-found", "unavailable"),
)
async def read_availability(event_id: EventInPath, services: ServicesDep) -> Response:
    """For polling: at most half a second old."""
    found = await services.board.of_event(EventId(event_id))
    if found is None:
        return _not_found()
    members = {
        "as_of": instant(found.as_of_ms),
        "ticket_types": [
            {"id": each.ticket_type.id, "remaining": each.remaining, "status": each.status}
            for each in found.ticket_types
        ],
    }
    return Response(orjson.dumps(members), media_type="application/json")


def refuse_page(error: ValueError) -> JSONResponse:
    """For an `after` that was never the `next` of such a list."""
    errors = [{"where": "query.after", "message": str(error)}]
    return problem("invalid", "`after` is not the `next` of such a list.", errors=errors)


def _answer(found: Availability) -> EventAnswer:
    configuration = found.event.configuration
    return EventAnswer(
        id=configuration.id,
        name=configuration.name,
        starts_at=instant(configuration.starts_at_ms),
        status=found.status,
        currency=configuration.currency,
        ticket_types=[_type_answer(each) for each in found.ticket_types],
    )


def _type_answer(each: TypeAvailability) -> TicketTypeAnswer:
    ticket_type = each.ticket_type
    return TicketTypeAnswer(
        id=ticket_type.id,
        name=ticket_type.name,
        price=MoneyAnswer.of(ticket_type.price),
        min_per_order=ticket_type.min_per_order,
        max_per_order=ticket_type.max_per_order,
        max_per_customer=ticket_type.max_per_customer,
        on_sale_from=optional_instant(ticket_type.on_sale_from_ms),
        on_sale_until=optional_instant(ticket_type.on_sale_until_ms),
        status=each.status,
        remaining=each.remaining,
    )


def _not_found() -> JSONResponse:
    return problem("not-found", "There is no such event.")
