"""Orders as an organiser sees them: search, cancel. Searches read the ledger, which follows Redis
by a fraction of a second."""

from typing import Annotated, assert_never

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, JsonValue

from app.api.authentication import OrdersReader, OrdersWriter
from app.api.dependencies import SellingDep, ServicesDep
from app.api.events import PageAfter, PageLimit, refuse_page
from app.api.forms import (
    Instant,
    MoneyAnswer,
    OrderInPath,
    Page,
    instant,
    optional_instant,
)
from app.api.order_forms import ORDER_EXAMPLE, LineAnswer, OrderAnswer, answer_order, line_members
from app.api.problems import describe_problems, problem
from app.domain.ids import SLUG_PATTERN, EventId
from app.domain.orders import OrderStatus, Settlement
from app.domain.outcomes import OrderIs, OrderTransitionRefused, UnknownOrder
from app.ledger import OrderRow, OrderSearch, UnknownPage

router = APIRouter(prefix="/v1/admin", tags=["admin: orders"])

_PROBLEMS = ("unauthenticated", "forbidden", "unavailable")

_EXAMPLE: dict[str, JsonValue] = ORDER_EXAMPLE | {
    "customer": {"email": "ana@example.com", "name": "Ana"},
    "payment_id": None,
    "version": 1,
}


class CustomerAnswer(BaseModel):
    email: str
    name: str | None


class AdminOrderAnswer(BaseModel):
    """`customer` is null once personal data was erased. `payment_id`: the payment that is open, or
    that settled the order."""

    id: str
    event_id: str
    status: OrderStatus
    customer: CustomerAnswer | None
    lines: list[LineAnswer]
    total: MoneyAnswer
    created_at: Instant
    expires_at: Instant | None
    confirmed_at: Instant | None
    settlement: Settlement | None
    refunded: MoneyAnswer
    payment_id: str | None
    version: int

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})


@router.get(
    "/orders",
    operation_id="searchOrders",
    summary="Search orders",
    response_model=Page[AdminOrderAnswer],
    responses=describe_problems(*_PROBLEMS, "invalid"),
)
async def search_orders(  # noqa: PLR0913, PLR0917 - one parameter a filter, as they stand in the URL
    services: ServicesDep,
    caller: OrdersReader,
    email: Annotated[str | None, Query(max_length=254, examples=["ana@example.com"])] = None,
    event_id: Annotated[str | None, Query(pattern=f"^{SLUG_PATTERN}$", examples=["demo"])] = None,
    status: OrderStatus | None = None,
    after: PageAfter = None,
    limit: PageLimit = 50,
) -> Page[AdminOrderAnswer] | JSONResponse:
    """Of own events, oldest first. The e-mail is matched trimmed and without regard to case."""
    wanted = OrderSearch(
        organiser_id=caller.organiser_id,
        customer_ref=services.find_customer_ref(email) if email else None,
        event_id=EventId(event_id) if event_id else None,
        status=status,
        after=after,
        limit=limit,
    )
    try:
        found = await services.ledger.orders.search(wanted)
    except UnknownPage as error:
        return refuse_page(error)
    return Page[AdminOrderAnswer](items=[_answer(row) for row in found.rows], next=found.next)


@router.post(
    "/orders/{order_id}/cancel",
    operation_id="cancelOrder",
    summary="Cancel a confirmed order",
    response_model=OrderAnswer,
    responses=describe_problems(*_PROBLEMS, "not-found", "invalid-transition", "outcome-unknown"),
)
async def cancel_order(
    order_id: OrderInPath, services: SellingDep, caller: OrdersWriter
) -> Response:
    """Units and limits are free again at once. Safe to repeat. Moves no money: of an order that was
    paid for, `refundOrder` gives it back, before or afterwards."""
    event_id = services.ordering.event_of(order_id)
    if event_id is None or await services.organising.read(caller.organiser_id, event_id) is None:
        return _not_found()
    outcome = await services.ordering.cancel(order_id)
    match outcome:
        case OrderIs(order):
            return answer_order(order)
        case OrderTransitionRefused(order):
            detail = f"An order that is {order.status} cannot be cancelled."
            return problem("invalid-transition", detail, state=order.status)
        case UnknownOrder():
            return _not_found()
        case _:
            assert_never(outcome)


def _answer(row: OrderRow) -> AdminOrderAnswer:
    person = row.person
    return AdminOrderAnswer(
        id=row.id,
        event_id=row.event_id,
        status=row.status,
        customer=CustomerAnswer(email=person.email, name=person.name) if person else None,
        lines=[LineAnswer.model_validate(line_members(line)) for line in row.lines],
        total=MoneyAnswer.of(row.total),
        created_at=instant(row.created_at_ms),
        expires_at=optional_instant(row.expires_at_ms),
        confirmed_at=optional_instant(row.confirmed_at_ms),
        settlement=row.settlement,
        refunded=MoneyAnswer.of(row.refunded),
        payment_id=row.payment_id,
        version=row.version,
    )


def _not_found() -> JSONResponse:
    return problem("not-found", "There is no such order of an event of yours.")
