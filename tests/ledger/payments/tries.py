"""Builders of payments for tests: one argument for what a test is about."""

from app.domain.ids import EventId, OrderId, OrganiserId, PaymentId
from app.ledger import (
    Channel,
    CheckoutRow,
    Ledger,
    NewPayment,
    OperationKind,
    OperationRow,
    OperationState,
    PaymentRow,
    Started,
)
from payments import Money, RefundState, RefundStatus, RemoteStatus, Snapshot

HALL = OrganiserId("hall")
CONCERT = EventId("concert")
TOTAL_MINOR = 2500


def order_id_of(number: int) -> OrderId:
    return OrderId(f"03.concert.order{number}")


def a_checkout(
    number: int = 1,
    *,
    event_id: str = CONCERT,
    organiser_id: str = HALL,
    total: Money | None = None,
    lines: str = "ab",
) -> CheckoutRow:
    return CheckoutRow(
        order_id=order_id_of(number),
        event_id=EventId(event_id),
        organiser_id=OrganiserId(organiser_id),
        total=total or Money(TOTAL_MINOR, "EUR"),
        lines_sha256=lines,
        created_at_ms=900,
    )


def a_payment(
    tail: str = "one",
    *,
    order: int = 1,
    checkout: CheckoutRow | None = None,
    method: str = "sandbox",
    reference: str | None = None,
    fingerprint: str = "same",
    idempotency_key: str | None = None,
    is_live: bool = False,
    at_ms: int = 1_000,
    lease_until_ms: int = 5_000,
    look_up_at_ms: int = 20_000,
) -> NewPayment:
    return NewPayment(
        payment_id=PaymentId(f"pay_{tail}"),
        checkout=checkout or a_checkout(order),
        method=method,
        account="main",
        reference=reference or tail,
        is_live=is_live,
        fingerprint=fingerprint,
        activation={"payments.sandbox.offer": True, "variant": None},
        idempotency_key=idempotency_key or f"key-{tail}",
        lease_until_ms=lease_until_ms,
        at_ms=at_ms,
        look_up_at_ms=look_up_at_ms,
    )


def a_snapshot(
    tail: str = "one",
    status: RemoteStatus = RemoteStatus.CAPTURED,
    *,
    captured: int | None = None,
    disputed: int = 0,
    refunds: tuple[RefundState, ...] = (),
    version: int = 1,
    total: Money | None = None,
    is_live: bool = False,
) -> Snapshot:
    amount = total or Money(TOTAL_MINOR, "EUR")
    all_of_it = amount.amount_minor if status is RemoteStatus.CAPTURED else 0
    return Snapshot(
        status=status,
        provider_payment_id=f"at-provider-{tail}",
        reference=tail,
        amount=amount,
        is_live=is_live,
        authorized_minor=amount.amount_minor if status is RemoteStatus.AUTHORIZED else 0,
        captured_minor=all_of_it if captured is None else captured,
        disputed_minor=disputed,
        refunds=refunds,
        version=version,
    )


def a_refund(
    amount: int,
    number: int = 1,
    *,
    status: RefundStatus = RefundStatus.SUCCEEDED,
    refund_id: str | None = None,
    currency: str = "EUR",
) -> RefundState:
    return RefundState(
        refund_id=refund_id,
        provider_refund_id=f"re_{number}",
        amount=Money(amount, currency),
        status=status,
    )


async def started(ledger: Ledger, new: NewPayment | None = None) -> PaymentRow:
    match await ledger.payments.start(new or a_payment()):
        case Started(row):
            return row
        case other:
            raise AssertionError(other)


async def refused(ledger: Ledger, new: NewPayment | None = None) -> PaymentRow:
    """Begun, and certainly not executed."""
    row = await started(ledger, new)
    return await ledger.payments.record(
        row.payment_id,
        operation_id=row.operations[0].operation_id,
        operation_state=OperationState.REJECTED,
        channel=Channel.RESPONSE,
        at_ms=row.created_at_ms,
    )


async def captured(
    ledger: Ledger, new: NewPayment | None = None, *, at_ms: int = 2_000
) -> PaymentRow:
    """Begun, and its money taken."""
    row = await started(ledger, new)
    return await ledger.payments.record(
        row.payment_id,
        operation_id=row.operations[0].operation_id,
        operation_state=OperationState.SUCCEEDED,
        snapshot=a_snapshot(row.reference, total=row.amount, is_live=row.is_live),
        channel=Channel.RESPONSE,
        at_ms=at_ms,
    )


async def reserved(
    ledger: Ledger,
    row: PaymentRow,
    kind: OperationKind,
    name: str,
    *,
    amount: int = TOTAL_MINOR,
    at_ms: int = 3_000,
) -> OperationRow:
    answer = await ledger.payments.reserve(
        row.payment_id,
        kind,
        operation_id=f"op-{name}",
        idempotency_key=f"key-{name}",
        amount_minor=amount,
        refund_id=name if kind is OperationKind.REFUND else None,
        lease_until_ms=at_ms + 4_000,
        at_ms=at_ms,
    )
    assert isinstance(answer, OperationRow), answer
    return answer
