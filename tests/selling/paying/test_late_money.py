"""Money that comes when nobody waits for it any more: it gives tickets, or it goes back, once.

The buyer's bank moves after the hold ended, was released, was declined, or was paid otherwise; then
the reconciler looks, as it does in the service.
"""

import pytest

from app.domain.ids import PoolId
from app.domain.orders import Order, OrderStatus, Settlement
from app.domain.outcomes import EventIs
from app.ledger import OperationKind, OperationState, Outcome, PaymentRow
from payments import Money, PaymentState
from tests.till import CONCERT, PRICE, Till

HOLD_SECONDS = 600
LOOKS = (1, 5, 20, 60, 300, 900, 4_000)
"""Long enough for every look that is planned to come."""


async def _expired(till: Till) -> tuple[Order, PaymentRow]:
    """A payment that was given up with its hold; the provider let it go."""
    order = await till.hold()
    payment = await till.began(order, "action")
    await till.work(HOLD_SECONDS)
    payment = await till.read(payment)
    assert (payment.outcome, payment.state) == (Outcome.EXPIRED, PaymentState.CANCELLED)
    assert (await till.order(order)).status is OrderStatus.EXPIRED
    assert till.taken() == 0
    return order, payment


async def _declined(till: Till, order: Order) -> PaymentRow:
    payment = await till.began(order, "decline:insufficient_funds")
    assert payment.outcome is Outcome.FAILED
    assert (await till.order(order)).status is OrderStatus.HELD
    return payment


async def _late(till: Till, payment: PaymentRow, script: str = "approve") -> PaymentRow:
    """The money comes, and a notice tells of it."""
    till.proceed(payment, script)
    assert set(await till.deliver()) == {200}
    await till.work_for(0, *LOOKS)
    return await till.read(payment)


async def _has_units(till: Till, sold: int, held: int = 0) -> None:
    found = await till.inventory.events.read_event(CONCERT)
    assert found is not None
    stock = found[0].stock[PoolId("floor")]
    assert (stock.sold, stock.held) == (sold, held)


async def test_after_expiry_it_gives_the_tickets_if_they_are_there(till: Till) -> None:
    await till.open_event()
    order, payment = await _expired(till)

    payment = await _late(till, payment)

    assert (payment.outcome, payment.is_settled) == (Outcome.CONFIRMED, True)
    order = await till.order(order)
    assert (order.status, order.settlement) == (OrderStatus.CONFIRMED, Settlement.PAID)
    assert order.payment_id == payment.payment_id
    assert till.taken() == PRICE
    await _has_units(till, sold=1)


async def test_after_expiry_it_goes_back_if_somebody_else_has_the_units(till: Till) -> None:
    await till.open_event(capacity=1)
    order, payment = await _expired(till)
    await till.paid(await till.hold(buyer="bea"), key="payment-of-bea-00")

    payment = await _late(till, payment)

    assert (payment.outcome, payment.state) == (Outcome.REFUNDED, PaymentState.REFUNDED)
    (refund,) = [each for each in payment.operations if each.kind is OperationKind.REFUND]
    assert (refund.reason, refund.amount_minor) == ("late", PRICE)
    assert (await till.order(order)).status is OrderStatus.EXPIRED
    assert till.taken() == PRICE, "bea's, and nobody else's"
    await _has_units(till, sold=1)


async def test_after_expiry_it_goes_back_if_the_buyer_has_bought_enough_meanwhile(
    till: Till,
) -> None:
    await till.open_event(max_per_customer=1)
    order, payment = await _expired(till)
    second = await till.hold(key="key-0000000000000001")
    await till.paid(second, key="payment-of-second")

    payment = await _late(till, payment)

    assert payment.outcome is Outcome.REFUNDED
    assert (await till.order(order)).status is OrderStatus.EXPIRED
    assert till.taken() == PRICE
    await _has_units(till, sold=1)


async def test_after_expiry_it_goes_back_if_the_sale_is_over(till: Till) -> None:
    await till.open_event()
    order, payment = await _expired(till)
    assert isinstance(await till.inventory.events.close_event(CONCERT), EventIs)

    payment = await _late(till, payment)

    assert payment.outcome is Outcome.REFUNDED
    assert (await till.order(order)).status is OrderStatus.EXPIRED
    assert till.taken() == 0


async def test_after_a_decline_it_pays_the_hold_that_is_still_there(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await _declined(till, order)

    payment = await _late(till, payment)

    assert (payment.outcome, payment.is_settled) == (Outcome.CONFIRMED, True)
    assert (await till.order(order)).status is OrderStatus.CONFIRMED
    assert till.taken() == PRICE
    await _has_units(till, sold=1)


async def test_after_a_decline_and_expiry_it_gives_the_tickets_if_they_are_there(
    till: Till,
) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await _declined(till, order)
    till.clock.advance(HOLD_SECONDS * 1000)  # nobody has swept: it is overdue and still held

    payment = await _late(till, payment)

    assert payment.outcome is Outcome.CONFIRMED
    assert (await till.order(order)).status is OrderStatus.CONFIRMED
    await _has_units(till, sold=1)


@pytest.mark.parametrize("capacity", [1, 2])
async def test_after_the_buyer_let_go_it_gives_the_tickets_or_goes_back(
    capacity: int, till: Till
) -> None:
    await till.open_event(capacity=capacity)
    order = await till.hold()
    payment = await _declined(till, order)
    await till.ordering.release(order.id, till.ordering.token_of(order.id))
    await till.paid(await till.hold(buyer="bea"), key="payment-of-bea-00")

    payment = await _late(till, payment)

    is_there = capacity == 2
    assert payment.outcome is (Outcome.CONFIRMED if is_there else Outcome.REFUNDED)
    expected = OrderStatus.CONFIRMED if is_there else OrderStatus.RELEASED
    assert (await till.order(order)).status is expected
    assert till.taken() == capacity * PRICE
    await _has_units(till, sold=capacity)


async def test_what_is_paid_twice_goes_back_once(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    first = await _declined(till, order)
    second = await till.paid(order, key="payment-key-00001")

    first = await _late(till, first)

    assert first.outcome is Outcome.REFUNDED
    (refund,) = [each for each in first.operations if each.kind is OperationKind.REFUND]
    assert refund.reason == "duplicate"
    assert (await till.read(second)).outcome is Outcome.CONFIRMED
    after = await till.order(order)
    assert (after.status, after.payment_id) == (OrderStatus.CONFIRMED, second.payment_id)
    assert after.refunded == Money(0, "EUR"), "of the money of this order nothing went back"
    assert till.taken() == PRICE


async def test_what_comes_while_another_payment_is_open_goes_back(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    first = await _declined(till, order)
    second = await till.began(order, "action", key="payment-key-00001")

    till.proceed(first, "approve")
    await till.deliver()
    await till.work()

    first = await till.read(first)
    assert first.outcome is Outcome.REFUNDED
    till.proceed(second, "approve")
    await till.deliver()
    await till.work_for(0, *LOOKS)
    assert (await till.order(order)).payment_id == second.payment_id
    assert till.taken() == PRICE


async def test_what_comes_for_a_cancelled_order_goes_back(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    first = await _declined(till, order)
    await till.paid(order, key="payment-key-00001")
    await till.ordering.cancel(order.id)

    first = await _late(till, first)

    assert first.outcome is Outcome.REFUNDED
    assert (await till.order(order)).status is OrderStatus.CANCELLED
    assert till.taken() == PRICE, "the organiser gives back what the order was paid with"


@pytest.mark.parametrize("end", ["expired", "released", "confirmed"])
async def test_a_reservation_that_comes_too_late_is_let_go(end: str, till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await _declined(till, order)
    if end == "expired":
        till.clock.advance(HOLD_SECONDS * 1000)
        await till.sweep(order)
    elif end == "released":
        await till.ordering.release(order.id, till.ordering.token_of(order.id))
    else:
        await till.paid(order, key="payment-key-00001")

    payment = await _late(till, payment, "authorize")

    entry = till.books.find(payment.reference)
    assert entry is not None
    assert (entry.status, entry.captured_minor) == ("cancelled", 0)
    assert (await till.order(order)).status == end
    assert till.commands(payment).count("capture") == 0
    assert payment.state is PaymentState.CANCELLED


async def test_a_reservation_that_comes_late_and_in_time_is_taken(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await _declined(till, order)

    payment = await _late(till, payment, "authorize")

    assert payment.outcome is Outcome.CONFIRMED
    assert (await till.order(order)).status is OrderStatus.CONFIRMED
    assert till.taken() == PRICE


@pytest.mark.parametrize("faults", ["refused_connection", "http_500", "timeout_after garbage"])
async def test_money_on_its_way_back_arrives_whatever_the_wire_does_and_once(
    faults: str, till: Till
) -> None:
    await till.open_event(capacity=1)
    order = await till.hold()
    payment = await till.began(order, "action", refunds=faults)
    await till.work(HOLD_SECONDS)
    await till.paid(await till.hold(buyer="bea"), key="payment-of-bea-00")

    payment = await _late(till, payment)

    assert payment.outcome is Outcome.REFUNDED
    entry = till.books.find(payment.reference)
    assert entry is not None
    assert [each.amount_minor for each in entry.refunds] == [PRICE]
    assert till.taken() == PRICE, "bea's"


async def test_money_on_its_way_back_that_is_refused_at_first_is_tried_again(till: Till) -> None:
    """A bank sends it back: nothing is given up, and a person can see it."""
    await till.open_event(capacity=1)
    order = await till.hold()
    payment = await till.began(order, "action", refunds="pending")
    await till.work(HOLD_SECONDS)
    await till.paid(await till.hold(buyer="bea"), key="payment-of-bea-00")

    payment = await _late(till, payment)

    (refund,) = [each for each in payment.operations if each.kind is OperationKind.REFUND]
    assert refund.state is OperationState.SUCCEEDED
    assert payment.outcome is Outcome.REFUNDED


@pytest.mark.parametrize("wrong", ["wrong_amount", "wrong_currency"])
@pytest.mark.parametrize("then", ["approve", "authorize", "action"])
async def test_what_cannot_be_is_frozen_and_settles_nothing(
    wrong: str, then: str, till: Till
) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await till.began(order, f"{wrong} {then}")

    await till.work_for(*LOOKS, HOLD_SECONDS)

    payment = await till.read(payment)
    assert payment.facts.integrity
    assert payment.outcome is None
    assert (await till.order(order)).status is OrderStatus.PAYING, "for a person to look at"
    assert till.commands(payment) == ["initiate"]
    assert payment.next_look_at_ms is not None


async def test_whoever_comes_late_gets_what_is_left_in_turn(till: Till) -> None:
    await till.open_event(capacity=3)
    late = [
        await till.began(await till.hold(buyer=buyer), "action", key=f"payment-of-{buyer}-000")
        for buyer in ("ana", "bea", "eve")
    ]
    await till.work(HOLD_SECONDS)
    await till.paid(await till.hold(buyer="dan"), key="payment-of-dan-00")

    outcomes = [(await _late(till, payment)).outcome for payment in late]

    assert outcomes == [Outcome.CONFIRMED, Outcome.CONFIRMED, Outcome.REFUNDED]
    assert till.taken() == 3 * PRICE
    await _has_units(till, sold=3)
