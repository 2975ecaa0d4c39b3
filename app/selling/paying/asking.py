"""One question to a provider, through its method: bounded in time, and every way in which it can
end made a value. This is the border that owns the code of strangers.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, TypedDict

import orjson
import structlog

from app.domain.orders import Order
from app.ledger import OperationKind, OperationRow, PaymentRow
from app.runtime.metrics import PROVIDER_CALLS
from payments import (
    Cancel,
    Capability,
    Capture,
    Enrolled,
    Fetch,
    Found,
    Initiate,
    Money,
    NotExecuted,
    NotFound,
    PaymentMethodError,
    Refund,
    Registry,
    RequestRefused,
    Scalar,
    Snapshot,
)

LEASE_MARGIN_MS: Final = 15_000
"""How much longer than its call a command is left alone: for what is written afterwards."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """The provider's word. A decline is one."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Absent:
    """It knows no payment of this reference."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """Certainly nothing happened. `is_refused`: nor would it at another try."""

    code: str
    is_refused: bool


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may have happened."""

    code: str


CommandAnswer: TypeAlias = Answered | NotDone | InDoubt
LookUpAnswer: TypeAlias = Answered | Absent | NotDone | InDoubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What only the first command of a payment says. `method_input`: as the buyer's page sent it;
    `expires_at_ms`: when the hold ends."""

    return_url: str | None
    description: str
    expires_at_ms: int
    method_input: Mapping[str, Scalar]


class Providers:
    """All accounts of all methods, each asked one thing at a time. Raises nothing that a method
    raises."""

    def __init__(self, registry: Registry, webhook_base_url: str) -> None:
        """`webhook_base_url`: of the public listener, as a provider reaches it."""
        self.registry = registry
        self._webhook_base_url = webhook_base_url.rstrip("/")

    def account_of(self, payment: PaymentRow) -> Enrolled:
        return self.registry.of_payment(payment.method, payment.account)

    def lease_ms(self, account: Enrolled) -> int:
        """How long a command of this account may be on its way."""
        return round(account.descriptor.call_timeout.total_seconds() * 1000) + LEASE_MARGIN_MS

    async def initiate(
        self, payment: PaymentRow, operation: OperationRow, beginning: Beginning
    ) -> CommandAnswer:
        """The money is reserved first wherever it can be."""
        account = self.account_of(payment)
        request = Initiate(
            payment_id=payment.payment_id,
            reference=payment.reference,
            idempotency_key=operation.idempotency_key,
            provider_payment_id=payment.provider_payment_id,
            amount=payment.amount,
            capture=not account.descriptor.can(Capability.AUTHORIZE),
            return_url=beginning.return_url,
            webhook_url=f"{self._webhook_base_url}/v1/webhooks/{payment.method}/{payment.account}",
            description=beginning.description,
            expires_at=datetime.fromtimestamp(beginning.expires_at_ms / 1000, UTC),
            method_input=beginning.method_input,
        )
        return await self._command(account, "initiate", account.method.initiate(request))

    async def command(self, payment: PaymentRow, operation: OperationRow) -> CommandAnswer:
        """Any but the first. ValueError: for that one."""
        account = self.account_of(payment)
        method = account.method
        call = _call(payment, operation.idempotency_key, operation.amount_minor)
        match operation.kind:
            case OperationKind.CAPTURE:
                asked = method.capture(Capture(**call))
            case OperationKind.CANCEL:
                asked = method.cancel(Cancel(**call))
            case OperationKind.REFUND:
                refund = Refund(
                    **call, refund_id=operation.refund_id or "", reason=_reason(operation.reason)
                )
                asked = method.refund(refund)
            case OperationKind.INITIATE:
                raise ValueError("a payment is initiated with more than its operation")
        return await self._command(account, operation.kind, asked)

    async def look_up(self, payment: PaymentRow) -> LookUpAnswer:
        """FETCH: how it stands now."""
        account = self.account_of(payment)
        request = Fetch(
            **_call(payment, f"{payment.payment_id}.fetch", payment.amount.amount_minor)
        )
        answer = await self._bounded(account, "fetch", account.method.fetch(request))
        match answer:
            case Found(Snapshot() as snapshot):
                return Answered(snapshot)
            case NotFound():
                return Absent()
            case NotDone() | InDoubt():
                return answer
            case _:
                return InDoubt("no_answer")

    async def check(self, account: Enrolled) -> str | None:
        """Whether it can be used now; otherwise the code of what is wrong."""
        answer = await self._bounded(account, "check", account.method.check())
        return answer.code if isinstance(answer, NotDone | InDoubt) else None

    async def _command(
        self, account: Enrolled, name: str, asked: Awaitable[Snapshot]
    ) -> CommandAnswer:
        answer = await self._bounded(account, name, asked)
        match answer:
            case Snapshot():
                return Answered(answer)
            case NotDone() | InDoubt():
                return answer
            case _:
                return InDoubt("no_answer")

    async def _bounded(self, account: Enrolled, name: str, asked: Awaitable[object]) -> object:
        """Whatever a method raises that does not prove the contrary may have happened."""
        answer: object
        try:
            async with asyncio.timeout(account.descriptor.call_timeout.total_seconds()):
                answer = await asked
        except NotExecuted as error:
            answer = NotDone(error.code, is_refused=isinstance(error, RequestRefused))
        except PaymentMethodError as error:
            answer = InDoubt(error.code)
        except TimeoutError:
            answer = InDoubt("timeout")
        except Exception as error:  # noqa: BLE001 - the code of strangers
            answer = InDoubt(type(error).__name__)
        _tell(account, name, answer)
        return answer


def _tell(account: Enrolled, name: str, answer: object) -> None:
    """Codes and types only: what an exception says may be a secret."""
    match answer:
        case NotDone(code):
            ended = "not_done"
        case InDoubt(code):
            ended = "in_doubt"
        case _:
            ended, code = "answered", ""
    PROVIDER_CALLS.labels(account.method_id, name, ended).inc()
    if code:
        log.warning(
            "a provider did not answer well",
            method=account.method_id,
            account=account.account_id,
            call=name,
            ended=ended,
            code=code,
        )


class _Called(TypedDict):
    payment_id: str
    reference: str
    idempotency_key: str
    provider_payment_id: str | None
    amount: Money


def _call(payment: PaymentRow, idempotency_key: str, amount_minor: int) -> _Called:
    return {
        "payment_id": payment.payment_id,
        "reference": payment.reference,
        "idempotency_key": idempotency_key,
        "provider_payment_id": payment.provider_payment_id,
        "amount": Money(amount_minor, payment.amount.currency),
    }


def _reason(reason: str | None) -> Literal["requested", "late", "duplicate", "event_cancelled"]:
    match reason:
        case "late" | "duplicate" | "event_cancelled":
            return reason
        case _:
            return "requested"


def beginning_of(payment: PaymentRow, order: Order) -> Beginning:
    """As it was when the payment began: sent again, it must say the same."""
    return_url = payment.activation.get("return_url")
    method_input = payment.activation.get("input")
    return Beginning(
        return_url=return_url if isinstance(return_url, str) else None,
        description=payment.order_id,
        expires_at_ms=order.birth.expires_at_ms or 0,
        method_input=orjson.loads(method_input) if isinstance(method_input, str) else {},
    )
