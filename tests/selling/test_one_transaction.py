"""What follows from an answer is written in its own transaction; what a crash or a silence leaves
between Redis and the ledger is found out again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.orders import OrderStatus
from app.inventory import Inventory
from app.ledger import Channel, Ledger, OperationState, Outcome, Payments
from app.runtime.clock import SettableClock
from app.runtime.errors import Unavailable
from app.selling import Claims
from app.workers import Reconciler
from tests.selling.tills import PRICE_MINOR, Till, open_till


@pytest.fixture
async def till(
    inventory: Inventory, ledger: Ledger, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Till]:
    till = await open_till(inventory, ledger, clock, tmp_path)
    yield till
    await till.desk.providers.registry.aclose()


@pytest.fixture
def writes(till: Till, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every transaction of payments that writes, by its name."""
    told: list[str] = []
    for name in ("start", "record", "reserve", "close", "schedule", "resubmit"):
        original = getattr(Payments, name)

        async def counted(
            payments: Payments, *given: Any, _name: str = name, _do: Any = original, **named: Any
        ) -> Any:
            told.append(_name)
            return await _do(payments, *given, **named)

        monkeypatch.setattr(Payments, name, counted)
    return told


async def _reconcile(till: Till) -> None:
    till.clock.advance(120_000)
    desk = till.desk
    job = Reconciler(till.inventory, till.ledger, desk.advancing, desk.noticing, till.clock)
    for _ in range(5):
        await job.step()


async def test_a_payment_that_goes_well_is_three_transactions(
    till: Till, writes: list[str]
) -> None:
    paid = await till.pay()
    assert (paid.order.status, paid.payment.outcome) == (
        OrderStatus.CONFIRMED,
        Outcome.CONFIRMED,
    )
    assert writes == ["start", "record", "record"]
    assert await till.payment(paid.payment.payment_id) == paid.payment
    assert paid.payment.next_look_at_ms is None
    heard = await till.ledger.payments.observations(paid.payment.payment_id)
    assert [each.channel for each in heard] == [Channel.RESPONSE] * 2


async def test_the_hold_is_pinned_before_the_money_is_asked_for(till: Till) -> None:
    """Asked for, and the answer lost: the hold's time goes by, and its units stay."""
    paid = await till.pay(script="approve timeout_after", lookups=" ".join(["http_500"] * 40))
    assert paid.payment.operations[-1].state is OperationState.UNKNOWN
    await _reconcile(till)
    till.clock.advance(3_600_000)
    assert (await till.order_of(paid.payment)).status is OrderStatus.PAYING


async def test_a_crash_after_the_confirmation_and_before_its_record_is_found_out(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Payments.record
    is_broken = True

    async def breaks(payments: Payments, *given: Any, **named: Any) -> Any:
        snapshot = named.get("snapshot")
        if is_broken and snapshot is not None and snapshot.captured_minor:
            raise Unavailable("the ledger has gone")
        return await record(payments, *given, **named)

    monkeypatch.setattr(Payments, "record", breaks)
    with pytest.raises(Unavailable):
        await till.pay()
    is_broken = False
    [payment] = await till.ledger.payments.stuck(till.clock.now_ms() + 1, 9)
    assert (await till.order_of(payment)).status is OrderStatus.CONFIRMED
    assert payment.operations[-1].state is OperationState.SUBMITTING
    await _reconcile(till)
    ended = await till.payment(payment.payment_id)
    assert (ended.outcome, ended.is_settled, ended.next_look_at_ms) == (
        Outcome.CONFIRMED,
        True,
        None,
    )
    assert till.books.taken() == {"EUR": PRICE_MINOR}


@pytest.mark.parametrize("step", ["pin", "confirm"])
async def test_what_redis_does_not_answer_keeps_nothing_from_being_recorded(
    till: Till, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    original = getattr(Claims, step)

    async def breaks(*_: object) -> None:
        raise Unavailable("Redis has gone")

    monkeypatch.setattr(Claims, step, breaks)
    with pytest.raises(Unavailable):
        await till.pay()
    [payment] = await till.ledger.payments.stuck(till.clock.now_ms() + 1, 9)
    assert payment.facts.captured_minor == (PRICE_MINOR if step == "confirm" else 0)
    assert payment.facts.authorized_minor == PRICE_MINOR
    assert (payment.outcome, await till.ledger.payments.due(10**15, 9)) == (
        None,
        [payment.payment_id],
    )
    monkeypatch.setattr(Claims, step, original)
    await _reconcile(till)
    ended = await till.payment(payment.payment_id)
    assert (ended.outcome, (await till.order_of(ended)).status) == (
        Outcome.CONFIRMED,
        OrderStatus.CONFIRMED,
    )
    assert till.books.taken() == {"EUR": PRICE_MINOR}


async def test_money_of_another_amount_confirms_nothing(till: Till) -> None:
    paid = await till.pay(script="wrong_amount authorize")
    assert (paid.order.status, paid.payment.outcome) == (OrderStatus.PAYING, None)
    assert len(paid.payment.operations) == 1
