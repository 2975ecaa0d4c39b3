"""An organiser gives money back: all of it or a part, never more than there is, and each wish once.

A refund moves money; the order only learns of it. With the last part of it the order is cancelled.
"""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from app.domain.ids import OrderId
from app.domain.orders import Order
from app.domain.outcomes import KeyReused, UnknownOrder
from app.ledger import OperationRow, OverRefund, PaymentRow, Payments
from app.selling.paying.advancing import Advancing
from app.selling.paying.asking import Providers
from app.selling.paying.claims import Claims
from app.selling.paying.commanding import Commanding, NewRefund
from payments import Capability, Money

_REFUND_ID_CHARACTERS = 26


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """`amount_minor` None: all that is left. `requested_by`: the id of an API key."""

    order_id: OrderId
    idempotency_key: str
    amount_minor: int | None
    requested_by: str


@dataclass(frozen=True, slots=True)
class RefundIs:
    """`operation` as far as it came."""

    payment: PaymentRow
    operation: OperationRow
    replayed: bool


@dataclass(frozen=True, slots=True)
class RefundUnsupported:
    """The method cannot, or not a part of it: the money was paid elsewhere, say."""

    method: str


@dataclass(frozen=True, slots=True)
class RefundTooLarge:
    """More than what is left of the money."""

    order: Order
    refundable: Money


RefundOutcome: TypeAlias = RefundIs | UnknownOrder | KeyReused | RefundTooLarge | RefundUnsupported


class Refunding:
    """Methods raise Unavailable and OutcomeUnknown, and may be repeated with the same key."""

    def __init__(
        self,
        payments: Payments,
        providers: Providers,
        commanding: Commanding,
        advancing: Advancing,
        claims: Claims,
    ) -> None:
        self._payments = payments
        self._providers = providers
        self._commanding = commanding
        self._advancing = advancing
        self._claims = claims

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """UnknownOrder: nobody paid for it. Whoever calls this has checked whose order it is."""
        payment = await self._paid(request.order_id)
        if payment is None:
            return UnknownOrder()
        new = _new_refund(payment, request)
        known = _operation_of(payment, new.idempotency_key)
        if known is not None:
            is_same = request.amount_minor in {None, known.amount_minor}
            return RefundIs(payment, known, replayed=True) if is_same else KeyReused()
        order = await self._claims.read(payment)
        if not payment.refundable_minor >= new.amount_minor > 0:
            return _too_much(payment, order)
        method = self._providers.account_of(payment).descriptor
        is_partial = new.amount_minor < payment.amount.amount_minor
        if not method.can(Capability.PARTIAL_REFUND if is_partial else Capability.REFUND):
            return RefundUnsupported(payment.method)
        refunded = await self._commanding.refund(payment, order, new)
        match refunded:
            case OverRefund():
                return _too_much(await self._commanding.read(payment.payment_id), order)
            case PaymentRow():
                advanced = await self._advancing.advance(refunded)
                operation = _operation_of(advanced.payment, new.idempotency_key)
                if operation is None:
                    return _too_much(advanced.payment, advanced.order)
                return RefundIs(advanced.payment, operation, replayed=False)
            case _:
                assert_never(refunded)

    async def _paid(self, order_id: OrderId) -> PaymentRow | None:
        """The payment whose money is the order's; the one that settled it before any other."""
        paid = [
            each for each in await self._payments.of_order(order_id) if each.facts.captured_minor
        ]
        return next((each for each in paid if each.is_settled), paid[0] if paid else None)


def _too_much(payment: PaymentRow, order: Order) -> RefundTooLarge:
    return RefundTooLarge(order, Money(payment.refundable_minor, payment.amount.currency))


def _new_refund(payment: PaymentRow, request: RefundRequest) -> NewRefund:
    wish = f"{payment.payment_id}|{request.idempotency_key}"
    refund_id = hashlib.sha256(wish.encode()).hexdigest()[:_REFUND_ID_CHARACTERS]
    return NewRefund(
        refund_id=refund_id,
        idempotency_key=f"{payment.payment_id}.refund.{refund_id}",
        amount_minor=payment.refundable_minor
        if request.amount_minor is None
        else request.amount_minor,
        reason="requested",
        requested_by=request.requested_by,
    )


def _operation_of(payment: PaymentRow, idempotency_key: str) -> OperationRow | None:
    found = (each for each in payment.operations if each.idempotency_key == idempotency_key)
    return next(found, None)
