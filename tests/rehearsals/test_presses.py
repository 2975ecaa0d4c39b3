"""The button is pressed ten times at once, at two API processes: one charge, one order."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rehearsals.paying.audit import settle, verify
from tests.rehearsals.paying.checkouts import Checkout, hold, read_order
from tests.rehearsals.paying.stage import Stage, staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

EVENT = "presses"
PRESSES = 10
BUYERS = 10
REFUSALS = {"payment-open", "payment-in-doubt", "invalid-transition"}
SCRIPTS = ("", "slow:300", "approve", "authorize slow:200", "timeout_after", "http_500", "action")
SECONDS_MAX = 50.0


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        await asyncio.gather(stage.start_api(), stage.start_worker())
        await stage.start_api()
        async with stage.client() as client:
            await stage.open_event(client, EVENT, 1_000, 600)
        yield stage


async def _press(
    clients: Sequence[httpx.AsyncClient], checkout: Checkout, keys: Sequence[str], script: str
) -> list[httpx.Response]:
    """All at once, in turn at each process."""

    def send(number: int, key: str) -> Any:
        return clients[number % len(clients)].post(
            f"/v1/orders/{checkout.order_id}/payments",
            headers={**checkout.token, "Idempotency-Key": key},
            json={"method": "sandbox", "input": {"script": script}},
        )

    return list(await asyncio.gather(*(send(number, key) for number, key in enumerate(keys))))


def _told(answers: Sequence[httpx.Response]) -> Counter[str]:
    return Counter(
        each.json().get("code") or f"{each.status_code} {each.json()['status']}" for each in answers
    )


async def test_ten_presses_with_one_key_are_one_payment(stage: Stage) -> None:
    async with stage.client(stage.apis[0]) as one, stage.client(stage.apis[1]) as other:
        checkout = await hold(one, EVENT, 1, adults=2)
        answers = await _press((one, other), checkout, [checkout.key()] * PRESSES, "slow:200")
        print(dict(_told(answers)))
        assert {each.status_code for each in answers} == {201}
        assert len({each.json()["id"] for each in answers}) == 1
        assert await settle(stage, one, [checkout], seconds=SECONDS_MAX) == []
        assert (await read_order(one, checkout))["status"] == "confirmed"
        (entry,) = stage.books.entries()
        asked = Counter(name for name, is_executed in stage.books.requests(entry.reference))
        assert asked["initiate"] == 1
        assert asked["capture"] == 1
        assert await verify(stage, [EVENT]) == []


async def test_ten_presses_with_ten_keys_are_one_charge(stage: Stage) -> None:
    async with stage.client(stage.apis[0]) as one, stage.client(stage.apis[1]) as other:
        checkout = await hold(one, EVENT, 1, adults=2)
        keys = [checkout.key(number) for number in range(PRESSES)]
        answers = await _press((one, other), checkout, keys, "slow:200")
        told = _told(answers)
        print(dict(told))
        assert told.keys() <= {"201 succeeded", *REFUSALS}
        assert told["201 succeeded"] == 1
        assert await settle(stage, one, [checkout], seconds=SECONDS_MAX) == []
        assert (await read_order(one, checkout))["status"] == "confirmed"
        taken = [each for each in stage.books.entries() if each.captured_minor]
        assert len(taken) == 1


async def test_ten_buyers_who_press_ten_times_are_ten_charges_at_most_whatever_the_provider_does(
    stage: Stage,
) -> None:
    """Half of them with one key, half with ten; a charge is one that stayed."""
    chance = random.Random(stage.seed)
    scripts = [chance.choice(SCRIPTS) for _ in range(BUYERS)]
    print(scripts)
    async with (
        stage.client(stage.apis[0]) as one,
        stage.client(stage.apis[1]) as other,
        stage.courier(),
    ):
        checkouts = [await hold(one, EVENT, number) for number in range(BUYERS)]
        keys = [
            [each.key(number if each.number % 2 else 0) for number in range(PRESSES)]
            for each in checkouts
        ]
        found = await asyncio.gather(
            *(_press((one, other), *each) for each in zip(checkouts, keys, scripts, strict=True))
        )
        print(dict(_told([one for each in found for one in each])))
        for checkout, script in zip(checkouts, scripts, strict=True):
            if script == "action":
                await _act(stage, one, checkout)
        assert await settle(stage, one, checkouts, seconds=SECONDS_MAX) == []
        orders = [await read_order(one, each) for each in checkouts]
        kept = [e for e in stage.books.entries() if e.captured_minor > e.refunded_minor]
        statuses = Counter(each["status"] for each in orders)
        print(dict(statuses))
        assert statuses["confirmed"] == len(kept) == BUYERS
        assert await verify(stage, [EVENT]) == []


async def _act(stage: Stage, client: httpx.AsyncClient, checkout: Checkout) -> None:
    """The buyer goes through with every try that the provider still waits for, the last one too."""
    for entry in stage.books.entries():
        answer = await client.get(
            "/v1/admin/payments", params={"order_id": checkout.order_id}, headers=stage.admin
        )
        mine = {each["reference"] for each in answer.json()["items"]}
        if entry.reference in mine and entry.status == "requires_action":
            stage.proceed(entry.reference, "approve")
