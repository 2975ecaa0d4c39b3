"""Bodies of the payment calls: what is asked, what is answered."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from fastapi.openapi.models import Example
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from app.api.forms import Instant, MoneyAnswer, instant
from app.api.strict_json import StrictBody
from app.ledger import OperationRow, OperationState, Outcome, PaymentRow
from payments import Decline, Failure, Money, NextAction, PaymentState

INPUT_MEMBERS_MAX = 20
INPUT_CHARACTERS_MAX = 2_000
WAIT_SECONDS = 2.0
"""How long a page that has nothing else to do waits before it asks again."""

ASKED_PAYMENT_EXAMPLES: dict[str, Example] = {
    "sandbox": {"summary": "Paid with the sandbox, at once", "value": {"method": "sandbox"}},
    "declined": {
        "summary": "Declined by the sandbox, as it is told to",
        "value": {"method": "sandbox", "input": {"script": "decline:insufficient_funds"}},
    },
}
ASKED_REFUND_EXAMPLES: dict[str, Example] = {
    "part": {"summary": "10.00 of a currency with cents", "value": {"amount": 1000}},
    "all": {"summary": "All that is left", "value": {}},
}
PAYMENT_EXAMPLE: dict[str, JsonValue] = {
    "id": "pay_46m3gp52unr2lqazawzsq64nld",
    "order_id": "07.concert.46m3gp52unr2lqazawzsq64nld",
    "method": "sandbox",
    "status": "succeeded",
    "amount": {"amount": 2500, "currency": "EUR"},
    "refunded": {"amount": 0, "currency": "EUR"},
    "next_action": None,
    "failure": None,
    "created_at": "2026-05-01T18:00:00.123Z",
}
METHOD_EXAMPLE: dict[str, JsonValue] = {"id": "sandbox", "name": "Sandbox"}
REFUND_EXAMPLE: dict[str, JsonValue] = {
    "id": "5f0c2a9be7d04c1f8a3b6d9e21",
    "order_id": "07.concert.46m3gp52unr2lqazawzsq64nld",
    "payment_id": "pay_46m3gp52unr2lqazawzsq64nld",
    "amount": {"amount": 1000, "currency": "EUR"},
    "status": "succeeded",
    "refunded": {"amount": 1000, "currency": "EUR"},
    "refundable": {"amount": 1500, "currency": "EUR"},
}


def _check_return_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be http or https, with a host, without user or password")
    if any(not "!" <= each <= "~" for each in url):
        raise ValueError("must be visible ASCII characters")
    return url


def _check_input(value: dict[str, "InputValue"]) -> dict[str, "InputValue"]:
    if len(value) > INPUT_MEMBERS_MAX:
        raise ValueError(f"must have at most {INPUT_MEMBERS_MAX} members")
    return value


InputValue = (
    Annotated[str, Field(max_length=INPUT_CHARACTERS_MAX)]
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | None
)


class AskedPayment(StrictBody):
    """`return_url`: where the buyer's browser goes when it comes back from the provider; its origin
    must be allowed here. `input`: what the method's own page part has; never a card number."""

    method: Annotated[str, Field(min_length=1, max_length=32)]
    return_url: (
        Annotated[str, Field(max_length=2_000), AfterValidator(_check_return_url)] | None
    ) = None
    input: Annotated[dict[str, InputValue], AfterValidator(_check_input)] = Field(
        default_factory=dict
    )


class PaymentStatus(StrEnum):
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class NextActionKind(StrEnum):
    REDIRECT = "redirect"
    POST_FORM = "post_form"
    CLIENT_SDK = "client_sdk"
    INSTRUCTIONS = "instructions"
    WAIT = "wait"


class RetryAdvice(StrEnum):
    SAME = "same"
    OTHER_INSTRUMENT = "other_instrument"
    NEVER = "never"


class NextActionAnswer(BaseModel):
    """`redirect`: go to `url`. `post_form`: post `fields` there. `client_sdk`: hand `fields` to the
    provider's script. `instructions`: show `fields`. `wait`: ask again after `poll_seconds`."""

    kind: NextActionKind
    url: str | None
    fields: dict[str, str | int | bool | None]
    poll_seconds: float | None


class FailureAnswer(BaseModel):
    """`code`: why, in words that may be shown. `retry`: what could help: the `same` again, an
    `other_instrument`, or `never`."""

    code: Decline
    retry: RetryAdvice


class PaymentAnswer(BaseModel):
    """`succeeded`: the order is confirmed. `failed`, `cancelled`: no money is kept, and the order
    may be paid again while it is held. `processing`: do not pay again; ask until it changes."""

    id: str
    order_id: str
    method: str
    status: PaymentStatus
    amount: MoneyAnswer
    refunded: MoneyAnswer
    next_action: NextActionAnswer | None
    failure: FailureAnswer | None
    created_at: Instant

    model_config = ConfigDict(json_schema_extra={"examples": [PAYMENT_EXAMPLE]})


class PaymentMethodAnswer(BaseModel):
    id: str
    name: str

    model_config = ConfigDict(json_schema_extra={"examples": [METHOD_EXAMPLE]})


class RefundStatus(StrEnum):
    PROCESSING = "processing"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class AskedRefund(StrictBody):
    """`amount` in minor units; left out: all that is left."""

    amount: Annotated[int, Field(ge=1, le=2**53)] | None = None


class RefundAnswer(BaseModel):
    """`processing`: the provider was asked, and its answer is looked up. `refunded`: all that went
    back of this payment; `refundable`: what is left of it."""

    id: str
    order_id: str
    payment_id: str
    amount: MoneyAnswer
    status: RefundStatus
    refunded: MoneyAnswer
    refundable: MoneyAnswer

    model_config = ConfigDict(json_schema_extra={"examples": [REFUND_EXAMPLE]})


def answer_payment(payment: PaymentRow) -> PaymentAnswer:
    status = status_of(payment)
    return PaymentAnswer(
        id=payment.payment_id,
        order_id=payment.order_id,
        method=payment.method,
        status=status,
        amount=MoneyAnswer.of(payment.amount),
        refunded=_money(payment, payment.facts.refunded_minor),
        next_action=_next_action(payment, status),
        failure=_failure(payment) if status is PaymentStatus.FAILED else None,
        created_at=instant(payment.created_at_ms),
    )


def answer_refund(payment: PaymentRow, operation: OperationRow) -> RefundAnswer:
    return RefundAnswer(
        id=operation.refund_id or operation.operation_id,
        order_id=payment.order_id,
        payment_id=payment.payment_id,
        amount=_money(payment, operation.amount_minor),
        status=_REFUND_STATUS[operation.state],
        refunded=_money(payment, payment.facts.refunded_minor),
        refundable=_money(payment, payment.refundable_minor),
    )


def status_of(payment: PaymentRow) -> PaymentStatus:
    """What the buyer may rely on: money alone is no success, the order has to be confirmed."""
    match payment.outcome:
        case Outcome.CONFIRMED:
            is_back = payment.state is PaymentState.REFUNDED
            return PaymentStatus.REFUNDED if is_back else PaymentStatus.SUCCEEDED
        case Outcome.REFUNDED:
            return PaymentStatus.REFUNDED
        case Outcome.FAILED:
            is_late = payment.state in {PaymentState.AUTHORIZED, PaymentState.CAPTURED}
            return PaymentStatus.PROCESSING if is_late else PaymentStatus.FAILED
        case Outcome.CANCELLED | Outcome.EXPIRED:
            return PaymentStatus.CANCELLED
        case None:
            is_ahead = payment.state is PaymentState.REQUIRES_ACTION and not payment.in_doubt
            return PaymentStatus.REQUIRES_ACTION if is_ahead else PaymentStatus.PROCESSING


_REFUND_STATUS: Mapping[OperationState, RefundStatus] = {
    OperationState.SUBMITTING: RefundStatus.PROCESSING,
    OperationState.UNKNOWN: RefundStatus.PROCESSING,
    OperationState.PENDING: RefundStatus.PENDING,
    OperationState.SUCCEEDED: RefundStatus.SUCCEEDED,
    OperationState.REJECTED: RefundStatus.FAILED,
}


def _next_action(payment: PaymentRow, status: PaymentStatus) -> NextActionAnswer | None:
    if status not in {PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION}:
        return None
    action = payment.next_action or NextAction(kind="wait", poll_seconds=WAIT_SECONDS)
    return NextActionAnswer(
        kind=NextActionKind(action.kind),
        url=action.url,
        fields=dict(action.fields),
        poll_seconds=action.poll_seconds,
    )


def _failure(payment: PaymentRow) -> FailureAnswer:
    """A provider that could not be asked at all has declined nothing: the same may work."""
    failure = payment.failure or Failure(code=Decline.OTHER, retry="same")
    return FailureAnswer(code=failure.code, retry=RetryAdvice(failure.retry))


def _money(payment: PaymentRow, amount_minor: int) -> MoneyAnswer:
    return MoneyAnswer.of(Money(amount_minor, payment.amount.currency))
