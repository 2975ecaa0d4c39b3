"""What only a person knows of a payment, and what that makes of it: pure. What contradicts what was
observed is refused, with the reason.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from app.domain.orders import Order
from app.ledger import (
    Attestation,
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    PaymentRow,
)
from app.runtime.clock import format_instant
from app.selling.paying.deciding import Freeze, decide, observed_end
from payments import (
    Capability,
    Descriptor,
    IntegrityFault,
    Money,
    PaymentState,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
)

S = RemoteStatus
_HAPPENED: Final = frozenset({OperationState.SUCCEEDED, OperationState.PENDING})


@dataclass(frozen=True, slots=True)
class Rejected:
    """The operation certainly did not happen. `operation`: its id, or its kind."""

    operation: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It happened. `provider_id`: the provider's id of the payment, or of the refund."""

    operation: str
    provider_id: str | None


@dataclass(frozen=True, slots=True)
class RefundedByHand:
    """Money was given back outside of the provider. `amount_minor` None: all that is left."""

    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class RefundNow:
    """Send all that is left back, whatever is wrong with the payment."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Close a frozen payment that has no money (any more), and give the hold back."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A payment that ended was looked at: nothing is left to do, until there is news of it."""


Resolution: TypeAlias = Rejected | Succeeded | RefundedByHand | RefundNow | GiveUp | Dismiss


@dataclass(frozen=True, slots=True)
class Contradicted:
    """It cannot be so, or cannot be done now."""

    reason: str


def judge(  # noqa: PLR0913, PLR0917 - all that is known, and what is said
    payment: PaymentRow,
    order: Order,
    method: Descriptor,
    resolution: Resolution,
    evidence: str,
    now_ms: int,
) -> Attestation | Contradicted:
    """What is written down, if it can be."""
    match resolution:
        case Rejected(operation):
            return _rejected(payment, method, operation, evidence, now_ms)
        case Succeeded():
            return _succeeded(payment, method, resolution, evidence, now_ms)
        case RefundedByHand(amount_minor):
            return _refunded(payment, amount_minor, evidence)
        case RefundNow():
            return _refund_now(payment, method, evidence)
        case GiveUp():
            return _give_up(payment, order, method, evidence, now_ms)
        case Dismiss():
            return _dismiss(payment, evidence)
        case _:
            assert_never(resolution)


def _rejected(
    payment: PaymentRow, method: Descriptor, name: str, evidence: str, now_ms: int
) -> Attestation | Contradicted:
    operation = _unended(payment, name, now_ms)
    if isinstance(operation, Contradicted):
        return operation
    is_there = operation.state is OperationState.PENDING and method.can(Capability.FETCH)
    if is_there or observed_end(operation, payment) in _HAPPENED:
        return Contradicted(f"the provider has told that it has {operation.operation_id}")
    return Attestation(
        said=f"rejected {operation.operation_id}",
        evidence=evidence,
        operation_id=operation.operation_id,
        operation_state=OperationState.REJECTED,
    )


def _succeeded(
    payment: PaymentRow, method: Descriptor, said: Succeeded, evidence: str, now_ms: int
) -> Attestation | Contradicted:
    operation = _unended(payment, said.operation, now_ms)
    if isinstance(operation, Contradicted):
        return operation
    if observed_end(operation, payment) is OperationState.REJECTED:
        return Contradicted(f"the provider has told that {operation.operation_id} was not executed")
    snapshot = _snapshot_of(payment, method, operation, said.provider_id)
    if isinstance(snapshot, Contradicted):
        return snapshot
    return Attestation(
        said=f"succeeded {operation.operation_id}",
        evidence=evidence,
        operation_id=operation.operation_id,
        operation_state=OperationState.SUCCEEDED,
        snapshot=snapshot,
    )


def _snapshot_of(
    payment: PaymentRow, method: Descriptor, operation: OperationRow, provider_id: str | None
) -> Snapshot | Contradicted:
    """What the provider would say of it. Ids are the provider's own, so that what it says itself
    later is known as the same. Where money is reserved first, beginning takes none."""
    total_minor = payment.amount.amount_minor
    paid_id = payment.provider_payment_id or provider_id
    match operation.kind:
        case OperationKind.INITIATE if paid_id is not None:
            if method.can(Capability.AUTHORIZE):
                return _told(payment, paid_id, S.AUTHORIZED, authorized_minor=total_minor)
            return _told(payment, paid_id, S.CAPTURED, captured_minor=total_minor)
        case OperationKind.CAPTURE if paid_id is not None:
            return _told(payment, paid_id, S.CAPTURED, captured_minor=total_minor)
        case OperationKind.CANCEL if paid_id is not None:
            return _told(payment, paid_id, S.CANCELLED)
        case OperationKind.REFUND:
            refund_id = operation.provider_refund_id or provider_id
            if refund_id is not None:
                return _told_refund(payment, operation.refund_id, refund_id, operation.amount_minor)
    return Contradicted(
        "say by which id its provider knows it (--provider-id): otherwise what the provider says "
        "later would count a second time"
    )


def _refunded(
    payment: PaymentRow, amount_minor: int | None, evidence: str
) -> Attestation | Contradicted:
    if (obstacle := _no_refund(payment)) is not None:
        return obstacle
    given_minor = payment.refundable_minor if amount_minor is None else amount_minor
    if not 0 < given_minor <= payment.refundable_minor:
        return Contradicted(f"{_left(payment)} of its money is left, not {given_minor}")
    number = sum(each.startswith("by-hand-") for each in payment.facts.refunds) + 1
    return Attestation(
        said=f"refunded {given_minor} by hand",
        evidence=evidence,
        snapshot=_told_refund(payment, None, f"by-hand-{number}", given_minor),
    )


def _refund_now(
    payment: PaymentRow, method: Descriptor, evidence: str
) -> Attestation | Contradicted:
    if (obstacle := _no_refund(payment)) is not None:
        return obstacle
    if not method.can(Capability.REFUND):
        return Contradicted(f"{payment.method}/{payment.account} cannot give money back now")
    if IntegrityFault.CURRENCY in payment.facts.integrity:
        return Contradicted("its money is of another currency: give it back at the provider's")
    return Attestation(said=f"refund {payment.refundable_minor}", evidence=evidence)


def _give_up(
    payment: PaymentRow, order: Order, method: Descriptor, evidence: str, now_ms: int
) -> Attestation | Contradicted:
    if (obstacle := _unresolved(payment)) is not None:
        return obstacle
    if _has_money(payment):
        return Contradicted(f"it has taken {_left(payment)}: refund it first")
    if not isinstance(decide(payment, order, method, now_ms), Freeze):
        return Contradicted("it is not frozen: it goes on by itself, or by retry")
    outcome = Outcome.REFUNDED if payment.facts.captured_minor else Outcome.FAILED
    return Attestation(said="give-up", evidence=evidence, outcome=outcome, stops_clock=True)


def _dismiss(payment: PaymentRow, evidence: str) -> Attestation | Contradicted:
    if (obstacle := _unresolved(payment)) is not None:
        return obstacle
    if payment.outcome is None:
        return Contradicted("it is still open")
    return Attestation(said="dismiss", evidence=evidence, stops_clock=True)


def _unended(payment: PaymentRow, name: str, now_ms: int) -> OperationRow | Contradicted:
    """The operation that is meant, if its end is not known and nobody is sending it."""
    found = [each for each in payment.operations if name == each.operation_id] or [
        each for each in payment.operations if each.kind == name and not each.is_ended
    ]
    if len(found) != 1:
        there = ", ".join(f"{each.operation_id} ({each.state})" for each in payment.operations)
        return Contradicted(f"which operation is {name}? It has {there}")
    [operation] = found
    if operation.is_ended:
        return Contradicted(f"{operation.operation_id} has ended: {operation.state}")
    if operation.state is OperationState.SUBMITTING and now_ms < operation.lease_until_ms:
        until = format_instant(operation.lease_until_ms)
        return Contradicted(f"{operation.operation_id} is being sent, until {until} at most")
    return operation


def _unresolved(payment: PaymentRow) -> Contradicted | None:
    unended = [each for each in payment.operations if not each.is_ended]
    if not unended:
        return None
    return Contradicted(f"{unended[0].operation_id} has not ended: resolve that first")


def _no_refund(payment: PaymentRow) -> Contradicted | None:
    if not payment.facts.captured_minor:
        return Contradicted("no money of it was ever seen")
    if not payment.refundable_minor:
        return Contradicted("all of its money went back, or is on its way")
    return _unresolved(payment)


def _has_money(payment: PaymentRow) -> bool:
    return payment.facts.captured_minor > payment.facts.refunded_minor


def _left(payment: PaymentRow) -> Money:
    return Money(payment.refundable_minor, payment.amount.currency)


def _told_refund(
    payment: PaymentRow, refund_id: str | None, provider_refund_id: str, amount_minor: int
) -> Snapshot:
    back = RefundState(
        refund_id=refund_id,
        provider_refund_id=provider_refund_id,
        amount=Money(amount_minor, payment.amount.currency),
        status=RefundStatus.SUCCEEDED,
    )
    return _told(
        payment,
        payment.provider_payment_id or payment.reference,
        S.CAPTURED,
        captured_minor=payment.facts.captured_minor,
        refunds=(back,),
    )


def _told(  # noqa: PLR0913 - one for each that may differ
    payment: PaymentRow,
    provider_payment_id: str,
    status: RemoteStatus,
    *,
    authorized_minor: int = 0,
    captured_minor: int = 0,
    refunds: tuple[RefundState, ...] = (),
) -> Snapshot:
    return Snapshot(
        status=status,
        provider_payment_id=provider_payment_id,
        reference=payment.reference,
        amount=payment.amount,
        is_live=payment.is_live,
        authorized_minor=authorized_minor,
        captured_minor=captured_minor,
        refunds=refunds,
        version=payment.facts.progress.version if payment.facts.progress else 0,
    )


def is_reserved(payment: PaymentRow) -> bool:
    """Whether money may still come of it unless its provider is asked to let go."""
    return payment.state in {
        PaymentState.AUTHORIZED,
        PaymentState.REQUIRES_ACTION,
        PaymentState.PENDING,
    }
