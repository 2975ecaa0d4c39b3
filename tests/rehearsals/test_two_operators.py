"""Operators give money back at the same moment, at two API processes: never more than was taken. A
refund whose answer was lost is looked up, not repeated."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.rehearsals.paying.audit import settle, verify
from tests.rehearsals.paying.checkouts import Checkout, hold, pay, read_order
from tests.rehearsals.paying.stage import Stage, staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

EVENT = "refunds"
ORDERS = 12
OPERATORS = 4
LOST = ("timeout_after", "http_500", "garbage")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        await asyncio.gather(stage.start_api(), stage.start_worker())
        await stage.start_api()
        async with stage.client() as client:
            await stage.open_event(client, EVENT, 1_000, 600)
        yield stage


async def _refund(
    stage: Stage, client: httpx.AsyncClient, checkout: Checkout, key: str, amount: int | None
) -> httpx.Response:
    return await client.post(
        f"/v1/admin/orders/{checkout.order_id}/refunds",
        headers={**stage.admin, "Idempotency-Key": f"refund-of-{checkout.number:06d}-{key}"},
        json={} if amount is None else {"amount": amount},
    )


async def test_whoever_refunds_at_the_same_moment_never_gives_back_more_than_was_taken(
    stage: Stage,
) -> None:
    chance = random.Random(stage.seed)
    async with stage.client(stage.apis[0]) as one, stage.client(stage.apis[1]) as other:
        checkouts = []
        told: Counter[str] = Counter()
        for number in range(ORDERS):
            checkout = await hold(one, EVENT, number, adults=2)
            checkouts.append(checkout)
            await pay(one, checkout, {"refunds": "slow:100"} if chance.random() < 0.5 else {})
            amounts = [
                chance.choice([None, checkout.total_minor, 3_000, 2_500, 1])
                for _ in range(OPERATORS)
            ]
            answers = await asyncio.gather(
                *(
                    _refund(stage, (one, other)[each % 2], checkout, str(each), amounts[each])
                    for each in range(OPERATORS)
                )
            )
            told.update(str(each.json().get("code", each.status_code)) for each in answers)
            done = [each.json()["amount"]["amount"] for each in answers if each.status_code == 201]
            assert 0 < sum(done) <= checkout.total_minor, (amounts, done)
        print(dict(told))
        assert told.keys() <= {"201", "invalid-transition"}
        assert told["invalid-transition"]
        assert await settle(stage, one, checkouts) == []
        assert await verify(stage, [EVENT]) == []


async def test_a_refund_whose_answer_was_lost_is_looked_up_and_not_repeated(stage: Stage) -> None:
    """Whatever the operators do meanwhile: the same again, at the other process; and a second one
    for the rest."""
    async with stage.client(stage.apis[0]) as one, stage.client(stage.apis[1]) as other:
        checkouts = []
        for number, word in enumerate(LOST):
            checkout = await hold(one, EVENT, number, adults=2)
            checkouts.append(checkout)
            await pay(one, checkout, {"refunds": word})
            first = await _refund(stage, one, checkout, "first", 3_000)
            assert (first.status_code, first.json()["status"]) == (201, "processing"), first.text
            assert first.json()["refundable"]["amount"] == 2_000
            again = await _refund(stage, other, checkout, "first", 3_000)
            assert again.headers["idempotency-replayed"] == "true"
            more = await _refund(stage, other, checkout, "second", 2_001)
            assert more.json()["code"] == "invalid-transition"
        assert await settle(stage, one, checkouts) == []
        for checkout in checkouts:
            assert (await read_order(one, checkout))["refunded"]["amount"] == 3_000
            asked = stage.books.requests(checkout.reference)
            assert [each for each in asked if each[0] == "refund"] == [("refund", True)]
