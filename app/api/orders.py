"""Orders: place, read, confirm, release. The buyer's side of the sale."""

from typing import Annotated, assert_never

from fastapi import APIRouter, Body, Header, Response
from fastapi.responses import JSONResponse

from app.api.dependencies import BuyerAddress, SellingDep
from app.api.forms import IDEMPOTENCY_KEY_PATTERN, EventInPath, OrderInPath
from app.api.order_forms import (
    ASKED_EXAMPLES,
    AskedOrder,
    OrderAnswer,
    PlacedOrderAnswer,
    answer_order,
    answer_placed,
)
from app.api.problems import describe_problems, describe_replay, problem
from app.api.strict_json import StrictJsonRoute
from app.domain.ids import EventId, TicketTypeId
from app.domain.orders import Order, Person
from app.domain.outcomes import (
    HoldExpired,
    HoldsOverdue,
    KeyReused,
    LimitExceeded,
    OrderIs,
    OrderPlaced,
    OrderTransitionRefused,
    PaymentOpen,
    SaleClosed,
    SellingOff,
    SoldOut,
    UnknownEvent,
    UnknownOrder,
    UnknownTicketType,
)
from app.runtime.errors import ContractError
from app.selling import OrderRequest

router = APIRouter(prefix="/v1", tags=["orders"], route_class=StrictJsonRoute)

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY_PATTERN,
        description="16 to 255 visible ASCII characters, fresh and random for every new wish; "
        "the same key with the same wish answers the same again.",
        examples=["5b1f0f6c-2f0e-4b52-9f7a-0d3c6f2a9f11"],
    ),
]
OrderToken = Annotated[
    str, Header(alias="Order-Token", description="The `token` that the 201 of `placeOrder` gave.")
]


def _with_the_order(operation_id: str, description: str) -> dict[str, object]:
    """A link from a placed order to what may be done with it."""
    return {
        "operationId": operation_id,
        "description": description,
        "parameters": {
            "path.order_id": "$response.body#/id",
            "header.Order-Token": "$response.body#/token",
        },
    }


_LINKS = {
    "read": _with_the_order("readOrder", "Read the order."),
    "tickets": _with_the_order("listTickets", "Its tickets, once it is confirmed."),
    "confirm": _with_the_order("confirmOrder", "Finish it, if it is a free hold."),
    "release": _with_the_order("releaseOrder", "Let it go, if it is held."),
}


@router.post(
    "/events/{event_id}/orders",
    operation_id="placeOrder",
    summary="Place an order",
    status_code=201,
    response_model=PlacedOrderAnswer,
    responses={
        201: describe_replay("this key had placed the order before") | {"links": _LINKS},
        **describe_problems(
            *("malformed", "idempotency-key-missing", "not-found", "sold-out", "limit-exceeded"),
            *("sale-closed", "unsupported-media-type", "invalid", "idempotency-key-reused"),
            *("unavailable", "outcome-unknown"),
        ),
    },
)
async def place_order(
    event_id: EventInPath,
    asked: Annotated[AskedOrder, Body(openapi_examples=ASKED_EXAMPLES)],
    key: IdempotencyKey,
    services: SellingDep,
    address: BuyerAddress,
) -> Response:
    """All lines or none. A free order is confirmed at once unless `confirm` is false; any other is
    held until `expires_at`.

    `limit-exceeded` names its `kind`: `min_per_order`, `max_per_order` or `max_per_customer` of a
    `ticket_type`; or `live_holds_per_customer` or `live_holds_per_address`, of the whole event:
    finish or release a hold first."""
    outcome = await services.ordering.place(
        OrderRequest(
            event_id=EventId(event_id),
            idempotency_key=key,
            person=Person(asked.customer.email, asked.customer.name),
            lines=[(TicketTypeId(line.ticket_type), line.quantity) for line in asked.lines],
            confirm=asked.confirm,
            address=address,
        )
    )
    match outcome:
        case OrderPlaced(order, replayed):
            answer = answer_placed(order, services.ordering.token_of(order.id))
            if replayed:
                answer.headers["Idempotency-Replayed"] = "true"
            return answer
        case SoldOut(ticket_type, may_return):
            return problem(
                "sold-out",
                f"Not enough of {ticket_type} is left"
                + ("; some is on hold and may come back." if may_return else "."),
                ticket_type=ticket_type,
                may_return=may_return,
            )
        case LimitExceeded(kind, ticket_type, limit):
            return problem(
                "limit-exceeded",
                f"{kind.replace('_', ' ')} of {ticket_type or 'this event'} is {limit}.",
                kind=kind,
                ticket_type=ticket_type,
                limit=limit,
            )
        case SaleClosed(reason):
            return problem("sale-closed", "This is not on sale now.", reason=reason)
        case SellingOff(toggle):
            return problem("unavailable", f"Selling is switched off by {toggle}.", reason=toggle)
        case UnknownEvent():
            return problem("not-found", "There is no such event on sale.")
        case UnknownTicketType(ticket_type):
            where = {"where": "body.lines", "message": f"there is no ticket type {ticket_type}"}
            return problem("invalid", f"There is no ticket type {ticket_type}.", errors=[where])
        case KeyReused():
            return problem(
                "idempotency-key-reused", "Use a fresh key whenever e-mail or lines change."
            )
        case HoldsOverdue():
            raise ContractError("ordering never answers that holds are overdue")
        case _:
            assert_never(outcome)


@router.get(
    "/orders/{order_id}",
    operation_id="readOrder",
    summary="Read an order",
    response_model=OrderAnswer,
    responses=describe_problems("not-found", "unavailable"),
)
async def read_order(order_id: OrderInPath, token: OrderToken, services: SellingDep) -> Response:
    """An overdue hold is shown as expired. No personal data."""
    order = await services.ordering.read(order_id, token)
    return answer_order(order) if order else _not_found()


@router.post(
    "/orders/{order_id}/confirm",
    operation_id="confirmOrder",
    summary="Finish a free hold",
    response_model=OrderAnswer,
    responses=describe_problems(
        "not-found", "invalid-transition", "hold-expired", "unavailable", "outcome-unknown"
    ),
)
async def confirm_order(order_id: OrderInPath, token: OrderToken, services: SellingDep) -> Response:
    """Safe to repeat: a confirmed order stays as it is."""
    outcome = await services.ordering.confirm(order_id, token)
    match outcome:
        case OrderIs(order):
            return answer_order(order)
        case HoldExpired():
            return problem("hold-expired", "The hold has expired; place a new order.")
        case OrderTransitionRefused(order):
            return _refused(order)
        case UnknownOrder():
            return _not_found()
        case _:
            assert_never(outcome)


@router.post(
    "/orders/{order_id}/release",
    operation_id="releaseOrder",
    summary="Let a hold go",
    response_model=OrderAnswer,
    responses=describe_problems(
        "not-found", "invalid-transition", "payment-open", "unavailable", "outcome-unknown"
    ),
)
async def release_order(order_id: OrderInPath, token: OrderToken, services: SellingDep) -> Response:
    """Safe to repeat: what is released or expired stays as it is."""
    outcome = await services.ordering.release(order_id, token)
    match outcome:
        case OrderIs(order):
            return answer_order(order)
        case PaymentOpen():
            return problem("payment-open", "A payment is open for this order.")
        case OrderTransitionRefused(order):
            return _refused(order)
        case UnknownOrder():
            return _not_found()
        case _:
            assert_never(outcome)


def _refused(order: Order) -> JSONResponse:
    detail = f"An order that is {order.status} cannot become that."
    return problem("invalid-transition", detail, state=order.status)


def _not_found() -> JSONResponse:
    return problem("not-found", "There is no such order, or the Order-Token is not its.")
