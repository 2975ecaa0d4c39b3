"""The reconciler: finishes what others left, looks after orders that nobody looks after, and lets
nobody's trouble become somebody else's."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.ids import PaymentId, partition_of
from app.domain.orders import OrderStatus
from app.inventory import Inventory
from app.inventory.keys import PartitionKeys
from app.ledger import Ledger, Outcome, PaymentRow
from app.runtime.clock import SettableClock
from app.runtime.errors import Unavailable
from app.runtime.jobs import Progress
from app.runtime.redis_connection import RedisConnection
from app.selling.paying.advancing import Advanced
from tests.builders import PARTITIONS
from tests.till import CONCERT, PRICE, Till, open_till


@pytest.fixture
def till(clock: SettableClock, inventory: Inventory, ledger: Ledger, tmp_path: Path) -> Till:
    return open_till(clock, inventory, ledger, tmp_path)


async def _three_waiting(till: Till) -> list[PaymentRow]:
    """Paid at the bank, and nobody has told us."""
    await till.open_event()
    payments = [
        await till.began(await till.hold(buyer=buyer), "action", key=f"payment-of-{buyer}-000")
        for buyer in ("ana", "bea", "eve")
    ]
    for each in payments:
        till.proceed(each, "approve")
    return payments


async def _outcomes(till: Till, payments: list[PaymentRow]) -> list[Outcome | None]:
    return [(await till.read(each)).outcome for each in payments]


async def test_money_that_nobody_told_of_is_found(till: Till) -> None:
    payments = await _three_waiting(till)
    await till.work(5)
    assert await _outcomes(till, payments) == [Outcome.CONFIRMED] * 3
    assert till.taken() == 3 * PRICE


@pytest.mark.parametrize(
    "error", [Unavailable("no answer"), RuntimeError("a bug of ours"), KeyError()]
)
async def test_one_that_fails_keeps_no_other_waiting_and_is_tried_again(
    error: Exception, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = await _three_waiting(till)
    advance = till.advancing.advance

    async def fail(payment: PaymentRow, *rest: object) -> Advanced:
        if payment.payment_id == payments[0].payment_id:
            raise error
        return await advance(payment)

    monkeypatch.setattr(till.advancing, "advance", fail)
    await till.work(5)
    assert await _outcomes(till, payments) == [None, Outcome.CONFIRMED, Outcome.CONFIRMED]
    assert await till.reconciler.step() is Progress.IDLE, "not at once and for ever"

    monkeypatch.undo()
    await till.work(30)
    assert await _outcomes(till, payments) == [Outcome.CONFIRMED] * 3


async def test_a_row_that_cannot_be_read_keeps_no_other_waiting(till: Till) -> None:
    payments = await _three_waiting(till)
    async with till.ledger._database.write() as connection:
        await connection.execute(
            text("UPDATE payments SET facts = 'x' WHERE payment_id = :id"),
            {"id": payments[0].payment_id},
        )
    till.clock.advance(5_000)
    await till.reconciler.step()
    assert await _outcomes(till, payments[1:]) == [Outcome.CONFIRMED] * 2


async def test_an_order_that_was_lost_keeps_no_other_waiting(
    till: Till, connection: RedisConnection
) -> None:
    payments = await _three_waiting(till)
    lost = await till.order_of(payments[0])
    await connection.call("DEL", PartitionKeys(till.address(lost).partition).order(lost.id))

    await till.work(5)

    assert await _outcomes(till, payments) == [None, Outcome.CONFIRMED, Outcome.CONFIRMED]


async def test_a_paying_order_that_the_ledger_has_forgotten_is_looked_after(till: Till) -> None:
    """No clock of its payment runs any more; the order's own does."""
    payments = await _three_waiting(till)
    async with till.ledger._database.write() as connection:
        await connection.execute(text("UPDATE payments SET next_look_at_ms = NULL"))
    assert await till.ledger.payments.due(10**15, 9) == []

    await till.work(700)

    assert await _outcomes(till, payments) == [Outcome.CONFIRMED] * 3


async def test_a_paying_order_whose_payment_is_nowhere_waits_for_a_person(
    till: Till, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    payments = await _three_waiting(till)
    stray = await till.hold(buyer="dan")
    nowhere = PaymentId("pay_" + "z" * 26)
    await till.inventory.payments.begin_payment(till.address(stray), nowhere, look_up_at_ms=1)

    await till.work(5)

    assert (await till.order(stray)).status is OrderStatus.PAYING
    assert await _outcomes(till, payments) == [Outcome.CONFIRMED] * 3
    written = capsys.readouterr()
    said = caplog.text + written.out + written.err
    assert said.count("a payment that the ledger lacks") == 1, "once, and later again"


async def test_what_is_paying_and_is_no_order_stops_nothing(
    till: Till, connection: RedisConnection
) -> None:
    payments = await _three_waiting(till)
    partition = partition_of(CONCERT, PARTITIONS)
    await connection.call("ZADD", PartitionKeys(partition).paying, 1, "nonsense")

    await till.work(5)

    assert await _outcomes(till, payments) == [Outcome.CONFIRMED] * 3


async def test_two_of_them_do_the_work_once(till: Till) -> None:
    payments = await _three_waiting(till)
    till.clock.advance(5_000)
    await asyncio.gather(*(till.reconciler.step() for _ in range(3)))
    await till.work(5)
    assert await _outcomes(till, payments) == [Outcome.CONFIRMED] * 3
    for each in payments:
        assert till.commands(each) == ["initiate"]
