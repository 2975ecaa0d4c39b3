"""What operators do about payments that need a person, and what is refused to them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.orders import OrderStatus
from app.inventory import Inventory
from app.ledger import Channel, Ledger, OperationState, Outcome, PaymentRow
from app.runtime.clock import SettableClock
from app.selling import (
    Advanced,
    Contradicted,
    Dismiss,
    GiveUp,
    RefundedByHand,
    RefundNow,
    Rejected,
    Resolution,
    Succeeded,
    UnknownPayment,
)
from payments import PaymentState, RemoteStatus, Snapshot
from payments.testing.provider import Provider
from payments.testing.script import Queue, parse
from tests.selling.tills import PRICE_MINOR, Till, open_till

SILENT = " ".join(["http_500"] * 40)
"""A provider that does not say how anything stands."""
WHY = "their support told us, ticket 4711"


@pytest.fixture
async def till(
    inventory: Inventory, ledger: Ledger, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Till]:
    till = await open_till(inventory, ledger, clock, tmp_path)
    yield till
    await till.desk.providers.registry.aclose()


async def _resolve(till: Till, payment: PaymentRow, resolution: Resolution) -> Advanced:
    done = await till.desk.operating.resolve(payment.payment_id, resolution, WHY)
    assert isinstance(done, Advanced), done
    return done


async def _refuses(till: Till, payment: PaymentRow, resolution: Resolution) -> str:
    """The reason; nothing has changed."""
    before = await till.payment(payment.payment_id)
    done = await till.desk.operating.resolve(payment.payment_id, resolution, WHY)
    assert isinstance(done, Contradicted), done
    assert await till.payment(payment.payment_id) == before
    return done.reason


async def _evidence(till: Till, payment: PaymentRow) -> list[tuple[str, str]]:
    """What people said of it, and why."""
    heard = await till.ledger.payments.observations(payment.payment_id)
    told = [json.loads(each.said) for each in heard if each.channel is Channel.OPERATOR]
    return [(each["said"].split()[0], each["evidence"]) for each in told]


def _proceed(till: Till, payment: PaymentRow, words: str) -> None:
    provider = Provider(till.books, lambda: datetime.now(UTC))
    provider.proceed("main", payment.reference, parse(words, Queue.SCRIPT))


async def test_what_certainly_did_not_happen_gives_the_hold_back(till: Till) -> None:
    paid = await till.pay(script="timeout_before", lookups=SILENT)
    payment = paid.payment
    assert payment.in_doubt
    till.clock.advance(16 * 60_000)
    [stuck] = await till.desk.operating.stuck(15 * 60_000, 9)
    assert stuck.payment_id == payment.payment_id
    done = await _resolve(till, payment, Rejected("initiate"))
    assert (done.payment.outcome, done.order.status) == (Outcome.FAILED, OrderStatus.EXPIRED)
    assert await _evidence(till, payment) == [("rejected", WHY)]
    assert await till.desk.operating.stuck(15 * 60_000, 9) == []
    assert till.books.taken() == {}


async def test_what_happened_goes_on_from_there(till: Till) -> None:
    """The money was reserved, and the answer lost: from a person's word it is taken and sold."""
    payment = (await till.pay(script="timeout_after", lookups=SILENT)).payment
    reason = await _refuses(till, payment, Succeeded("initiate", None))
    assert "--provider-id" in reason
    provider_id = f"sb_{payment.reference}"
    done = await _resolve(till, payment, Succeeded("initiate", provider_id))
    assert (done.payment.outcome, done.order.status) == (
        Outcome.CONFIRMED,
        OrderStatus.CONFIRMED,
    )
    assert await _evidence(till, payment) == [("succeeded", WHY)]
    assert till.books.taken() == {"EUR": PRICE_MINOR}


async def test_a_capture_that_happened_confirms_the_order(till: Till) -> None:
    payment = (await till.pay(script="approve timeout_after", lookups=SILENT)).payment
    assert (payment.state, payment.in_doubt) == (PaymentState.AUTHORIZED, True)
    done = await _resolve(till, payment, Succeeded("capture", None))
    assert (done.payment.outcome, done.order.status) == (
        Outcome.CONFIRMED,
        OrderStatus.CONFIRMED,
    )
    assert till.books.taken() == {"EUR": PRICE_MINOR}


async def test_a_retry_asks_now_and_goes_on(till: Till) -> None:
    payment = (await till.pay(script="timeout_after", lookups="http_500")).payment
    first = await till.desk.operating.retry(payment.payment_id)
    assert isinstance(first, Advanced)
    assert first.payment.in_doubt
    second = await till.desk.operating.retry(payment.payment_id)
    assert isinstance(second, Advanced)
    assert second.order.status is OrderStatus.CONFIRMED


async def test_what_contradicts_the_provider_is_refused(till: Till) -> None:
    payment = (await till.pay()).payment
    capture = payment.operations[-1].operation_id
    assert "has ended: succeeded" in await _refuses(till, payment, Rejected(capture))
    assert "which operation" in await _refuses(till, payment, Rejected("refund"))
    assert "refund it first" in await _refuses(till, payment, GiveUp())
    declined = (await till.pay(script="decline:other")).payment
    assert "no money" in await _refuses(till, declined, RefundNow())
    assert "no money" in await _refuses(till, declined, RefundedByHand(None))
    nobody = await till.desk.operating.resolve("pay_" + "a" * 26, GiveUp(), WHY)
    assert nobody == UnknownPayment()


async def test_what_is_being_sent_is_left_to_whoever_sends_it(till: Till) -> None:
    payment = await till.start(await till.hold())
    assert "is being sent" in await _refuses(till, payment, Rejected("initiate"))
    assert isinstance(await till.desk.operating.retry(payment.payment_id), Contradicted)
    till.clock.advance(26_000)
    done = await _resolve(till, payment, Rejected("initiate"))
    assert (done.payment.outcome, done.order.status) == (Outcome.FAILED, OrderStatus.HELD)


async def test_money_given_back_by_hand_cancels_the_order_and_is_not_given_twice(
    till: Till,
) -> None:
    payment = (await till.pay()).payment
    part = await _resolve(till, payment, RefundedByHand(500))
    assert (part.order.status, part.order.refunded.amount_minor) == (OrderStatus.CONFIRMED, 500)
    assert "is left" in await _refuses(till, part.payment, RefundedByHand(2_001))
    done = await _resolve(till, payment, RefundedByHand(None))
    assert (done.payment.outcome, done.order.status) == (Outcome.REFUNDED, OrderStatus.CANCELLED)
    assert "went back" in await _refuses(till, payment, RefundedByHand(None))
    assert "went back" in await _refuses(till, payment, RefundNow())
    assert till.books.taken() == {"EUR": PRICE_MINOR}, "the provider was not asked"


async def test_a_frozen_payment_without_money_is_closed_and_its_reservation_let_go(
    till: Till,
) -> None:
    paid = await till.pay(script="wrong_amount authorize")
    payment = paid.payment
    assert payment.facts.integrity
    assert paid.order.status is OrderStatus.PAYING
    [stuck] = await till.desk.operating.stuck(0, 9)
    assert stuck.payment_id == payment.payment_id
    done = await _resolve(till, payment, GiveUp())
    assert (done.payment.outcome, done.order.status) == (Outcome.FAILED, OrderStatus.HELD)
    assert till.books.taken() == {}
    entry = till.books.find(payment.reference)
    assert entry is not None
    assert entry.status == "cancelled"
    assert await till.desk.operating.stuck(0, 9) == []
    again = await till.desk.advancing.advance(await till.payment(payment.payment_id))
    assert again.payment.next_look_at_ms is None, "nobody looks at it again"
    assert (await till.pay_for(done.order)).order.status is OrderStatus.CONFIRMED


async def test_the_money_of_a_frozen_payment_goes_back_and_its_hold_too(till: Till) -> None:
    paid = await till.pay(script="wrong_amount authorize")
    _proceed(till, paid.payment, "approve")
    looked = await till.desk.operating.retry(paid.payment.payment_id)
    assert isinstance(looked, Advanced)
    assert (looked.payment.state, looked.order.status) == (
        PaymentState.CAPTURED,
        OrderStatus.PAYING,
    )
    assert till.books.taken() != {}
    assert "refund it first" in await _refuses(till, looked.payment, GiveUp())
    done = await _resolve(till, looked.payment, RefundNow())
    assert (done.payment.outcome, done.order.status) == (Outcome.REFUNDED, OrderStatus.HELD)
    assert till.books.taken() == {}
    assert await _evidence(till, paid.payment) == [("refund", WHY), ("give-up", WHY)]
    assert await till.desk.operating.stuck(0, 9) == []


async def test_a_refund_in_doubt_is_resolved_before_another_is_sent(till: Till) -> None:
    payment = (await till.pay(refunds="timeout_after", lookups=SILENT)).payment
    sent = await _resolve(till, payment, RefundNow())
    [refund] = [each for each in sent.payment.operations if each.kind == "refund"]
    assert refund.state is OperationState.UNKNOWN
    for resolution in (RefundNow(), RefundedByHand(None), Dismiss()):
        reason = await _refuses(till, sent.payment, resolution)
        assert "went back" in reason or "resolve that first" in reason
    entry = till.books.find(payment.reference)
    assert entry is not None
    provider_refund_id = entry.refunds[0].provider_refund_id
    done = await _resolve(till, payment, Succeeded("refund", provider_refund_id))
    assert (done.payment.outcome, done.order.status) == (Outcome.REFUNDED, OrderStatus.CANCELLED)
    assert till.books.taken() == {}


async def test_a_payment_that_ended_is_dismissed_until_there_is_news(till: Till) -> None:
    payment = (await till.pay()).payment
    strange = await _hears_of_live_money(till, payment, version=3)
    assert strange.facts.integrity
    assert len(await till.desk.operating.stuck(0, 9)) == 1
    done = await _resolve(till, strange, Dismiss())
    assert (done.payment.outcome, done.order.status) == (
        Outcome.CONFIRMED,
        OrderStatus.CONFIRMED,
    )
    assert await _evidence(till, payment) == [("dismiss", WHY)]
    assert await till.desk.operating.stuck(0, 9) == []
    await _hears_of_live_money(till, payment, version=4)
    assert len(await till.desk.operating.stuck(0, 9)) == 1


async def _hears_of_live_money(till: Till, payment: PaymentRow, version: int) -> PaymentRow:
    """Something that cannot be of a test payment."""
    return await till.ledger.payments.record(
        payment.payment_id,
        channel=Channel.WEBHOOK,
        at_ms=till.clock.now_ms(),
        snapshot=Snapshot(
            status=RemoteStatus.CAPTURED,
            provider_payment_id="x",
            reference=payment.reference,
            amount=payment.amount,
            is_live=True,
            captured_minor=payment.amount.amount_minor,
            version=version,
        ),
    )


async def test_all_that_is_known_is_shown(till: Till) -> None:
    paid = await till.pay()
    shown = await till.desk.operating.show(paid.payment.payment_id)
    assert shown is not None
    assert shown.order is not None
    assert (shown.payment, shown.order.status) == (paid.payment, OrderStatus.CONFIRMED)
    assert [each.state_after for each in shown.observations] == [
        PaymentState.AUTHORIZED,
        PaymentState.CAPTURED,
    ]
    assert await till.desk.operating.show("nonsense") is None
