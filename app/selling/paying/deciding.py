"""What comes next for a payment: one pure decision, from what was observed of it and from how its
order stands. Whoever asks (a buyer's call, a notice, the reconciler), and however often, the answer
is the same; so a crash between two steps loses nothing, and the next look goes on from here.

Money decides first: what was captured ends in a confirmed order or goes back, whatever was planned.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from app.domain.orders import Order, OrderStatus
from app.ledger import OperationKind, OperationRow, OperationState, Outcome, PaymentRow
from payments import Capability, Descriptor, PaymentState, RefundStatus, RemoteStatus

DOUBT_GRACE_MS: Final = 600_000
"""A hold whose time is over is kept this much longer while its provider does not say whether it was
paid; money that comes later still is late money."""
OPERATION_OF_REFUND: Final = {
    RefundStatus.PENDING: OperationState.PENDING,
    RefundStatus.SUCCEEDED: OperationState.SUCCEEDED,
    RefundStatus.FAILED: OperationState.REJECTED,
}
"""What became of the command, by what the provider says of the refund."""
LATE_LOOK_SECONDS: Final = (60, 900, 86_400)
"""A payment that ended without money is looked at a few times more, from its end on: a provider
may take money after it has said no, and its notice of that may be lost."""


class ReturnReason(StrEnum):
    """Why money goes back by itself."""

    LATE = "late"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do before then; None: not before something is heard."""

    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Freeze:
    """The provider says what cannot be: a person must look."""


@dataclass(frozen=True, slots=True)
class EndOperation:
    """What was observed shows how a command ended."""

    operation: OperationRow
    state: OperationState


@dataclass(frozen=True, slots=True)
class Resolve:
    """A command of unknown end: ask, or send it again."""

    operation: OperationRow


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the provider how the payment stands."""


@dataclass(frozen=True, slots=True)
class BeginAgain:
    """Money came after all, and the order is a hold again: it is paid by this payment."""


@dataclass(frozen=True, slots=True)
class Capture:
    """The hold is pinned, then the money is taken."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The money is there: the order is confirmed by it."""


@dataclass(frozen=True, slots=True)
class Reacquire:
    """The money came after the units were given back: the same again, or the money goes back."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the attempt at the provider; what was reserved is let go."""


@dataclass(frozen=True, slots=True)
class ReturnMoney:
    """All of it, once."""

    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class GiveHoldBack:
    """No money came: the order is a hold again."""


@dataclass(frozen=True, slots=True)
class ExpireHold:
    """No money came, and the hold's time is over: its units are given back."""


@dataclass(frozen=True, slots=True)
class ReflectRefund:
    """The order learns how much went back so far."""

    refunded_minor: int


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing is left to do for the order."""

    outcome: Outcome


Step: TypeAlias = (
    Rest
    | Freeze
    | EndOperation
    | Resolve
    | LookUp
    | BeginAgain
    | Capture
    | Confirm
    | Reacquire
    | Cancel
    | ReturnMoney
    | GiveHoldBack
    | ExpireHold
    | ReflectRefund
    | Close
)


def decide(payment: PaymentRow, order: Order, method: Descriptor, now_ms: int) -> Step:
    """`method`: of the account that the payment was made through. Changes nothing."""
    if payment.facts.integrity:
        return Freeze()
    unended = [each for each in payment.operations if not each.is_ended]
    for operation in unended:
        if (state := observed_end(operation, payment)) is not None:
            return EndOperation(operation, state)
    if unended:
        return _in_doubt(payment, order, unended[0], now_ms)
    match payment.state:
        case PaymentState.CAPTURED:
            return _captured(payment, order, method, now_ms)
        case PaymentState.REFUNDED:
            return _refunded(payment, order, now_ms)
        case PaymentState.AUTHORIZED:
            return _authorized(payment, order, now_ms)
        case PaymentState.REQUIRES_ACTION | PaymentState.PENDING:
            return _waiting(payment, order, method, now_ms)
        case PaymentState.CREATED | PaymentState.FAILED | PaymentState.CANCELLED:
            return _without_money(payment, order, method, now_ms)


def observed_end(operation: OperationRow, payment: PaymentRow) -> OperationState | None:
    """What the facts prove of a command that has not ended; None: nothing, or nothing new."""
    facts, done = payment.facts, OperationState.SUCCEEDED
    is_over = facts.is_cancelled or _is_failed(payment)
    match operation.kind:
        case OperationKind.INITIATE:
            return done if facts.progress is not None else None
        case OperationKind.CAPTURE:
            if facts.captured_minor:
                return done
            return OperationState.REJECTED if is_over else None
        case OperationKind.CANCEL:
            if facts.captured_minor:
                return OperationState.REJECTED
            return done if is_over else None
        case OperationKind.REFUND:
            fact = facts.refunds.get(operation.provider_refund_id or "")
            seen = OPERATION_OF_REFUND[fact.status] if fact else None
            return None if seen is operation.state else seen


def _in_doubt(payment: PaymentRow, order: Order, operation: OperationRow, now_ms: int) -> Step:
    if operation.state is OperationState.SUBMITTING:
        is_over = operation.is_left_alone(now_ms)
        return Resolve(operation) if is_over else Rest(operation.lease_until_ms)
    if _is_due(payment, now_ms):
        return Resolve(operation)
    is_unpaid = (
        operation.kind in {OperationKind.INITIATE, OperationKind.CANCEL}
        and payment.state is not PaymentState.AUTHORIZED
        and not payment.facts.captured_minor
        and _is_paying(payment, order)
    )
    if is_unpaid and now_ms >= _hold_end_ms(order) + DOUBT_GRACE_MS:
        return ExpireHold()
    return Rest(payment.next_look_at_ms)


def _captured(payment: PaymentRow, order: Order, method: Descriptor, now_ms: int) -> Step:
    if payment.facts.captured_minor < payment.amount.amount_minor:
        return Freeze()
    if _is_paying(payment, order):
        return Confirm()
    if _is_settled(payment, order):
        return _settled(payment, order, method, now_ms)
    if payment.facts.pending_refund_minor:
        return _await_refund(payment, method, now_ms)
    if not payment.refundable_minor or any(is_return(each) for each in payment.operations):
        return Freeze()  # what went back has come again, or its buyer disputes it
    match order.status:
        case OrderStatus.HELD:
            return BeginAgain()
        case OrderStatus.EXPIRED | OrderStatus.RELEASED:
            return Reacquire()
        case OrderStatus.PAYING | OrderStatus.CONFIRMED | OrderStatus.CANCELLED:
            return ReturnMoney(ReturnReason.DUPLICATE)


def _settled(payment: PaymentRow, order: Order, method: Descriptor, now_ms: int) -> Step:
    refunded_minor = payment.facts.refunded_minor
    if refunded_minor > order.refunded.amount_minor:
        return ReflectRefund(refunded_minor)
    if payment.outcome not in {Outcome.CONFIRMED, Outcome.REFUNDED}:
        return Close(Outcome.CONFIRMED)
    if not payment.facts.pending_refund_minor:
        return Rest(None)
    return _await_refund(payment, method, now_ms)


def _await_refund(payment: PaymentRow, method: Descriptor, now_ms: int) -> Step:
    if method.can(Capability.FETCH) and _is_due(payment, now_ms):
        return LookUp()
    return Rest(payment.next_look_at_ms)


def _refunded(payment: PaymentRow, order: Order, now_ms: int) -> Step:
    refunded_minor = payment.facts.refunded_minor
    if _is_settled(payment, order):
        if refunded_minor > order.refunded.amount_minor:
            return ReflectRefund(refunded_minor)
    elif _is_paying(payment, order):
        return _give_up(order, now_ms)
    return Rest(None) if payment.outcome is Outcome.REFUNDED else Close(Outcome.REFUNDED)


def _authorized(payment: PaymentRow, order: Order, now_ms: int) -> Step:
    if payment.is_cancel_refused:
        return Freeze()
    if any(
        each.kind is OperationKind.CAPTURE and each.state is OperationState.REJECTED
        for each in payment.operations
    ):
        return Cancel()
    if _is_paying(payment, order):
        return Capture()
    if order.status is OrderStatus.HELD and now_ms < _hold_end_ms(order):
        return BeginAgain()
    return Cancel()


def _waiting(payment: PaymentRow, order: Order, method: Descriptor, now_ms: int) -> Step:
    """For the buyer, or for the provider."""
    if method.can(Capability.FETCH) and _is_due(payment, now_ms):
        return LookUp()
    is_paying = _is_paying(payment, order)
    if is_paying and now_ms < _hold_end_ms(order):
        return Rest(payment.next_look_at_ms)
    if method.can(Capability.CANCEL) and not payment.is_cancel_refused:
        return Cancel()
    return ExpireHold() if is_paying else Rest(payment.next_look_at_ms)


def _without_money(payment: PaymentRow, order: Order, method: Descriptor, now_ms: int) -> Step:
    if _is_paying(payment, order):
        return GiveHoldBack() if _is_failed(payment) else _give_up(order, now_ms)
    if payment.outcome is not None:
        return _look_late(payment, method, now_ms)
    if payment.state is not PaymentState.CANCELLED:
        return Close(Outcome.FAILED)
    is_expired = order.status is OrderStatus.EXPIRED
    return Close(Outcome.EXPIRED if is_expired else Outcome.CANCELLED)


def _look_late(payment: PaymentRow, method: Descriptor, now_ms: int) -> Step:
    """`looks` counts them, and begins anew with every news."""
    is_known_there = payment.facts.progress is not None
    if payment.outcome in {Outcome.CONFIRMED, Outcome.REFUNDED} or not is_known_there:
        return Rest(None)
    if not method.can(Capability.FETCH):
        return Rest(None)
    if payment.next_look_at_ms is None and not payment.looks:
        return Rest(now_ms + 1000 * LATE_LOOK_SECONDS[0])
    if payment.next_look_at_ms is None or payment.looks > len(LATE_LOOK_SECONDS):
        return Rest(None)
    return LookUp() if payment.next_look_at_ms <= now_ms else Rest(payment.next_look_at_ms)


def _give_up(order: Order, now_ms: int) -> Step:
    return ExpireHold() if now_ms >= _hold_end_ms(order) else GiveHoldBack()


def _is_paying(payment: PaymentRow, order: Order) -> bool:
    return order.status is OrderStatus.PAYING and order.payment_id == payment.payment_id


def _is_settled(payment: PaymentRow, order: Order) -> bool:
    """The order was confirmed by this payment, and may have been cancelled since."""
    return order.payment_id == payment.payment_id and order.status in {
        OrderStatus.CONFIRMED,
        OrderStatus.CANCELLED,
    }


def _is_failed(payment: PaymentRow) -> bool:
    progress = payment.facts.progress
    return progress is not None and progress.status is RemoteStatus.FAILED


def is_return(operation: OperationRow) -> bool:
    """Money on its way back by itself."""
    return operation.kind is OperationKind.REFUND and operation.reason in set(ReturnReason)


def _is_due(payment: PaymentRow, now_ms: int) -> bool:
    return payment.next_look_at_ms is not None and payment.next_look_at_ms <= now_ms


def _hold_end_ms(order: Order) -> int:
    return order.expires_at_ms or 0
