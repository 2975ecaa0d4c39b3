"""Processes that pay for the same orders at once, one of them killed in the middle: nothing is
lost, nothing is there twice, nothing is half there."""

import asyncio
import random
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from app.ledger import Ledger, OperationKind, Outcome
from app.ledger.payments.tables import checkouts, payment_observations
from tests.ledger.conftest import Address
from tests.ledger.payments.rivals import ORDERS, REFUND_MINOR
from tests.ledger.payments.tries import TOTAL_MINOR, order_id_of

ROOT = Path(__file__).parents[3]
SECONDS_MAX = 90.0


@pytest.mark.parametrize("round_number", range(2))
async def test_rivals_leave_one_whole_payment_for_each_order(
    ledger: Ledger, address: Address, round_number: int
) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    rivals = [await _begin(address, f"r{number}", f"{seed}-{number}") for number in range(3)]
    async with asyncio.timeout(SECONDS_MAX):
        await asyncio.gather(
            _kill_after(rivals[0], chance.randrange(1, ORDERS - 5)),
            *(_finish(each) for each in rivals[1:]),
        )
    for order in range(ORDERS):
        await _check(ledger, order)
    async with ledger._database.read() as connection:
        assert len((await connection.execute(select(checkouts))).all()) == ORDERS


async def _check(ledger: Ledger, order: int) -> None:
    rows = await ledger.payments.of_order(order_id_of(order))
    assert rows
    for row in rows:
        assert (row.outcome, row.is_settled) == (Outcome.CONFIRMED, True)
        assert row.facts.captured_minor == TOTAL_MINOR
        assert row.facts.refunded_minor == 50
        refunds = [each for each in row.operations if each.kind is OperationKind.REFUND]
        assert sum(each.amount_minor for each in refunds) + 50 <= TOTAL_MINOR
        assert all(each.amount_minor == REFUND_MINOR for each in refunds)
        query = select(payment_observations).where(
            payment_observations.c.payment_id == row.payment_id
        )
        async with ledger._database.read() as connection:
            seen = (await connection.execute(query)).all()
        added: Counter[str] = Counter()
        for each in seen:
            added["captured"] += each.captured_change_minor
            added["refunded"] += each.refunded_change_minor
            added["disputed"] += each.disputed_change_minor
        facts = row.facts
        assert +added == +Counter(
            captured=facts.captured_minor,
            refunded=facts.refunded_minor,
            disputed=facts.disputed_minor,
        )


async def _begin(address: Address, name: str, seed: str) -> Process:
    arguments = [address.url or "-", str(address.data_dir), name, seed]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.ledger.payments.rivals", *arguments),
        cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def _kill_after(process: Process, orders: int) -> None:
    """Somewhere within the order that follows so many: it does not wait for us."""
    assert process.stdout is not None
    for _ in range(orders):
        assert await process.stdout.readline()
    process.kill()
    await process.communicate()


async def _finish(process: Process) -> None:
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
