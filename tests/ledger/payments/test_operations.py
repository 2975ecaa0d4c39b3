"""Commands to a provider: one at a time, each with its key for life; never more back than came."""

import asyncio
from collections import Counter

import pytest

from app.domain.ids import PaymentId
from app.ledger import (
    Busy,
    Channel,
    Ledger,
    Moved,
    OperationKind,
    OperationRow,
    OperationState,
    OverRefund,
    PaymentRow,
    open_ledger,
)
from app.runtime.errors import ContractError
from payments import RefundState, RefundStatus
from tests.ledger.conftest import Address
from tests.ledger.payments.tries import (
    TOTAL_MINOR,
    a_payment,
    a_refund,
    a_snapshot,
    captured,
    reserved,
    started,
)

CAPTURE, CANCEL, REFUND = OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND


async def test_a_reserved_command_is_being_sent(ledger: Ledger) -> None:
    row = await captured(ledger)
    operation = await ledger.payments.reserve(
        row.payment_id, REFUND, operation_id="op-r", idempotency_key="key-r", amount_minor=700,
        refund_id="r", reason="requested", requested_by="9f0c2d3e4a5b",
        lease_until_ms=9_000, at_ms=3_000,
    )  # fmt: skip
    assert isinstance(operation, OperationRow)
    assert (operation.state, operation.attempts) == (OperationState.SUBMITTING, 1)
    assert (operation.first_submitted_at_ms, operation.lease_until_ms) == (3_000, 9_000)
    assert await _operations(ledger, row) == (*row.operations, operation)


async def test_one_command_at_a_time_beside_refunds(ledger: Ledger) -> None:
    row = await started(ledger)
    busy = await _reserve(ledger, row, CANCEL, "cancel")
    assert busy == Busy(row.operations[0])
    await _end(ledger, row, row.operations[0], OperationState.UNKNOWN)
    assert isinstance(await _reserve(ledger, row, CANCEL, "cancel"), Busy)
    await _end(ledger, row, row.operations[0], OperationState.REJECTED)
    cancel = await reserved(ledger, row, CANCEL, "cancel")
    assert await _reserve(ledger, row, CAPTURE, "capture") == Busy(cancel)


async def test_a_command_that_was_decided_on_old_news_is_not_begun(ledger: Ledger) -> None:
    now = await captured(ledger)
    answers = [
        await ledger.payments.reserve(
            now.payment_id, CANCEL, operation_id=f"op-{version}", idempotency_key="key-cancel",
            amount_minor=TOTAL_MINOR, lease_until_ms=9_000, at_ms=3_000, decided_on=version,
        )
        for version in (now.version - 1, now.version)
    ]  # fmt: skip
    assert answers[0] == Moved()
    assert isinstance(answers[1], OperationRow)


async def test_a_refund_does_not_wait_for_other_commands(ledger: Ledger) -> None:
    row = await captured(ledger)
    await reserved(ledger, row, CANCEL, "cancel")
    await reserved(ledger, row, REFUND, "r1", amount=500)
    await reserved(ledger, row, REFUND, "r2", amount=500)


async def test_the_same_key_again_is_the_same_operation_however_it_stands(ledger: Ledger) -> None:
    row = await captured(ledger)
    first = await reserved(ledger, row, REFUND, "r1", amount=TOTAL_MINOR)
    assert await reserved(ledger, row, REFUND, "r1", amount=TOTAL_MINOR, at_ms=8_000) == first
    await _end(ledger, row, first, OperationState.REJECTED)
    again = await reserved(ledger, row, REFUND, "r1", amount=TOTAL_MINOR)
    assert again.state is OperationState.REJECTED
    assert len(await _operations(ledger, row)) == 2


async def test_a_key_is_of_one_operation(ledger: Ledger) -> None:
    row = await captured(ledger)
    other = await captured(ledger, a_payment("two", order=2))
    await reserved(ledger, row, REFUND, "r1", amount=500)
    for each, amount in ((row, 600), (other, 500)):
        with pytest.raises(ContractError):
            await _reserve(ledger, each, REFUND, "r1", amount=amount)
    with pytest.raises(ContractError):
        await ledger.payments.reserve(
            PaymentId("pay_none"), REFUND, operation_id="x", idempotency_key="x", amount_minor=1,
            lease_until_ms=2, at_ms=1,
        )  # fmt: skip


async def test_nothing_goes_back_that_did_not_come(ledger: Ledger) -> None:
    row = await started(ledger)
    assert await _reserve(ledger, row, REFUND, "r1", amount=1) == OverRefund(0)


@pytest.mark.parametrize("state", list(OperationState))
async def test_a_refund_counts_unless_it_was_rejected(
    ledger: Ledger, state: OperationState
) -> None:
    row = await captured(ledger)
    first = await reserved(ledger, row, REFUND, "r1", amount=2_000)
    await _end(ledger, row, first, state)
    left = TOTAL_MINOR if state is OperationState.REJECTED else 500
    assert await _reserve(ledger, row, REFUND, "r2", amount=left + 1) == OverRefund(left)
    await reserved(ledger, row, REFUND, "r3", amount=left)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ((a_refund(2_000, refund_id="r1"),), 500),
        ((a_refund(2_000, refund_id="r1", status=RefundStatus.PENDING),), 500),
        ((a_refund(2_000, refund_id="r1", status=RefundStatus.FAILED),), TOTAL_MINOR),
        ((a_refund(300, refund_id=None),), 200),
        ((a_refund(2_000, refund_id="r1"), a_refund(300, 2)), 200),
    ],
)
async def test_a_refund_counts_once_by_what_the_provider_says_of_it(
    ledger: Ledger, said: tuple[RefundState, ...], left: int
) -> None:
    row = await captured(ledger)
    first = await reserved(ledger, row, REFUND, "r1", amount=2_000)
    row = await ledger.payments.record(
        row.payment_id, operation_id=first.operation_id, operation_state=OperationState.SUCCEEDED,
        snapshot=a_snapshot(version=2, refunds=said), channel=Channel.RESPONSE, at_ms=4_000,
    )  # fmt: skip
    assert row.refundable_minor == left
    assert await _reserve(ledger, row, REFUND, "r2", amount=left + 1) == OverRefund(left)


async def test_refunds_that_are_asked_for_at_once_never_exceed_what_came(
    ledger: Ledger, address: Address
) -> None:
    row = await captured(ledger)
    others = [
        await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
        for _ in range(2)
    ]
    answers = await asyncio.gather(
        *(
            _reserve(each, row, REFUND, f"r{number}-{place}", amount=600)
            for number in range(5)
            for place, each in enumerate((ledger, *others))
        )
    )
    counts = Counter(type(each) for each in answers)
    assert counts == {OperationRow: TOTAL_MINOR // 600, OverRefund: 15 - TOTAL_MINOR // 600}
    await asyncio.gather(*(each.aclose() for each in others))


async def test_of_two_commands_that_begin_at_once_one_waits(
    ledger: Ledger, address: Address
) -> None:
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
    for number in range(5):
        row = await captured(ledger, a_payment(f"{number}", order=number))
        answers = await asyncio.gather(
            _reserve(ledger, row, CAPTURE, f"capture-{number}"),
            _reserve(other, row, CANCEL, f"cancel-{number}"),
        )
        assert Counter(type(each) for each in answers) == {OperationRow: 1, Busy: 1}
    await other.aclose()


async def test_what_is_in_doubt_or_left_alone_is_sent_again_once(
    ledger: Ledger, address: Address
) -> None:
    row = await started(ledger)
    initiate = row.operations[0]
    assert not await _resubmit(ledger, initiate, at_ms=4_999), "its lease has not ended"
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
    answers = await asyncio.gather(
        *(_resubmit(each, initiate, at_ms=5_000) for each in (ledger, other) * 4)
    )
    assert sum(answers) == 1
    await _end(ledger, row, initiate, OperationState.UNKNOWN)
    assert await _resubmit(ledger, initiate, at_ms=5_001)
    (again,) = await _operations(ledger, row)
    assert (again.state, again.attempts) == (OperationState.SUBMITTING, 3)
    assert (again.lease_until_ms, again.next_at_ms) == (6_001, None)
    assert again.idempotency_key == initiate.idempotency_key
    assert again.first_submitted_at_ms == initiate.first_submitted_at_ms
    await other.aclose()


async def test_that_a_later_try_is_refused_says_nothing_of_the_first(ledger: Ledger) -> None:
    """A provider may refuse it because the first was executed."""
    row = await captured(ledger)
    first = await reserved(ledger, row, REFUND, "r1", amount=TOTAL_MINOR)
    await _end(ledger, row, first, OperationState.UNKNOWN)
    assert await _resubmit(ledger, first, at_ms=5_000)
    await _end(ledger, row, first, OperationState.REJECTED)
    assert (await _operations(ledger, row))[-1].state is OperationState.UNKNOWN
    assert await _reserve(ledger, row, REFUND, "r2", amount=1) == OverRefund(0)
    await ledger.payments.record(
        row.payment_id, operation_id=first.operation_id, operation_state=OperationState.REJECTED,
        channel=Channel.FETCH, at_ms=6_000,
    )  # fmt: skip
    assert (await _operations(ledger, row))[-1].state is OperationState.REJECTED


@pytest.mark.parametrize(
    "state", [OperationState.SUCCEEDED, OperationState.REJECTED, OperationState.PENDING]
)
async def test_what_was_answered_is_not_sent_again(ledger: Ledger, state: OperationState) -> None:
    row = await started(ledger)
    await _end(ledger, row, row.operations[0], state)
    assert not await _resubmit(ledger, row.operations[0], at_ms=99_000)
    with pytest.raises(ContractError):
        await ledger.payments.resubmit("op-none", lease_until_ms=2, at_ms=1)


async def _reserve(
    ledger: Ledger, row: PaymentRow, kind: OperationKind, name: str, *, amount: int = TOTAL_MINOR
) -> OperationRow | Busy | OverRefund | Moved:
    return await ledger.payments.reserve(
        row.payment_id, kind, operation_id=f"op-{name}", idempotency_key=f"key-{name}",
        amount_minor=amount, refund_id=name, lease_until_ms=9_000, at_ms=3_000,
    )  # fmt: skip


async def _end(
    ledger: Ledger, row: PaymentRow, operation: OperationRow, state: OperationState
) -> None:
    await ledger.payments.record(
        row.payment_id, operation_id=operation.operation_id, operation_state=state,
        channel=Channel.RESPONSE, at_ms=4_000,
    )  # fmt: skip


async def _resubmit(ledger: Ledger, operation: OperationRow, *, at_ms: int) -> bool:
    return await ledger.payments.resubmit(
        operation.operation_id, lease_until_ms=at_ms + 1_000, at_ms=at_ms
    )


async def _operations(ledger: Ledger, row: PaymentRow) -> tuple[OperationRow, ...]:
    found = await ledger.payments.read(row.payment_id)
    assert found is not None
    return found.operations
