"""A buyer begins a payment, again and again, with this key and that, and nobody pays twice."""

import asyncio

import pytest

from app.domain.ids import OrganiserId
from app.domain.orders import OrderStatus
from app.domain.outcomes import (
    HoldExpired,
    KeyReused,
    OrderTransitionRefused,
    PaymentOpen,
    UnknownOrder,
)
from app.ledger import OperationState, Outcome
from app.rollout import offer_toggle
from app.selling import MethodUnavailable, PaymentInDoubt, PaymentIs, PaymentRequest
from tests.till import PRICE, Till

OFFER = offer_toggle("sandbox").name
HALL = OrganiserId("hall")
KEYS = [f"payment-key-0000{number}" for number in range(9)]


async def test_what_is_approved_at_once_is_confirmed_at_once(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    outcome = await till.pay(order)
    assert isinstance(outcome, PaymentIs)
    assert not outcome.replayed
    assert outcome.payment.outcome is Outcome.CONFIRMED
    assert outcome.order.status is OrderStatus.CONFIRMED
    assert till.commands(outcome.payment) == ["initiate", "capture"]


@pytest.mark.parametrize("later", ["at once", "toggle off", "expired", "confirmed", "cancelled"])
@pytest.mark.parametrize("script", ["", "action", "decline:other"])
async def test_the_same_key_is_the_same_payment_whatever_came_later(
    later: str, script: str, till: Till
) -> None:
    await till.open_event()
    order = await till.hold()
    first = await till.began(order, script)
    asked = len(till.commands(first))
    if later == "toggle off":
        till.switches.on.remove(OFFER)
    elif later == "expired":
        await till.work(700)
        await till.sweep(order)
        asked = len(till.commands(first))
    elif later == "confirmed" and script == "decline:other":
        await till.paid(order, key=KEYS[1])
    elif later == "cancelled":
        await till.ordering.cancel(order.id)

    again = await till.pay(order, script)

    assert isinstance(again, PaymentIs)
    assert again.replayed
    assert again.payment.payment_id == first.payment_id
    assert len(till.commands(first)) == asked, "nobody was asked again"
    assert till.taken() in {0, PRICE}


@pytest.mark.parametrize("changed", ["method", "script", "return_url"])
async def test_the_same_key_for_something_else_is_refused(changed: str, till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    await till.began(order, "action")
    outcomes = {
        "method": lambda: till.pay(order, "action", method="other"),
        "script": lambda: till.pay(order, "pending"),
        "return_url": lambda: till.pay(order, "action", return_url="https://shop.example/"),
    }
    assert isinstance(await outcomes[changed](), KeyReused)


async def test_the_same_key_at_once_is_one_payment(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    outcomes = await asyncio.gather(*(till.pay(order) for _ in range(5)))
    ids = {each.payment.payment_id for each in outcomes if isinstance(each, PaymentIs)}
    assert len(ids) == 1
    assert all(isinstance(each, PaymentIs) for each in outcomes)
    assert till.taken() == PRICE
    assert len(till.books.entries()) == 1


async def test_other_keys_at_once_are_one_payment_at_most(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    outcomes = await asyncio.gather(*(till.pay(order, key=key) for key in KEYS[:4]))
    settled = [each for each in outcomes if isinstance(each, PaymentIs)]
    assert len({each.payment.payment_id for each in settled}) == 1
    refused = [each for each in outcomes if not isinstance(each, PaymentIs)]
    assert all(
        isinstance(each, PaymentOpen | PaymentInDoubt | OrderTransitionRefused) for each in refused
    )
    await till.work_for(0, 5, 30)
    assert till.taken() == PRICE


async def test_an_order_whose_time_is_over_is_not_paid(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    till.clock.advance(600_000)
    assert isinstance(await till.pay(order), HoldExpired)
    await till.sweep(order)
    assert isinstance(await till.pay(order), HoldExpired)
    assert await till.ledger.payments.of_order(order.id) == []


async def test_an_order_that_is_settled_or_free_is_not_paid(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    await till.paid(order)
    assert isinstance(await till.pay(order, key=KEYS[1]), OrderTransitionRefused)
    await till.open_event("free", price=0)
    free = await till.hold(event="free")
    assert isinstance(await till.pay(free), OrderTransitionRefused)
    assert till.taken() == PRICE


async def test_whoever_does_not_have_the_token_finds_no_order(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    payment = await till.began(order, "action")
    other = await till.hold(buyer="bea")
    for order_id, token in (
        (order.id, ""),
        (order.id, till.ordering.token_of(other.id)),
        ("nonsense", till.ordering.token_of(order.id)),
    ):
        request = PaymentRequest(order_id, token, KEYS[1], "sandbox", None, {})
        assert isinstance(await till.paying.start(request), UnknownOrder)
        assert await till.paying.methods(order_id, token) is None
        assert await till.paying.read(order_id, token, payment.payment_id) is None
    token = till.ordering.token_of(other.id)
    assert await till.paying.read(other.id, token, payment.payment_id) is None, "not its own"


@pytest.mark.parametrize("script", ["action", "pending"])
async def test_an_abandoned_payment_is_ended_before_the_next_begins(
    script: str, till: Till
) -> None:
    await till.open_event()
    order = await till.hold()
    first = await till.began(order, script)

    second = await till.paid(order, key=KEYS[1])

    entry = till.books.find(first.reference)
    assert entry is not None
    assert entry.status == "cancelled"
    first = await till.read(first)
    assert first.outcome is Outcome.CANCELLED
    assert (await till.order(order)).payment_id == second.payment_id
    assert till.taken() == PRICE


async def test_an_abandoned_payment_that_was_paid_meanwhile_is_the_one(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    first = await till.began(order, "action")
    till.proceed(first, "approve")

    second = await till.pay(order, key=KEYS[1])

    assert isinstance(second, OrderTransitionRefused)
    assert (await till.order(order)).payment_id == first.payment_id
    assert till.taken() == PRICE


@pytest.mark.parametrize("lookups", ["http_500", "timeout_before", "garbage"])
async def test_what_may_have_taken_money_keeps_everybody_from_paying_again(
    lookups: str, till: Till
) -> None:
    await till.open_event()
    order = await till.hold()
    silence = " ".join([lookups] * 3)
    first = await till.pay(order, "timeout_after", lookups=silence)
    assert isinstance(first, PaymentIs)
    assert first.payment.in_doubt
    assert isinstance(await till.pay(order, key=KEYS[1]), PaymentInDoubt)
    assert len(till.books.entries()) == 1

    await till.work_for(2, 5, 15, 45, 120)

    assert (await till.order(order)).payment_id == first.payment.payment_id
    assert (await till.read(first.payment)).outcome is Outcome.CONFIRMED
    assert till.taken() == PRICE


async def test_one_that_is_being_sent_is_waited_for(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    slow = asyncio.create_task(till.pay(order, "slow:1500"))
    async with asyncio.timeout(5):
        while not till.books.entries():  # noqa: ASYNC110 - another file says when
            await asyncio.sleep(0.01)
    assert isinstance(await till.pay(order, key=KEYS[1]), PaymentOpen)
    outcome = await slow
    assert isinstance(outcome, PaymentIs)
    assert outcome.order.status is OrderStatus.CONFIRMED
    assert len(till.books.entries()) == 1


@pytest.mark.parametrize(
    ("script", "charged"),
    [("refused_connection", 0), ("rate_limited:3", 0), ("decline:card_expired", 0)],
)
async def test_what_took_no_money_leaves_a_hold_that_can_be_paid(
    script: str, charged: int, till: Till
) -> None:
    await till.open_event()
    order = await till.hold()
    first = await till.began(order, script)
    assert first.outcome is Outcome.FAILED
    assert till.taken() == charged
    held = await till.order(order)
    assert (held.status, held.payment_id) == (OrderStatus.HELD, None)

    await till.paid(order, key=KEYS[1])
    assert till.taken() == PRICE


async def test_a_hold_is_not_kept_alive_by_declines(till: Till) -> None:
    """Two minutes more after each, and twice its time in all."""
    await till.open_event(hold_seconds=600)
    order = await till.hold()
    end_ms = order.created_at_ms + 2 * 600_000
    for number in range(30):
        outcome = await till.pay(order, "decline:other", key=f"payment-key-{number:05d}")
        if isinstance(outcome, HoldExpired | MethodUnavailable):
            break
        assert isinstance(outcome, PaymentIs)
        assert ((await till.order(order)).expires_at_ms or 0) <= end_ms
        till.clock.advance(90_000)
    else:
        raise AssertionError("it is paid for for ever")
    assert till.clock.now_ms() <= end_ms + 90_000


async def test_a_first_command_that_was_never_sent_is_sent_by_the_reconciler(till: Till) -> None:
    """The process died between the ledger and the provider."""
    await till.open_event()
    order = await till.hold()
    token, now_ms = till.ordering.token_of(order.id), till.clock.now_ms()
    request = PaymentRequest(order.id, token, KEYS[0], "sandbox", None, {})
    (offer,) = till.offering.offers(order, HALL, now_ms)
    new = till.paying._new_payment(request, order, HALL, offer, now_ms)
    await till.ledger.payments.start(new)

    await till.work_for(0, 30, 60, 300, 900)

    payment = await till.read(new.payment_id)
    assert payment.outcome is not None
    assert till.taken() == (PRICE if payment.is_settled else 0)
    status = (await till.order(order)).status
    assert (status is OrderStatus.CONFIRMED) == payment.is_settled


async def test_an_operation_has_one_key_for_life(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    first = await till.pay(order, "timeout_before timeout_before approve")
    assert isinstance(first, PaymentIs)
    await till.work_for(20, 20, 20, 60, 60, 120)
    payment = await till.read(first.payment)
    (initiate,) = payment.operations[:1]
    assert initiate.state is OperationState.SUCCEEDED or payment.outcome is not None
    assert initiate.idempotency_key == f"{payment.payment_id}.initiate"
    assert till.taken() in {0, PRICE}
