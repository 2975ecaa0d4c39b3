"""Payments, orders and methods as values: what a decision is made of, one argument for what a test
is about."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.domain.identity import make_customer_ref
from app.domain.ids import EventId, OrderId, OrganiserId, PaymentId, TicketTypeId
from app.domain.orders import Birth, Order, OrderLine, OrderStatus
from app.ledger import OperationKind, OperationRow, OperationState, Outcome, PaymentRow
from payments import (
    NOTHING,
    Capability,
    CurrencyRule,
    Descriptor,
    Idempotency,
    Lookup,
    Money,
    PaymentFacts,
    Progress,
    RefundFact,
    RefundStatus,
    RemoteStatus,
)
from tests.builders import SECRET

NOW_MS = 1_800_000_000_000
HOLD_END_MS = NOW_MS + 300_000
TOTAL_MINOR = 2_500
MINE, OTHER = PaymentId("pay_" + "a" * 26), PaymentId("pay_" + "b" * 26)
REFERENCE = "a" * 26
RETURN_ID = "return"


def an_order(
    status: OrderStatus = OrderStatus.PAYING,
    *,
    payment_id: PaymentId | None = None,
    ends_at_ms: int = HOLD_END_MS,
    refunded_minor: int = 0,
) -> Order:
    return Order(
        id=OrderId("03.concert." + "a" * 26),
        event_id=EventId("concert"),
        customer_ref=make_customer_ref(SECRET, "ana@example.com"),
        fingerprint="f",
        status=status,
        birth=Birth(OrderStatus.HELD, ends_at_ms),
        lines=(OrderLine(TicketTypeId("adult"), 1, Money(TOTAL_MINOR, "EUR"), "Adult"),),
        total=Money(TOTAL_MINOR, "EUR"),
        created_at_ms=NOW_MS - 1_000,
        expires_at_ms=ends_at_ms,
        confirmed_at_ms=None,
        version=2,
        payment_id=payment_id,
        settlement=None,
        refunded=Money(refunded_minor, "EUR"),
    )


def an_operation(
    kind: OperationKind = OperationKind.INITIATE,
    state: OperationState = OperationState.SUCCEEDED,
    *,
    amount_minor: int = TOTAL_MINOR,
    lease_until_ms: int = NOW_MS + 5_000,
    reason: str | None = None,
    seen_as: str | None = None,
) -> OperationRow:
    """`seen_as`: the provider's id of a refund."""
    is_refund = kind is OperationKind.REFUND
    return OperationRow(
        operation_id=f"op-{kind}-{seen_as}",
        kind=kind,
        amount_minor=amount_minor,
        refund_id="refund" if is_refund else None,
        provider_refund_id=seen_as,
        reason=reason,
        requested_by=None,
        state=state,
        idempotency_key=f"key-{kind}-{seen_as}",
        attempts=1,
        first_submitted_at_ms=NOW_MS - 1_000,
        lease_until_ms=lease_until_ms,
        next_at_ms=None,
        error_code=None,
    )


def facts_of(
    status: RemoteStatus | None = None,
    *,
    authorized: int = 0,
    captured: int = 0,
    disputed: int = 0,
    is_cancelled: bool = False,
    refunds: Mapping[str, tuple[int, RefundStatus]] | None = None,
) -> PaymentFacts:
    return PaymentFacts(
        authorized_minor=authorized,
        captured_minor=captured,
        disputed_minor=disputed,
        is_cancelled=is_cancelled,
        refunds={
            name: RefundFact(amount_minor=amount, status=refund_status)
            for name, (amount, refund_status) in (refunds or {}).items()
        },
        progress=Progress(version=1, status=status) if status else None,
    )


CAPTURED = facts_of(RemoteStatus.CAPTURED, authorized=TOTAL_MINOR, captured=TOTAL_MINOR)
AUTHORIZED = facts_of(RemoteStatus.AUTHORIZED, authorized=TOTAL_MINOR)
FAILED = facts_of(RemoteStatus.FAILED)
CANCELLED = facts_of(RemoteStatus.CANCELLED, is_cancelled=True)
ACTION = facts_of(RemoteStatus.REQUIRES_ACTION)
REFUNDED = facts_of(
    RemoteStatus.CAPTURED,
    captured=TOTAL_MINOR,
    refunds={RETURN_ID: (TOTAL_MINOR, RefundStatus.SUCCEEDED)},
)
RETURNED = an_operation(
    OperationKind.REFUND, OperationState.SUCCEEDED, reason="late", seen_as=RETURN_ID
)


def a_payment(
    facts: PaymentFacts = NOTHING,
    *operations: OperationRow,
    outcome: Outcome | None = None,
    next_look_at_ms: int | None = NOW_MS + 2_000,
) -> PaymentRow:
    return PaymentRow(
        payment_id=MINE,
        order_id=OrderId("03.concert." + "a" * 26),
        event_id=EventId("concert"),
        organiser_id=OrganiserId("hall"),
        method="acme",
        account="main",
        reference=REFERENCE,
        provider_payment_id=None,
        amount=Money(TOTAL_MINOR, "EUR"),
        is_live=False,
        fingerprint="f",
        facts=facts,
        outcome=outcome,
        is_settled=outcome is Outcome.CONFIRMED,
        activation={},
        created_at_ms=NOW_MS - 1_000,
        updated_at_ms=NOW_MS - 1_000,
        next_look_at_ms=next_look_at_ms,
        looks=0,
        version=1,
        operations=(*(operations or (an_operation(),)),),
    )


ALL: frozenset[Capability] = frozenset(Capability)


def a_method(can: Collection[Capability] = ALL) -> Descriptor:
    return Descriptor(
        id="acme",
        display_name="Acme",
        capabilities=frozenset(can),
        currencies={"EUR": CurrencyRule(wire_digits=2)},
        idempotency=Idempotency.KEY,
        idempotency_window=timedelta(hours=24),
        lookup=Lookup.ABSENCE if Capability.FETCH in can else Lookup.NONE,
    )
