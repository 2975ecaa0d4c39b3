"""An organiser gives money back: a part or all, each wish once, never more than there is."""

import asyncio

import pytest

from app.domain.orders import Order, OrderStatus
from app.domain.outcomes import KeyReused, UnknownOrder
from app.ledger import OperationState, Outcome
from app.selling import RefundIs, RefundRequest, RefundTooLarge, RefundUnsupported
from app.selling.paying.refunding import RefundOutcome
from payments import Capability, Money, PaymentState
from payments.testing.sandbox import Sandbox
from tests.selling.paying.rows import a_method
from tests.till import PRICE, Till

TOTAL = 2 * PRICE


async def _bought(till: Till, refunds: str = "") -> Order:
    await till.open_event()
    order = await till.hold(2)
    payment = await till.began(order, refunds=refunds)
    assert payment.is_settled
    return await till.order(order)


async def _refund(
    till: Till, order: Order, amount: int | None = None, key: str = "refund-key-000001"
) -> RefundOutcome:
    return await till.refunding.refund(RefundRequest(order.id, key, amount, "api-key"))


def _left(till: Till) -> int:
    return till.taken()


async def test_a_part_leaves_the_tickets_and_the_rest_takes_them(till: Till) -> None:
    order = await _bought(till)

    part = await _refund(till, order, 700)

    assert isinstance(part, RefundIs)
    assert (part.operation.state, part.operation.amount_minor) == (OperationState.SUCCEEDED, 700)
    assert part.operation.requested_by == "api-key"
    after = await till.order(order)
    assert (after.status, after.refunded) == (OrderStatus.CONFIRMED, Money(700, "EUR"))
    assert _left(till) == TOTAL - 700

    rest = await _refund(till, order, None, "refund-key-000002")

    assert isinstance(rest, RefundIs)
    assert rest.operation.amount_minor == TOTAL - 700
    after = await till.order(order)
    assert (after.status, after.refunded) == (OrderStatus.CANCELLED, Money(TOTAL, "EUR"))
    assert rest.payment.outcome is Outcome.REFUNDED
    assert _left(till) == 0


async def test_the_same_key_is_the_same_refund(till: Till) -> None:
    order = await _bought(till)
    first = await _refund(till, order, 700)
    assert isinstance(first, RefundIs)
    for amount in (700, None):
        again = await _refund(till, order, amount)
        assert isinstance(again, RefundIs)
        assert again.replayed
        assert again.operation.operation_id == first.operation.operation_id
    assert isinstance(await _refund(till, order, 701), KeyReused)
    assert _left(till) == TOTAL - 700


@pytest.mark.parametrize("amount", [TOTAL + 1, 2**53])
async def test_more_than_there_is_is_refused(amount: int, till: Till) -> None:
    order = await _bought(till)
    outcome = await _refund(till, order, amount)
    assert isinstance(outcome, RefundTooLarge)
    assert outcome.refundable == Money(TOTAL, "EUR")
    await _refund(till, order, 2_000, "refund-key-000002")
    outcome = await _refund(till, order, TOTAL - 1_999, "refund-key-000003")
    assert isinstance(outcome, RefundTooLarge)
    assert outcome.refundable == Money(TOTAL - 2_000, "EUR")
    assert _left(till) == TOTAL - 2_000


async def test_when_all_is_back_there_is_nothing_left(till: Till) -> None:
    order = await _bought(till)
    await _refund(till, order)
    outcome = await _refund(till, order, None, "refund-key-000002")
    assert isinstance(outcome, RefundTooLarge)
    assert outcome.refundable == Money(0, "EUR")


@pytest.mark.parametrize("amount", [None, 1_700])
async def test_of_many_at_once_no_more_goes_back_than_came(amount: int | None, till: Till) -> None:
    order = await _bought(till)
    outcomes = await asyncio.gather(
        *(_refund(till, order, amount, f"refund-key-{number:06d}") for number in range(4))
    )
    given = [each for each in outcomes if isinstance(each, RefundIs)]
    refused = [each for each in outcomes if isinstance(each, RefundTooLarge)]
    assert (len(given), len(refused)) == (1, 3)
    assert _left(till) == TOTAL - (amount or TOTAL)


async def test_one_key_at_once_is_one_refund(till: Till) -> None:
    order = await _bought(till)
    outcomes = await asyncio.gather(*(_refund(till, order, 700) for _ in range(4)))
    assert all(isinstance(each, RefundIs) for each in outcomes)
    assert _left(till) == TOTAL - 700


@pytest.mark.parametrize("faults", ["timeout_after", "http_500 garbage", "timeout_before"])
async def test_a_refund_whose_answer_is_lost_is_found_and_made_once(
    faults: str, till: Till
) -> None:
    order = await _bought(till, faults)
    outcome = await _refund(till, order, 700)
    assert isinstance(outcome, RefundIs)
    assert outcome.operation.state is OperationState.UNKNOWN
    assert outcome.payment.refundable_minor == TOTAL - 700, "it may have gone"

    await till.work_for(2, 5, 15, 45, 120)

    assert _left(till) == TOTAL - 700
    after = await till.order(order)
    assert after.refunded == Money(700, "EUR")
    again = await _refund(till, order, 700)
    assert isinstance(again, RefundIs)
    assert again.operation.state is OperationState.SUCCEEDED


async def test_a_refund_that_takes_days_is_looked_up_until_it_is_done(till: Till) -> None:
    order = await _bought(till, "pending")
    outcome = await _refund(till, order)
    assert isinstance(outcome, RefundIs)
    assert outcome.operation.state is OperationState.PENDING
    assert (await till.order(order)).status is OrderStatus.CONFIRMED, "not before it is back"

    await till.work_for(2, 5, 15)

    after = await till.order(order)
    assert (after.status, after.refunded) == (OrderStatus.CANCELLED, Money(TOTAL, "EUR"))
    assert _left(till) == 0


async def test_a_refund_that_failed_after_all_is_seen_and_can_be_made_again(till: Till) -> None:
    order = await _bought(till, "fail_later")
    outcome = await _refund(till, order)
    assert isinstance(outcome, RefundIs)
    assert outcome.payment.outcome is Outcome.REFUNDED
    assert await till.ledger.payments.stuck(till.clock.now_ms(), 9) == []

    await till.advancing.hear(await till.read(outcome.payment))  # the bank sent it back

    payment = await till.read(outcome.payment)
    assert (payment.state, payment.outcome) == (PaymentState.CAPTURED, Outcome.REFUNDED)
    (stuck,) = await till.ledger.payments.stuck(till.clock.now_ms(), 9)
    assert stuck.payment_id == payment.payment_id
    assert _left(till) == TOTAL
    again = await _refund(till, order, None, "refund-key-000002")
    assert isinstance(again, RefundIs)
    assert _left(till) == 0
    assert await till.ledger.payments.stuck(till.clock.now_ms(), 9) == []


async def test_a_cancelled_order_gives_its_money_back_and_says_so(till: Till) -> None:
    order = await _bought(till)
    await till.ordering.cancel(order.id)
    for number, amount in enumerate((700, None)):
        outcome = await _refund(till, order, amount, f"refund-key-{number:06d}")
        assert isinstance(outcome, RefundIs)
        after = await till.order(order)
        assert after.status is OrderStatus.CANCELLED
        assert after.refunded.amount_minor == (amount or TOTAL)
    assert _left(till) == 0


@pytest.mark.parametrize(
    ("capabilities", "amount", "is_given"),
    [
        (frozenset(), None, False),
        ({Capability.REFUND}, 700, False),
        ({Capability.REFUND}, None, True),
        ({Capability.REFUND, Capability.PARTIAL_REFUND}, 700, True),
    ],
    ids=str,
)
async def test_a_method_gives_back_what_it_can(
    capabilities: set[Capability],
    amount: int | None,
    is_given: bool,
    till: Till,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = await _bought(till)
    monkeypatch.setattr(Sandbox, "descriptor", a_method({Capability.FETCH, *capabilities}))

    outcome = await _refund(till, order, amount)

    if is_given:
        assert isinstance(outcome, RefundIs)
    else:
        assert outcome == RefundUnsupported("sandbox")
    assert _left(till) == TOTAL - (amount or TOTAL) * is_given


async def test_what_nobody_paid_for_has_no_money(till: Till) -> None:
    await till.open_event()
    held = await till.hold()
    assert isinstance(await _refund(till, held), UnknownOrder)
    await till.began(held, "decline:other")
    assert isinstance(await _refund(till, held), UnknownOrder)
