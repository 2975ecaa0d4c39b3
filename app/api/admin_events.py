"""Events as their organiser sees them: drafts, opening, pausing, closing, changing."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, assert_never

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field
from slugify import slugify

from app.api.admin_event_forms import (
    AdminEventAnswer,
    AskedEvent,
    AskedEventChange,
    AskedTypeChange,
    answer_event,
    state_of,
)
from app.api.authentication import EventsReader, EventsWriter
from app.api.dependencies import SellingDep, ServicesDep
from app.api.events import PageAfter, PageLimit
from app.api.forms import EventInPath, Page
from app.api.problems import describe_problems, problem
from app.api.strict_json import StrictBody, StrictJsonRoute
from app.domain.events import CAPACITY_MAX, EventConfiguration
from app.domain.ids import EventId, PoolId
from app.domain.outcomes import (
    CapacityInUse,
    ConfigurationRefused,
    EventAlreadyExists,
    EventTransitionRefused,
    UnknownEvent,
    UnknownPool,
)
from app.selling import AdminCapacityOutcome, AdminEvent

router = APIRouter(prefix="/v1/admin", tags=["admin: events"], route_class=StrictJsonRoute)

OwnEventInPath = Annotated[str, Path(description="The id of an event of yours.")]
"""Without an example: nobody is to close the demo by trying."""
TicketTypeInPath = Annotated[
    str, Path(description="The id of a ticket type.", examples=["general"])
]
PoolInPath = Annotated[str, Path(description="The id of a pool.", examples=["field"])]

_CALLER_PROBLEMS = ("unauthenticated", "forbidden", "unavailable")
_READ_PROBLEMS = (*_CALLER_PROBLEMS, "not-found")
_WRITE_PROBLEMS = (*_READ_PROBLEMS, "outcome-unknown", "invalid-transition")
_BODY_PROBLEMS = ("malformed", "unsupported-media-type", "invalid")


def _with_the_event(operation_id: str, description: str) -> dict[str, object]:
    """A link from a created event to what may be done with it."""
    return {
        "operationId": operation_id,
        "description": description,
        "parameters": {"path.event_id": "$response.body#/id"},
    }


_LINKS = {
    "read": _with_the_event("readOwnEvent", "Read the event."),
    "change": _with_the_event("changeEvent", "Change the event."),
    "open": _with_the_event("openEvent", "Put it on sale."),
    "pause": _with_the_event("pauseEvent", "Pause it, once it is open."),
    "close": _with_the_event("closeEvent", "Close it for ever, once it is open."),
    "sales": _with_the_event("readSales", "Read its sales."),
}


class AskedCapacity(StrictBody):
    capacity: Annotated[int, Field(ge=0, le=CAPACITY_MAX)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"capacity": 18_000}]})


@router.post(
    "/events",
    operation_id="createEvent",
    summary="Create an event",
    status_code=201,
    response_model=AdminEventAnswer,
    responses={
        201: {"links": _LINKS},
        **describe_problems(
            *(*_CALLER_PROBLEMS, *_BODY_PROBLEMS, "outcome-unknown", "already-exists")
        ),
    },
)
async def create_event(
    asked: AskedEvent, services: ServicesDep, caller: EventsWriter
) -> AdminEventAnswer | JSONResponse:
    """A draft, which no buyer sees until it is opened. Without an id one is made from the name."""
    event_id = (
        asked.id or f"{slugify(asked.name)[:30].strip('-') or 'event'}-{secrets.token_hex(3)}"
    )
    outcome = await services.organising.create(
        asked.configuration(EventId(event_id), caller.organiser_id)
    )
    return _answer(outcome)


@router.get(
    "/events",
    operation_id="listOwnEvents",
    summary="List own events, drafts included",
    response_model=Page[AdminEventAnswer],
    responses=describe_problems(*_CALLER_PROBLEMS, "invalid"),
)
async def list_own_events(
    services: ServicesDep, caller: EventsReader, after: PageAfter = None, limit: PageLimit = 50
) -> Page[AdminEventAnswer]:
    """By id."""
    found = await services.organising.page(
        caller.organiser_id, EventId(after) if after else None, limit
    )
    last = found[-1].configuration.id if len(found) == limit else None
    return Page[AdminEventAnswer](items=[answer_event(each) for each in found], next=last)


@router.get(
    "/events/{event_id}",
    operation_id="readOwnEvent",
    summary="Read an event with its stock",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_READ_PROBLEMS),
)
async def read_own_event(
    event_id: EventInPath, services: ServicesDep, caller: EventsReader
) -> AdminEventAnswer | JSONResponse:
    """With every pool's units: available, held, sold. A draft has only capacities."""
    found = await services.organising.read(caller.organiser_id, EventId(event_id))
    return _answer(found or UnknownEvent())


@router.post(
    "/events/{event_id}/open",
    operation_id="openEvent",
    summary="Put an event on sale, or resume it",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_WRITE_PROBLEMS),
)
async def open_event(
    event_id: EventInPath, services: SellingDep, caller: EventsWriter
) -> AdminEventAnswer | JSONResponse:
    """Safe to repeat."""
    return _answer(await services.organising.open(caller.organiser_id, EventId(event_id)))


@router.post(
    "/events/{event_id}/pause",
    operation_id="pauseEvent",
    summary="Stop new orders for a while",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_WRITE_PROBLEMS),
)
async def pause_event(
    event_id: EventInPath, services: SellingDep, caller: EventsWriter
) -> AdminEventAnswer | JSONResponse:
    """Live holds may still be confirmed and released. Safe to repeat."""
    return _answer(await services.organising.pause(caller.organiser_id, EventId(event_id)))


@router.post(
    "/events/{event_id}/close",
    operation_id="closeEvent",
    summary="End the sale for ever",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_WRITE_PROBLEMS),
)
async def close_event(
    event_id: OwnEventInPath, services: SellingDep, caller: EventsWriter
) -> AdminEventAnswer | JSONResponse:
    """Live holds may still be confirmed and released. Safe to repeat."""
    return _answer(await services.organising.close(caller.organiser_id, EventId(event_id)))


@router.patch(
    "/events/{event_id}",
    operation_id="changeEvent",
    summary="Change an event",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_WRITE_PROBLEMS, *_BODY_PROBLEMS),
)
async def change_event(
    event_id: EventInPath, asked: AskedEventChange, services: SellingDep, caller: EventsWriter
) -> AdminEventAnswer | JSONResponse:
    """What is left out stays as it is."""
    return _answer(
        await services.organising.change(caller.organiser_id, EventId(event_id), asked.apply)
    )


@router.patch(
    "/events/{event_id}/ticket-types/{ticket_type}",
    operation_id="changeTicketType",
    summary="Change a ticket type",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_WRITE_PROBLEMS, *_BODY_PROBLEMS),
)
async def change_ticket_type(
    event_id: EventInPath,
    ticket_type: TicketTypeInPath,
    asked: AskedTypeChange,
    services: SellingDep,
    caller: EventsWriter,
) -> AdminEventAnswer | JSONResponse:
    """Name, price, window and limits; orders that were placed keep what they were placed with."""
    found = await services.organising.read(caller.organiser_id, EventId(event_id))
    if found is None or not any(
        each.id == ticket_type for each in found.configuration.ticket_types
    ):
        return problem("not-found", "There is no such event or ticket type.")
    return _answer(
        await services.organising.change(
            caller.organiser_id, EventId(event_id), _changing_type(ticket_type, asked)
        )
    )


@router.patch(
    "/events/{event_id}/pools/{pool}",
    operation_id="changeCapacity",
    summary="Change the capacity of a pool",
    response_model=AdminEventAnswer,
    responses=describe_problems(*_WRITE_PROBLEMS, *_BODY_PROBLEMS, "capacity-in-use"),
)
async def change_capacity(
    event_id: EventInPath,
    pool: PoolInPath,
    asked: AskedCapacity,
    services: SellingDep,
    caller: EventsWriter,
) -> AdminEventAnswer | JSONResponse:
    """Never below what is held and sold."""
    return _answer(
        await services.organising.change_capacity(
            caller.organiser_id, EventId(event_id), PoolId(pool), asked.capacity
        )
    )


def _changing_type(
    ticket_type: TicketTypeInPath, asked: AskedTypeChange
) -> Callable[[EventConfiguration], EventConfiguration]:
    def change(before: EventConfiguration) -> EventConfiguration:
        types = [
            asked.apply(each) if each.id == ticket_type else each for each in before.ticket_types
        ]
        return replace(before, ticket_types=tuple(types))

    return change


def _answer(outcome: AdminCapacityOutcome) -> AdminEventAnswer | JSONResponse:
    match outcome:
        case AdminEvent():
            return answer_event(outcome)
        case UnknownEvent():
            return problem("not-found", "There is no such event of yours.")
        case UnknownPool(pool):
            return problem("not-found", f"The event has no pool {pool}.")
        case EventAlreadyExists():
            return problem("already-exists", "There is an event of this id already.")
        case EventTransitionRefused(status):
            state = state_of(status)
            return problem("invalid-transition", f"The event is {state}.", state=state)
        case CapacityInUse(minimum):
            return problem("capacity-in-use", f"{minimum} units are held or sold.", minimum=minimum)
        case ConfigurationRefused(faults):
            errors = [{"where": where, "message": message} for where, message in faults]
            detail = "; ".join(f"{where} {message}" for where, message in faults[:3])
            return problem("invalid", detail, errors=errors)
        case _:
            assert_never(outcome)
