"""Tickets: those of an order, their pictures, and what gates need to check them offline."""

import io
from typing import Annotated

import segno
from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import JSONResponse

from app.api.dependencies import SellingDep, ServicesDep
from app.api.events import PageAfter, refuse_page
from app.api.forms import EventInPath, OrderInPath, Page, optional_instant
from app.api.orders import OrderToken
from app.api.problems import describe_problems, problem
from app.api.ticket_forms import (
    KeyAnswer,
    RevokedAnswer,
    RevokedPageAnswer,
    TicketAnswer,
    answer_key,
    answer_ticket,
)
from app.domain.ids import EventId
from app.domain.outcomes import UnknownEvent, UnknownOrder
from app.domain.ticket_codes import CODE_CHARACTERS_MAX, CODE_CHARACTERS_MIN, CODE_PATTERN
from app.ledger import UnknownPage
from app.selling import NoTickets

router = APIRouter(prefix="/v1", tags=["tickets"])

KEYS_SECONDS = 300
"""For so long a cache may answer with the old keys: publish a new one longer than that before it
signs."""
REVOKED_SECONDS = 5
REVOKED_PAGE_MAX = 1_000

FOR_EVER = "public, max-age=31536000, immutable"
SAFE_PICTURE = {
    "Cache-Control": FOR_EVER,
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Opened by itself a picture may do nothing; pages of any origin may show it."""

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The `ETag` of the answer before."),
]
_CONDITIONAL: dict[int | str, dict[str, object]] = {
    200: {
        "headers": {
            "ETag": {"description": "Send it as `If-None-Match`.", "schema": {"type": "string"}},
            "Cache-Control": {"schema": {"type": "string"}},
        }
    },
    304: {"description": "Not changed since the answer with this `ETag`."},
}


@router.get(
    "/orders/{order_id}/tickets",
    operation_id="listTickets",
    summary="The tickets of an order",
    response_model=Page[TicketAnswer],
    responses=describe_problems("not-found", "invalid-transition", "unavailable"),
)
async def list_tickets(
    order_id: OrderInPath, token: OrderToken, services: SellingDep
) -> Page[TicketAnswer] | JSONResponse:
    """One for each unit, all in one page: `valid` of a confirmed order, `revoked` of a cancelled
    one. An order in another `state` has none: 409."""
    outcome = await services.ticketing.tickets(order_id, token)
    match outcome:
        case UnknownOrder():
            return problem("not-found", "There is no such order, or the Order-Token is not its.")
        case NoTickets(status):
            detail = f"An order that is {status} has no tickets."
            return problem("invalid-transition", detail, state=status)
        case _:
            return Page[TicketAnswer](items=[answer_ticket(each) for each in outcome], next=None)


@router.get(
    "/keys",
    operation_id="listKeys",
    summary="The public keys of tickets",
    response_model=Page[KeyAnswer],
    responses={**_CONDITIONAL, **describe_problems()},
)
async def list_keys(
    services: ServicesDep, response: Response, if_none_match: IfNoneMatch = None
) -> Page[KeyAnswer] | Response:
    """The one that signs now comes first; a ticket is good while its key is listed."""
    keys = services.ticketing.public_keys
    headers = _cached("-".join(keys), KEYS_SECONDS)
    if _is_known(headers["ETag"], if_none_match):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return Page[KeyAnswer](items=[answer_key(each) for each in keys.values()], next=None)


@router.get(
    "/events/{event_id}/revoked",
    operation_id="listRevokedTickets",
    summary="The revoked tickets of an event",
    response_model=RevokedPageAnswer,
    responses={
        **_CONDITIONAL,
        **describe_problems("not-found", "invalid", "unavailable"),
    },
)
async def list_revoked_tickets(  # noqa: PLR0913, PLR0917 - as they stand in the request
    event_id: EventInPath,
    services: ServicesDep,
    response: Response,
    if_none_match: IfNoneMatch = None,
    after: PageAfter = None,
    limit: Annotated[int, Query(ge=1, le=REVOKED_PAGE_MAX)] = REVOKED_PAGE_MAX,
) -> RevokedPageAnswer | Response:
    """For gates. Earliest revoked first, and nothing ever leaves the list: ask again for its last
    page only, with `If-None-Match`. From the ledger, which follows a cancelling by a fraction of a
    second. No personal data."""
    revoked = await services.ticketing.revoked(EventId(event_id))
    if isinstance(revoked, UnknownEvent):
        return problem("not-found", "There is no such event.")
    headers = _cached(str(revoked.total), REVOKED_SECONDS)
    if _is_known(headers["ETag"], if_none_match):
        return Response(status_code=304, headers=headers)
    try:
        page = await services.ticketing.read_revoked(EventId(event_id), after, limit)
    except UnknownPage as error:
        return refuse_page(error)
    response.headers.update(headers)
    return RevokedPageAnswer(
        event_id=event_id,
        as_of=optional_instant(revoked.as_of_ms),
        items=[RevokedAnswer(id=each) for each in page.ticket_ids],
        next=page.next,
    )


@router.get(
    "/qr/{code}.svg",
    operation_id="drawTicket",
    summary="The QR code of a ticket",
    response_class=Response,
    responses={
        200: {
            "description": "The picture; it never changes.",
            "content": {
                "image/svg+xml": {
                    "schema": {"type": "string"},
                    "example": '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
                }
            },
            "headers": {"Cache-Control": {"schema": {"type": "string", "enum": [FOR_EVER]}}},
        },
        **describe_problems("not-found"),
    },
)
async def draw_ticket(
    code: Annotated[
        str,
        Path(
            description="The `code` of a ticket.",
            json_schema_extra={
                "minLength": CODE_CHARACTERS_MIN,
                "maxLength": CODE_CHARACTERS_MAX,
                "pattern": CODE_PATTERN,
            },
        ),
    ],
    services: ServicesDep,
) -> Response:
    """Of a code of ours only, revoked or not."""
    if not services.ticketing.is_ours(code):
        return problem("not-found", "This is no code of a ticket of ours.")
    return Response(_draw(code), media_type="image/svg+xml", headers=SAFE_PICTURE)


def _draw(code: str) -> bytes:
    """Light modules are drawn too, so that a dark page shows it as well. One mask for all: to find
    the best of eight takes five times longer, and readers do not care."""
    picture = io.BytesIO()
    segno.make_qr(code, error="m", mode="alphanumeric", mask=0).save(
        picture,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        light="#fff",
        svgclass=None,
        lineclass=None,
        border=4,
    )
    return picture.getvalue()


def _cached(version: str, seconds: int) -> dict[str, str]:
    return {"ETag": f'W/"{version}"', "Cache-Control": f"public, max-age={seconds}"}


def _is_known(etag: str, if_none_match: str | None) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    shown = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    return "*" in shown or etag.removeprefix("W/") in shown
