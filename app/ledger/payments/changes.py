"""What can happen to a payment, as pure functions from the row that stands to the row that follows.

They are only ever applied under the lock. What may not happen (an operation that ended moves again,
a payment that was confirmed fails) changes nothing: whoever comes late finds it done.

A payment has one clock, `next_look_at_ms`. While an operation has not ended there is a clock or a
lease, and news of a payment whose clock had stopped start it again, so that nothing in doubt and no
late money is ever forgotten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from app.ledger.payments.rows import (
    Channel,
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    PaymentRow,
)
from app.ledger.payments.tables import FAILED_LATER
from app.runtime.errors import ContractError
from payments import PaymentState, RefundStatus, Snapshot, observe

_S = OperationState
NEXT_OPERATION_STATES: Final[Mapping[OperationState, frozenset[OperationState]]] = {
    _S.SUBMITTING: frozenset({_S.SUCCEEDED, _S.REJECTED, _S.PENDING, _S.UNKNOWN}),
    _S.PENDING: frozenset({_S.PENDING, _S.SUCCEEDED, _S.REJECTED}),
    _S.UNKNOWN: frozenset({_S.UNKNOWN, _S.SUCCEEDED, _S.REJECTED, _S.PENDING}),
    _S.SUCCEEDED: frozenset(),
    _S.REJECTED: frozenset(),
}
"""By being told. SUBMITTING again is by `resubmitted` alone."""

_LATE: Final = frozenset({Outcome.CONFIRMED, Outcome.REFUNDED})
NEXT_OUTCOMES: Final[Mapping[Outcome | None, frozenset[Outcome]]] = {
    None: frozenset(Outcome),
    Outcome.CONFIRMED: frozenset({Outcome.REFUNDED}),
    Outcome.FAILED: _LATE,
    Outcome.CANCELLED: _LATE,
    Outcome.EXPIRED: _LATE,
    Outcome.REFUNDED: frozenset(),
}
"""The first outcome stands, unless money comes late or goes back."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was heard of a payment, and of one of its operations."""

    channel: Channel
    at_ms: int
    operation_id: str | None
    operation_state: OperationState | None
    error_code: str | None
    snapshot: Snapshot | None
    next_at_ms: int | None


@dataclass(frozen=True, slots=True)
class NewOperation:
    """A command about to be sent. `requested_by`: the id of an API key or a grant, no person."""

    operation_id: str
    kind: OperationKind
    idempotency_key: str
    amount_minor: int
    refund_id: str | None
    reason: str | None
    requested_by: str | None
    lease_until_ms: int
    at_ms: int

    def row(self) -> OperationRow:
        return OperationRow(
            operation_id=self.operation_id,
            kind=self.kind,
            amount_minor=self.amount_minor,
            refund_id=self.refund_id,
            provider_refund_id=None,
            reason=self.reason,
            requested_by=self.requested_by,
            state=OperationState.SUBMITTING,
            idempotency_key=self.idempotency_key,
            attempts=1,
            first_submitted_at_ms=self.at_ms,
            lease_until_ms=self.lease_until_ms,
            next_at_ms=None,
            error_code=None,
        )


Follows: TypeAlias = Callable[[PaymentRow], NewOperation | Outcome | None]
"""What follows at once from what was heard, decided under the lock and pure: a command is begun, or
the payment ends. None: neither."""


def told(row: PaymentRow, news: Told) -> PaymentRow:
    """ContractError: the operation is not of this payment."""
    if news.operation_id is not None:
        operation_of(row, news.operation_id)
    after = replace(row, operations=tuple(_operation_told(each, news) for each in row.operations))
    if (snapshot := news.snapshot) is not None:
        after = replace(
            after,
            facts=observe(row.facts, snapshot, row.expected),
            provider_payment_id=row.provider_payment_id or snapshot.provider_payment_id,
        )
        after = _with_failed_refunds(row, after)
    return _counted(row, _with_clock(row, after, news), news.at_ms)


def reserved(row: PaymentRow, new: NewOperation) -> PaymentRow:
    """With one operation more, being sent. Whoever asks for a refund has seen which ones failed."""
    operations = row.operations
    if new.kind is OperationKind.REFUND:
        operations = tuple(_without_failure(each) for each in operations)
    return replace(row, operations=(*operations, new.row()))


def followed(row: PaymentRow, follows: NewOperation | Outcome | None, at_ms: int) -> PaymentRow:
    """The same row where that may not be: one command at a time, and each key once."""
    match follows:
        case Outcome():
            return closed(row, follows, at_ms)
        case NewOperation():
            is_known = any(
                each.is_active or each.idempotency_key == follows.idempotency_key
                for each in row.operations
            )
            return row if is_known else reserved(row, follows)
        case None:
            return row


def resubmitted(
    row: PaymentRow, operation_id: str, lease_until_ms: int, at_ms: int
) -> PaymentRow | None:
    """None: it is not to be sent again: it ended, or somebody is sending it."""
    operation = operation_of(row, operation_id)
    if operation.state is not OperationState.UNKNOWN and not operation.is_left_alone(at_ms):
        return None
    again = replace(
        operation,
        state=OperationState.SUBMITTING,
        attempts=operation.attempts + 1,
        lease_until_ms=lease_until_ms,
        next_at_ms=None,
    )
    operations = tuple(again if each is operation else each for each in row.operations)
    return replace(row, operations=operations)


def closed(row: PaymentRow, outcome: Outcome, at_ms: int) -> PaymentRow:
    """The clock stops, unless an operation has not ended. Nothing changes while a command may still
    bring money, or where money was seen that whoever closes it had not seen yet: an order whose
    payment is closed may be paid by another, and nobody looks at the money again."""
    may_bring_money = any(
        each.is_active and each.kind is not OperationKind.REFUND for each in row.operations
    )
    is_without = not may_bring_money and not _has_money(row)
    if outcome not in NEXT_OUTCOMES[row.outcome] or not (is_without or outcome in _LATE):
        return row
    after = replace(
        row,
        outcome=outcome,
        is_settled=row.is_settled or outcome is Outcome.CONFIRMED,
        next_look_at_ms=row.next_look_at_ms if _is_unended(row) else None,
        looks=0,
    )
    return _counted(row, after, at_ms)


def scheduled(row: PaymentRow, next_look_at_ms: int | None) -> PaymentRow:
    """None stops the clock, unless an operation has not ended."""
    if next_look_at_ms is None:
        after = row if _is_unended(row) else replace(row, next_look_at_ms=None)
    else:
        after = replace(row, next_look_at_ms=next_look_at_ms, looks=row.looks + 1)
    return _counted(row, after, row.updated_at_ms)


def operation_of(row: PaymentRow, operation_id: str) -> OperationRow:
    """ContractError: there is none."""
    for each in row.operations:
        if each.operation_id == operation_id:
            return each
    raise ContractError(f"{operation_id} is no operation of {row.payment_id}")


def _operation_told(operation: OperationRow, news: Told) -> OperationRow:
    """That a later try was refused proves nothing about the tries before it: only what the provider
    says of the payment does."""
    if operation.provider_refund_id is None and operation.refund_id and news.snapshot:
        for refund in news.snapshot.refunds:
            if refund.refund_id == operation.refund_id:
                operation = replace(operation, provider_refund_id=refund.provider_refund_id)
    state = news.operation_state
    is_of_one_try = news.channel is Channel.RESPONSE and news.snapshot is None
    if state is _S.REJECTED and is_of_one_try and operation.attempts > 1:
        state = _S.UNKNOWN
    if (
        state is None
        or operation.operation_id != news.operation_id
        or state not in NEXT_OPERATION_STATES[operation.state]
    ):
        return operation
    after = replace(operation, state=state, error_code=news.error_code)
    return replace(after, next_at_ms=None if after.is_ended else news.next_at_ms)


def _with_failed_refunds(row: PaymentRow, after: PaymentRow) -> PaymentRow:
    """A refund that had succeeded and failed after all stays as it ended, and is marked: its money
    is here again, and nothing but a person sends it anew."""
    failed = {
        name
        for name, fact in after.facts.refunds.items()
        if fact.status is RefundStatus.FAILED and row.facts.refunds.get(name) != fact
    }
    return replace(
        after,
        operations=tuple(
            replace(each, error_code=FAILED_LATER)
            if each.state is _S.SUCCEEDED and each.provider_refund_id in failed
            else each
            for each in after.operations
        ),
    )


def _without_failure(operation: OperationRow) -> OperationRow:
    is_marked = operation.error_code == FAILED_LATER
    return replace(operation, error_code=None) if is_marked else operation


def _with_clock(row: PaymentRow, after: PaymentRow, news: Told) -> PaymentRow:
    is_news = after.facts != row.facts or _known_of(after) != _known_of(row)
    if news.next_at_ms is not None:
        looks = 0 if is_news else row.looks + 1
        return replace(after, next_look_at_ms=news.next_at_ms, looks=looks)
    if row.next_look_at_ms is None and (_is_unended(after) or after.facts != row.facts):
        return replace(after, next_look_at_ms=news.at_ms, looks=0)
    return replace(after, looks=0 if is_news else row.looks)


def _has_money(row: PaymentRow) -> bool:
    """Taken, or reserved by a provider that was not asked to let it go, or did not refuse to."""
    is_reserved = row.state is PaymentState.AUTHORIZED and not row.is_cancel_refused
    return row.facts.captured_minor > 0 or is_reserved


def _known_of(row: PaymentRow) -> dict[str, OperationState]:
    """How the commands stand. One that was in doubt and still is, though it was sent again, is no
    news: whoever does not answer is asked ever more rarely."""
    return {
        each.operation_id: _S.UNKNOWN if each.is_active and each.attempts > 1 else each.state
        for each in row.operations
    }


def _is_unended(row: PaymentRow) -> bool:
    return any(not each.is_ended for each in row.operations)


def _counted(row: PaymentRow, after: PaymentRow, at_ms: int) -> PaymentRow:
    """One version more, if anything but its operations changed."""
    if after == replace(row, operations=after.operations):
        return after
    return replace(after, version=row.version + 1, updated_at_ms=at_ms)
