"""What the old platform calls, on the internal listener alone: an order whose money it has."""

from typing import Annotated, assert_never

from fastapi import APIRouter, Response
from pydantic import Field

from app.api.dependencies import SellingDep
from app.api.forms import OrderInPath
from app.api.order_forms import OrderAnswer, answer_order
from app.api.problems import describe_problems, problem
from app.api.strict_json import StrictBody, StrictJsonRoute
from app.domain.outcomes import (
    HoldExpired,
    OrderIs,
    OrderTransitionRefused,
    PaymentOpen,
    SellingOff,
    UnknownOrder,
)
from app.selling import NotGranted

router = APIRouter(prefix="/internal/v1", tags=["internal"], route_class=StrictJsonRoute)


class AskedSettlement(StrictBody):
    """`grant`: as its issuer signed it, for this order and nothing else."""

    grant: Annotated[str, Field(min_length=1, max_length=4096)]


@router.post(
    "/orders/{order_id}/settle",
    operation_id="settleOrder",
    summary="Settle an order whose money is with the caller",
    response_model=OrderAnswer,
    responses=describe_problems(
        *("malformed", "forbidden", "not-found", "invalid-transition", "payment-open"),
        *("hold-expired", "unsupported-media-type", "invalid", "unavailable", "outcome-unknown"),
    ),
)
async def settle_order(
    order_id: OrderInPath, asked: AskedSettlement, services: SellingDep
) -> Response:
    """Safe to repeat with the same grant. `hold-expired`: its units are gone; whoever has the money
    gives it back."""
    outcome = await services.settling.settle(order_id, asked.grant)
    match outcome:
        case OrderIs(order):
            return answer_order(order)
        case NotGranted():
            return problem("forbidden", "This grant does not settle this order.", scope="grant")
        case UnknownOrder():
            return problem("not-found", "There is no such order.")
        case SellingOff(toggle):
            return problem("unavailable", f"Switched off by {toggle}.", reason=toggle)
        case HoldExpired():
            return problem("hold-expired", "Its units were given back, and are gone.")
        case PaymentOpen():
            return problem("payment-open", "The buyer is paying for it.")
        case OrderTransitionRefused(order):
            detail = f"An order that is {order.status} cannot be settled."
            return problem("invalid-transition", detail, state=order.status)
        case _:
            assert_never(outcome)
