"""Paying for an order, as its buyer: methods, payments; and the notices of providers."""

from typing import Annotated, assert_never

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import JSONResponse

from app.api.dependencies import ReturnUrls, SellingDep, ServicesDep
from app.api.forms import OrderInPath, Page
from app.api.orders import IdempotencyKey, OrderToken
from app.api.payment_forms import (
    ASKED_PAYMENT_EXAMPLES,
    AskedPayment,
    PaymentAnswer,
    PaymentMethodAnswer,
    answer_payment,
)
from app.api.problems import describe_problems, describe_replay, problem
from app.api.strict_json import StrictJsonRoute
from app.domain.outcomes import (
    HoldExpired,
    KeyReused,
    OrderTransitionRefused,
    PaymentOpen,
    SellingOff,
    UnknownOrder,
)
from app.selling import (
    MethodHalted,
    MethodUnavailable,
    NoticeRefused,
    NoticeTaken,
    PaymentInDoubt,
    PaymentIs,
    PaymentRequest,
    StartRefusal,
    UnknownAccount,
)

router = APIRouter(prefix="/v1", tags=["payments"], route_class=StrictJsonRoute)
webhook_router = APIRouter(prefix="/v1", tags=["payments"])

PaymentInPath = Annotated[str, Path(description="The `id` that `startPayment` gave.")]


@router.get(
    "/orders/{order_id}/payment-methods",
    operation_id="listPaymentMethods",
    summary="What an order may be paid with",
    response_model=Page[PaymentMethodAnswer],
    responses=describe_problems("not-found", "unavailable"),
)
async def list_payment_methods(
    order_id: OrderInPath, token: OrderToken, services: SellingDep
) -> Page[PaymentMethodAnswer] | JSONResponse:
    """As things are now; none for an order that is not held, or costs nothing."""
    offers = await services.paying.methods(order_id, token)
    if offers is None:
        return _not_found()
    items = [
        PaymentMethodAnswer(id=offer.account.method_id, name=offer.account.descriptor.display_name)
        for offer in offers
    ]
    return Page[PaymentMethodAnswer](items=items, next=None)


@router.post(
    "/orders/{order_id}/payments",
    operation_id="startPayment",
    summary="Pay for an order",
    status_code=201,
    response_model=PaymentAnswer,
    responses={
        201: describe_replay("this key had begun the payment before"),
        **describe_problems(
            *("malformed", "idempotency-key-missing", "not-found", "invalid-transition"),
            *("payment-open", "payment-in-doubt", "hold-expired", "unsupported-media-type"),
            *("invalid", "idempotency-key-reused", "method-unavailable", "unavailable"),
            *("method-halted", "outcome-unknown"),
        ),
    },
)
async def start_payment(  # noqa: PLR0913, PLR0917 - what the request is made of
    order_id: OrderInPath,
    asked: Annotated[AskedPayment, Body(openapi_examples=ASKED_PAYMENT_EXAMPLES)],
    key: IdempotencyKey,
    token: OrderToken,
    services: SellingDep,
    return_urls: ReturnUrls,
    response: Response,
) -> PaymentAnswer | JSONResponse:
    """The same key is the same payment, however often it is sent. A decline is a 201 with `failed`:
    the order is held again, and may be paid with a new key. An earlier payment that was left alone
    is ended first."""
    if asked.return_url is not None and not return_urls.allow(asked.return_url):
        where = {"where": "body.return_url", "message": "its origin is not allowed here"}
        return problem("invalid", "The origin of return_url is not allowed here.", errors=[where])
    outcome = await services.paying.start(
        PaymentRequest(
            order_id=order_id,
            token=token,
            idempotency_key=key,
            method=asked.method,
            return_url=asked.return_url,
            method_input=asked.input,
        )
    )
    if isinstance(outcome, PaymentIs):
        if outcome.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return answer_payment(outcome.payment)
    return _refuse(outcome)


@router.get(
    "/orders/{order_id}/payments/{payment_id}",
    operation_id="readPayment",
    summary="How a payment stands",
    response_model=PaymentAnswer,
    responses=describe_problems("not-found", "unavailable"),
)
async def read_payment(
    order_id: OrderInPath, payment_id: PaymentInPath, token: OrderToken, services: SellingDep
) -> PaymentAnswer | JSONResponse:
    """While it is open the provider is asked, every two seconds at most."""
    found = await services.paying.read(order_id, token, payment_id)
    if found is None:
        return problem("not-found", "There is no such payment of this order.")
    return answer_payment(found.payment)


@webhook_router.post(
    "/webhooks/{method}/{account}",
    operation_id="takeNotice",
    summary="A provider's notice",
    response_class=Response,
    responses={
        200: {"description": "Recorded. Body and status are those that the provider wants."},
        **describe_problems(
            "malformed", "unauthenticated", "not-found", "unavailable", "outcome-unknown"
        ),
    },
)
async def take_notice(
    method: Annotated[str, Path(max_length=32)],
    account: Annotated[str, Path(max_length=32)],
    request: Request,
    services: ServicesDep,
) -> Response:
    """For payment providers alone: signed, in the provider's own form. 2xx only once recorded; what
    it says is looked up afterwards."""
    outcome = await services.noticing.take(
        method,
        account,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query_params),
        body=await request.body(),
    )
    match outcome:
        case NoticeTaken(status, body, media_type):
            return Response(body, status, media_type=media_type)
        case NoticeRefused(is_unauthentic=True):
            return problem("unauthenticated", "Nobody of this account signed this, or not now.")
        case NoticeRefused():
            return problem("malformed", "This notice cannot be read.")
        case UnknownAccount():
            return problem("not-found", "There is no such account that takes notices.")
        case _:
            assert_never(outcome)


def _refuse(outcome: StartRefusal) -> JSONResponse:
    match outcome:
        case UnknownOrder():
            return _not_found()
        case HoldExpired():
            return problem("hold-expired", "The hold has expired; place a new order.")
        case OrderTransitionRefused(order):
            detail = f"An order that is {order.status} cannot be paid for."
            return problem("invalid-transition", detail, state=order.status)
        case PaymentOpen():
            return problem("payment-open", "A payment of this order is under way.")
        case PaymentInDoubt():
            return problem(
                "payment-in-doubt",
                "It is being found out whether an earlier payment took money: do not pay again.",
            )
        case KeyReused():
            return problem("idempotency-key-reused", "Use a fresh key for another payment.")
        case MethodUnavailable():
            return problem("method-unavailable", "This order cannot be paid with that method.")
        case MethodHalted(toggle):
            return problem("method-halted", "No payment begins this way now.", reason=toggle)
        case SellingOff(toggle):
            return problem("unavailable", f"Selling is switched off by {toggle}.", reason=toggle)
        case _:
            assert_never(outcome)


def _not_found() -> JSONResponse:
    return problem("not-found", "There is no such order, or the Order-Token is not its.")
