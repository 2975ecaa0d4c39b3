"""What an answer of a provider means for the command that was sent, and when to ask again. Pure."""

from dataclasses import replace
from typing import Final

from app.domain.orders import Order
from app.ledger import OperationKind, OperationRow, OperationState, PaymentRow
from app.selling.paying.asking import InDoubt, NotDone
from app.selling.paying.deciding import LATE_LOOK_SECONDS, OPERATION_OF_REFUND, is_return
from payments import (
    Descriptor,
    Idempotency,
    Lookup,
    RefundState,
    RemoteStatus,
    Snapshot,
    observe,
)

LOOK_SECONDS: Final = (2, 5, 15, 45, 120, 300, 900, 3600)
"""Between one look and the next, the last one for ever: soon while a buyer waits, rarely later."""

RESEND_SHARE: Final = 0.8
"""Of the time for which a provider remembers a key: after that nothing is sent again."""

_S = OperationState


def answered_state(operation: OperationRow, snapshot: Snapshot) -> OperationState:
    """How a command ended, by the snapshot that answered it."""
    is_over = snapshot.status in {RemoteStatus.FAILED, RemoteStatus.CANCELLED}
    match operation.kind:
        case OperationKind.INITIATE:
            return _S.SUCCEEDED
        case OperationKind.CAPTURE:
            if snapshot.captured_minor:
                return _S.SUCCEEDED
            return _S.REJECTED if is_over else _S.PENDING
        case OperationKind.CANCEL:
            if snapshot.captured_minor:
                return _S.REJECTED
            return _S.SUCCEEDED if is_over else _S.PENDING
        case OperationKind.REFUND:
            for each in snapshot.refunds:
                if each.refund_id == operation.refund_id:
                    return OPERATION_OF_REFUND[each.status]
            return _S.UNKNOWN


def unanswered_state(operation: OperationRow, answer: NotDone | InDoubt) -> OperationState:
    """UNKNOWN: it is looked up, or sent again. Money that must go back is never given up on."""
    if isinstance(answer, InDoubt):
        return _S.UNKNOWN
    if operation.kind is OperationKind.INITIATE:
        return _S.REJECTED
    is_given_up = answer.is_refused and not is_return(operation)
    return _S.REJECTED if is_given_up else _S.UNKNOWN


def foreseen(payment: PaymentRow, operation: OperationRow, snapshot: Snapshot) -> PaymentRow:
    """The payment as it will stand once this answer is recorded, if nobody else records one."""
    state = answered_state(operation, snapshot)
    return replace(
        payment,
        facts=observe(payment.facts, snapshot, payment.expected),
        operations=tuple(
            replace(each, state=state) if each.operation_id == operation.operation_id else each
            for each in payment.operations
        ),
    )


def may_send_again(operation: OperationRow, method: Descriptor, now_ms: int) -> bool:
    """Whether the same command, under the same key, can move money once only."""
    if operation.kind in {OperationKind.CAPTURE, OperationKind.CANCEL}:
        return True  # by the contract, doing it again changes nothing
    if method.idempotency is not Idempotency.KEY or method.idempotency_window is None:
        return False
    window_ms = method.idempotency_window.total_seconds() * 1000
    return now_ms < operation.first_submitted_at_ms + RESEND_SHARE * window_ms


def proves_absence(operation: OperationRow, method: Descriptor, now_ms: int) -> bool:
    """Whether a provider that knows nothing of the payment can never have begun it."""
    at_ms = absence_proven_at_ms(operation, method)
    return at_ms is not None and now_ms >= at_ms


def absence_proven_at_ms(operation: OperationRow, method: Descriptor) -> int | None:
    """From when on that is so; None: never."""
    if method.lookup is not Lookup.ABSENCE or operation.kind is not OperationKind.INITIATE:
        return None
    return operation.lease_until_ms + round(method.absence_after.total_seconds() * 1000)


def next_look_ms(looks: int, now_ms: int) -> int:
    """`looks`: how often it was put off already."""
    return now_ms + 1000 * LOOK_SECONDS[min(looks, len(LOOK_SECONDS) - 1)]


def state_seen(operation: OperationRow, snapshot: Snapshot) -> OperationState | None:
    """How a command ended by what a look-up shows; None: it does not show its end."""
    state = answered_state(operation, snapshot)
    is_awaited = operation.kind is OperationKind.REFUND and state is OperationState.PENDING
    return state if state.is_ended or is_awaited else None


def look_again_ms(payment: PaymentRow, order: Order, now_ms: int) -> int:
    """Not later than when the hold's time is over: then somebody has to ask."""
    if payment.outcome is not None and not payment.facts.captured_minor:
        late = LATE_LOOK_SECONDS[min(payment.looks, len(LATE_LOOK_SECONDS) - 1)]
        return now_ms + 1000 * late
    next_ms = next_look_ms(payment.looks, now_ms)
    hold_end_ms = order.expires_at_ms or 0
    return min(next_ms, hold_end_ms) if hold_end_ms > now_ms else next_ms


def settled_elsewhere(payment: PaymentRow, refunds: tuple[RefundState, ...] = ()) -> Snapshot:
    """What is known of money that somebody else has: it was taken, all of it."""
    return Snapshot(
        status=RemoteStatus.CAPTURED,
        provider_payment_id=payment.reference,
        reference=payment.reference,
        amount=payment.amount,
        is_live=payment.is_live,
        authorized_minor=payment.amount.amount_minor,
        captured_minor=payment.amount.amount_minor,
        refunds=refunds,
    )
