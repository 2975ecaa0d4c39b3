"""The one reducer: answers, notices, look-ups and returns all meet here, in any order, any number
of times, and give the same state.

Facts only ever join (each field has a least upper bound), so joining is commutative, associative
and idempotent. A state is read from the facts; it is never stored as a thing of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from payments.messages import Failure, NextAction, RefundStatus, RemoteStatus, Snapshot
from payments.money import Money


class PaymentState(StrEnum):
    """How a payment stands, by what was observed of it."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    FAILED = "failed"
    CANCELLED = "cancelled"


S = PaymentState
_AHEAD = frozenset({S.REQUIRES_ACTION, S.PENDING})
_MONEY = frozenset({S.CAPTURED, S.REFUNDED})

NEXT_STATES: Final[Mapping[PaymentState, frozenset[PaymentState]]] = {
    S.CREATED: _AHEAD | _MONEY | {S.AUTHORIZED, S.FAILED, S.CANCELLED},
    S.REQUIRES_ACTION: _MONEY | {S.PENDING, S.AUTHORIZED, S.FAILED, S.CANCELLED},
    S.PENDING: _MONEY | {S.REQUIRES_ACTION, S.AUTHORIZED, S.FAILED, S.CANCELLED},
    S.AUTHORIZED: _MONEY | {S.CANCELLED},
    S.CAPTURED: frozenset({S.REFUNDED}),
    S.REFUNDED: frozenset({S.CAPTURED}),
    S.FAILED: _AHEAD | _MONEY | {S.AUTHORIZED, S.CANCELLED},
    S.CANCELLED: _MONEY,
}
"""Every legal edge. REFUNDED to CAPTURED: a refund that had succeeded failed later. FAILED and
CANCELLED are not the end of *money*: it may still arrive, late."""


class IntegrityFault(StrEnum):
    """What a provider says that cannot be of this payment; then nothing is confirmed and a person
    must look."""

    AMOUNT = "amount"
    CURRENCY = "currency"
    REFERENCE = "reference"
    LIVENESS = "liveness"
    """A test payment where live ones belong, or the other way round."""
    OVER_CAPTURE = "over_capture"
    OVER_REFUND = "over_refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the payment was begun with."""

    amount: Money
    reference: str
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    amount_minor: int
    status: RefundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The newest word of the provider on what is going on; orders by version, then by how far it
    is."""

    version: int
    status: RemoteStatus
    next_action: NextAction | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFacts:
    """All that was ever observed of one payment. `refunds`: by the provider's refund id."""

    authorized_minor: int = 0
    captured_minor: int = 0
    disputed_minor: int = 0
    is_cancelled: bool = False
    refunds: Mapping[str, RefundFact] = field(default_factory=dict)
    progress: Progress | None = None
    integrity: frozenset[IntegrityFault] = frozenset()

    @property
    def refunded_minor(self) -> int:
        return self._refunds_of(RefundStatus.SUCCEEDED)

    @property
    def pending_refund_minor(self) -> int:
        return self._refunds_of(RefundStatus.PENDING)

    def _refunds_of(self, status: RefundStatus) -> int:
        return sum(each.amount_minor for each in self.refunds.values() if each.status is status)


NOTHING: Final = PaymentFacts()


def observe(facts: PaymentFacts, snapshot: Snapshot, expected: Expected) -> PaymentFacts:
    """The facts after one more snapshot, whichever way it came."""
    return join(facts, _facts_of(snapshot, expected))


def join(first: PaymentFacts, second: PaymentFacts) -> PaymentFacts:
    """The least that both are part of."""
    refunds = dict(first.refunds)
    for refund_id, fact in second.refunds.items():
        refunds[refund_id] = max(refunds.get(refund_id, fact), fact, key=_refund_rank)
    progress = max(
        (each for each in (first.progress, second.progress) if each is not None),
        key=_progress_rank,
        default=None,
    )
    return PaymentFacts(
        authorized_minor=max(first.authorized_minor, second.authorized_minor),
        captured_minor=max(first.captured_minor, second.captured_minor),
        disputed_minor=max(first.disputed_minor, second.disputed_minor),
        is_cancelled=first.is_cancelled or second.is_cancelled,
        refunds=refunds,
        progress=progress,
        integrity=first.integrity | second.integrity,
    )


def state_of(facts: PaymentFacts) -> PaymentState:
    """Money decides first, then the end of the attempt, then what is going on."""
    if facts.captured_minor:
        is_all_back = facts.refunded_minor >= facts.captured_minor
        return S.REFUNDED if is_all_back else S.CAPTURED
    if facts.is_cancelled:
        return S.CANCELLED
    if facts.authorized_minor:
        return S.AUTHORIZED
    return S.CREATED if facts.progress is None else S(facts.progress.status)


_PROGRESS_ORDER: Final = tuple(RemoteStatus)
_REFUND_ORDER: Final = (RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED)


def _facts_of(snapshot: Snapshot, expected: Expected) -> PaymentFacts:
    facts = PaymentFacts(
        authorized_minor=snapshot.authorized_minor,
        captured_minor=snapshot.captured_minor,
        disputed_minor=snapshot.disputed_minor,
        is_cancelled=snapshot.status is RemoteStatus.CANCELLED,
        refunds={
            each.provider_refund_id: RefundFact(
                amount_minor=each.amount.amount_minor, status=each.status
            )
            for each in snapshot.refunds
        },
        progress=Progress(
            version=snapshot.version,
            status=snapshot.status,
            next_action=snapshot.next_action,
            failure=snapshot.failure,
        ),
    )
    return replace(facts, integrity=_faults_of(snapshot, facts, expected))


def _faults_of(
    snapshot: Snapshot, facts: PaymentFacts, expected: Expected
) -> frozenset[IntegrityFault]:
    F = IntegrityFault  # noqa: N806 - short for a table
    currencies = {snapshot.amount.currency, *(each.amount.currency for each in snapshot.refunds)}
    checks = {
        F.AMOUNT: snapshot.amount.amount_minor != expected.amount.amount_minor,
        F.CURRENCY: currencies != {expected.amount.currency},
        F.REFERENCE: snapshot.reference != expected.reference,
        F.LIVENESS: snapshot.is_live is not expected.is_live,
        F.OVER_CAPTURE: snapshot.captured_minor > expected.amount.amount_minor,
        F.OVER_REFUND: facts.refunded_minor > snapshot.captured_minor,
    }
    return frozenset(fault for fault, is_fault in checks.items() if is_fault)


def _refund_rank(fact: RefundFact) -> tuple[int, int]:
    return _REFUND_ORDER.index(fact.status), fact.amount_minor


def _progress_rank(progress: Progress) -> tuple[int, int, str]:
    """The last part only makes two different words of one version comparable; the order of the
    fields of a next action is no difference."""
    action = progress.next_action
    fields = sorted(action.fields.items()) if action else []
    return (
        progress.version,
        _PROGRESS_ORDER.index(progress.status),
        repr((action and replace(action, fields={}), fields, progress.failure)),
    )
