"""What the ledger tells of payments: rows and answers, frozen, all with their own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.ids import EventId, OrderId, OrganiserId, PaymentId
from payments import (
    Expected,
    Failure,
    Money,
    NextAction,
    PaymentFacts,
    PaymentState,
    RefundStatus,
    Scalar,
    state_of,
)


class OperationKind(StrEnum):
    """A command to a provider."""

    INITIATE = "initiate"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"


class OperationState(StrEnum):
    """What became of a command. SUCCEEDED and REJECTED are its end."""

    SUBMITTING = "submitting"
    """Somebody is sending it, until the lease ends."""
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    """Certainly not executed."""
    PENDING = "pending"
    """The provider has it, and will do it in its own time."""
    UNKNOWN = "unknown"
    """It may or may not have been executed."""

    @property
    def is_ended(self) -> bool:
        return self in {OperationState.SUCCEEDED, OperationState.REJECTED}


class Channel(StrEnum):
    """How we heard of something."""

    RESPONSE = "response"
    WEBHOOK = "webhook"
    FETCH = "fetch"
    OPERATOR = "operator"
    GRANT = "grant"


class Outcome(StrEnum):
    """How a payment ended for its order."""

    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    """Its money went back: it came late, or twice, or all of a confirmed order was refunded."""


@dataclass(frozen=True, slots=True)
class CheckoutRow:
    """What an order costs; the same at every payment of it."""

    order_id: OrderId
    event_id: EventId
    organiser_id: OrganiserId
    total: Money
    lines_sha256: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class NewPayment:
    """`idempotency_key` is that of the first operation. `fingerprint`: of what the buyer asked.
    `activation`: the verdicts under which the method was offered, kept as they were."""

    payment_id: PaymentId
    checkout: CheckoutRow
    method: str
    account: str
    reference: str
    is_live: bool
    fingerprint: str
    activation: Mapping[str, Scalar]
    idempotency_key: str
    lease_until_ms: int
    at_ms: int
    look_up_at_ms: int


@dataclass(frozen=True, slots=True)
class OperationRow:
    """`provider_refund_id`: under which id of the facts this refund is found, once it was seen."""

    operation_id: str
    kind: OperationKind
    amount_minor: int
    refund_id: str | None
    provider_refund_id: str | None
    reason: str | None
    requested_by: str | None
    state: OperationState
    idempotency_key: str
    attempts: int
    first_submitted_at_ms: int
    lease_until_ms: int
    next_at_ms: int | None
    error_code: str | None

    @property
    def is_ended(self) -> bool:
        return self.state.is_ended

    @property
    def is_active(self) -> bool:
        """Being sent, or sent and not heard of."""
        return self.state in {OperationState.SUBMITTING, OperationState.UNKNOWN}

    def is_left_alone(self, now_ms: int) -> bool:
        """Whoever was sending it has let the lease run out."""
        return self.state is OperationState.SUBMITTING and self.lease_until_ms <= now_ms


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """`outcome` is None while the payment is open. `is_settled`: the order was confirmed by it.
    `looks`: how often the next look was put off since anything changed. `operations`: as begun."""

    payment_id: PaymentId
    order_id: OrderId
    event_id: EventId
    organiser_id: OrganiserId
    method: str
    account: str
    reference: str
    provider_payment_id: str | None
    amount: Money
    is_live: bool
    fingerprint: str
    facts: PaymentFacts
    outcome: Outcome | None
    is_settled: bool
    activation: Mapping[str, Scalar]
    created_at_ms: int
    updated_at_ms: int
    next_look_at_ms: int | None
    looks: int
    version: int
    operations: tuple[OperationRow, ...]

    @property
    def state(self) -> PaymentState:
        return state_of(self.facts)

    @property
    def in_doubt(self) -> bool:
        return any(each.state is OperationState.UNKNOWN for each in self.operations)

    @property
    def expected(self) -> Expected:
        """What its provider's words are compared with."""
        return Expected(amount=self.amount, reference=self.reference, is_live=self.is_live)

    @property
    def is_cancel_refused(self) -> bool:
        """The provider was asked to let it go, and does not."""
        return any(
            each.kind is OperationKind.CANCEL and each.state is OperationState.REJECTED
            for each in self.operations
        )

    @property
    def next_action(self) -> NextAction | None:
        """What the buyer has to do, while the provider waits for it."""
        progress = self.facts.progress
        is_ahead = self.state in {PaymentState.REQUIRES_ACTION, PaymentState.PENDING}
        return progress.next_action if progress and is_ahead else None

    @property
    def failure(self) -> Failure | None:
        progress = self.facts.progress
        return progress.failure if progress and self.state is PaymentState.FAILED else None

    @property
    def refundable_minor(self) -> int:
        """What was taken and neither went back, nor is on its way, nor is disputed (that is the
        bank's now): each refund counts once, by what the provider says of it where it was seen,
        otherwise by its operation."""
        committed = sum(
            fact.amount_minor
            for fact in self.facts.refunds.values()
            if fact.status is not RefundStatus.FAILED
        )
        committed += sum(
            each.amount_minor
            for each in self.operations
            if each.kind is OperationKind.REFUND
            and each.state is not OperationState.REJECTED
            and each.provider_refund_id not in self.facts.refunds
        )
        left_minor = self.facts.captured_minor - self.facts.disputed_minor - committed
        return max(left_minor, 0)


@dataclass(frozen=True, slots=True)
class ObservationRow:
    """`said`: JSON, as it was told, without what only the buyer's browser is to have. `version`: of
    the payment afterwards."""

    version: int
    at_ms: int
    channel: Channel
    said: str
    state_before: PaymentState
    state_after: PaymentState


@dataclass(frozen=True, slots=True)
class Started:
    """It is ours to send."""

    row: PaymentRow


@dataclass(frozen=True, slots=True)
class AlreadyStarted:
    """The same call came before; `same_fingerprint`: asking for the same."""

    row: PaymentRow
    same_fingerprint: bool


@dataclass(frozen=True, slots=True)
class AnotherOpen:
    """Another payment of this order is open: nothing was written."""

    row: PaymentRow


@dataclass(frozen=True, slots=True)
class Busy:
    """Another command of this payment is being sent or in doubt."""

    operation: OperationRow


@dataclass(frozen=True, slots=True)
class Moved:
    """The payment is not what the caller decided on: something was heard of it since."""


@dataclass(frozen=True, slots=True)
class OverRefund:
    """More than what is left of the money."""

    refundable_minor: int
