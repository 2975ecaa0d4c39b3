"""Money that was to go back and is here again: a person must see it, whatever the outcome says."""

from app.ledger import Channel, Ledger, OperationKind, OperationState, Outcome, PaymentRow
from payments import RefundState, RefundStatus
from tests.ledger.payments.tries import (
    TOTAL_MINOR,
    a_payment,
    a_refund,
    a_snapshot,
    captured,
    refused,
    reserved,
)

LATER_MS = 100_000


async def _refund(
    ledger: Ledger, row: PaymentRow, name: str, amount: int = TOTAL_MINOR, number: int = 1
) -> None:
    """One that looks done."""
    operation = await reserved(ledger, row, OperationKind.REFUND, name, amount=amount)
    await _said(
        ledger, row, a_refund(amount, number, refund_id=name), operation_id=operation.operation_id
    )


async def _said(
    ledger: Ledger, row: PaymentRow, *refunds: RefundState, operation_id: str | None = None
) -> PaymentRow:
    return await ledger.payments.record(
        row.payment_id,
        channel=Channel.FETCH,
        at_ms=50_000,
        operation_id=operation_id,
        operation_state=OperationState.SUCCEEDED if operation_id else None,
        snapshot=a_snapshot(row.reference, refunds=refunds),
    )


async def _stuck(ledger: Ledger) -> list[str]:
    return [each.payment_id for each in await ledger.payments.stuck(LATER_MS, 9)]


async def test_a_refund_of_all_that_failed_after_all_is_seen(ledger: Ledger) -> None:
    row = await captured(ledger)
    await ledger.payments.close(row.payment_id, Outcome.CONFIRMED, 2_500)
    await _refund(ledger, row, "r1")
    await ledger.payments.close(row.payment_id, Outcome.REFUNDED, 3_500)
    assert await _stuck(ledger) == []

    failed = a_refund(TOTAL_MINOR, refund_id="r1", status=RefundStatus.FAILED)
    after = await _said(ledger, row, failed)

    assert after.outcome is Outcome.REFUNDED
    assert after.refundable_minor == TOTAL_MINOR
    assert after.operations[-1].state is OperationState.SUCCEEDED
    assert await _stuck(ledger) == [row.payment_id]


async def test_a_part_that_failed_after_all_is_seen_until_somebody_sends_it_again(
    ledger: Ledger,
) -> None:
    row = await captured(ledger)
    await ledger.payments.close(row.payment_id, Outcome.CONFIRMED, 2_500)
    await _refund(ledger, row, "r1", 700)
    failed = a_refund(700, refund_id="r1", status=RefundStatus.FAILED)
    await _said(ledger, row, failed)
    assert await _stuck(ledger) == [row.payment_id]

    again = await reserved(ledger, row, OperationKind.REFUND, "r2", amount=700)
    both = (failed, a_refund(700, 2, refund_id="r2"))
    await _said(ledger, row, *both, operation_id=again.operation_id)

    assert await _stuck(ledger) == []
    await _said(ledger, row, *both)
    assert await _stuck(ledger) == [], "it is no news any more"


async def test_late_money_that_is_kept_is_seen(ledger: Ledger) -> None:
    row = await refused(ledger, a_payment("late"))
    await ledger.payments.close(row.payment_id, Outcome.FAILED, 2_500)
    assert await _stuck(ledger) == []

    await _said(ledger, row)

    assert await _stuck(ledger) == [row.payment_id]
    await ledger.payments.close(row.payment_id, Outcome.CONFIRMED, 60_000)
    assert await _stuck(ledger) == []


async def test_late_money_whose_return_came_back_is_seen(ledger: Ledger) -> None:
    row = await captured(ledger)
    await _refund(ledger, row, "r1")
    await ledger.payments.close(row.payment_id, Outcome.REFUNDED, 60_000)
    assert await _stuck(ledger) == []

    await _said(ledger, row, a_refund(TOTAL_MINOR, refund_id="r1", status=RefundStatus.FAILED))

    assert await _stuck(ledger) == [row.payment_id]


async def test_disputed_money_is_not_there_to_be_given_back(ledger: Ledger) -> None:
    row = await captured(ledger)
    after = await ledger.payments.record(
        row.payment_id,
        channel=Channel.FETCH,
        at_ms=3_000,
        snapshot=a_snapshot(row.reference, disputed=2_000, refunds=(a_refund(300),)),
    )
    assert after.refundable_minor == TOTAL_MINOR - 2_000 - 300
    after = await ledger.payments.record(
        row.payment_id,
        channel=Channel.FETCH,
        at_ms=4_000,
        snapshot=a_snapshot(row.reference, disputed=TOTAL_MINOR, refunds=(a_refund(300),)),
    )
    assert after.refundable_minor == 0
