"""The provider is down through the whole hold: the units are not given back before it was asked,
nobody is charged twice, and who was charged has tickets in the end."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from payments.testing.script import Queue
from tests.rehearsals.paying.audit import settle, verify
from tests.rehearsals.paying.checkouts import Checkout, hold, pay, read_order
from tests.rehearsals.paying.stage import staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

EVENT = "provider-down"
HOLD_SECONDS = 6
DOWN = ("timeout_before", "refused_connection", "garbage", "http_500", "timeout_after")
LOOKS_DOWN = 3
"""After 2, 4 and 9 seconds; those after 24 and 69 seconds are answered."""
POLLS = 9
POLL_SECONDS = 2.1
"""A page may look every two seconds."""


async def test_a_provider_that_is_down_through_the_hold(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await asyncio.gather(stage.start_api(), stage.start_worker())
        chance = random.Random(stage.seed)
        async with stage.client() as client:
            await stage.open_event(client, EVENT, 100, HOLD_SECONDS)
            began_at = time.monotonic()
            told: list[tuple[Checkout, str]] = []
            for number, word in enumerate(DOWN):
                checkout = await hold(client, EVENT, number)
                lookups = [chance.choice(DOWN) for _ in range(LOOKS_DOWN)]
                status, body = await pay(
                    client, checkout, {"script": word, "lookups": " ".join(lookups)}
                )
                assert status == 201, body
                is_certain = word == "refused_connection"
                assert body["status"] == ("failed" if is_certain else "processing"), (word, body)
                told.append((checkout, word))
            await asyncio.sleep(max(0.0, began_at + HOLD_SECONDS + 4 - time.monotonic()))
            for checkout, word in told:
                order = await read_order(client, checkout)
                if word == "refused_connection":
                    assert order["status"] in {"held", "expired"}
                    continue
                assert order["status"] == "paying", (word, order)
                status, body = await pay(client, checkout, try_number=2)
                assert (status, body["code"]) == (409, "payment-in-doubt"), (word, body)
            pool = (await client.get(f"/v1/admin/events/{EVENT}", headers=stage.admin)).json()
            assert pool["pools"][0]["held"] >= len(DOWN) - 1
            checkouts = [each for each, _ in told]
            assert await settle(stage, client, checkouts, seconds=100) == []
            ends = Counter[tuple[str, str]]()
            for checkout, word in told:
                status = (await read_order(client, checkout))["status"]
                ends[word, status] += 1
            print({f"{word}: {status}": count for (word, status), count in ends.items()})
            for word in ("garbage", "http_500", "timeout_after"):
                assert ends[word, "confirmed"] == 1
            assert ends["timeout_before", "expired"] == 1
            assert await verify(stage, [EVENT]) == []


async def test_a_page_that_polls_does_not_put_off_what_the_reconciler_does_when_all_is_up_again(
    tmp_path: Path,
) -> None:
    """The capture is in doubt, the buyer polls while nobody can be asked, and leaves."""
    async with staged(tmp_path) as stage:
        await asyncio.gather(stage.start_api(), stage.start_worker())
        async with stage.client() as client:
            await stage.open_event(client, EVENT, 100, 600)
            checkout = await hold(client, EVENT, 1)
            script = {
                "script": "authorize timeout_before",
                "lookups": "refused_connection " * 50,
            }
            _, body = await pay(client, checkout, script)
            path = f"/v1/orders/{checkout.order_id}/payments/{body['id']}"
            for _ in range(POLLS):
                await asyncio.sleep(POLL_SECONDS)
                answer = await client.get(path, headers=checkout.token)
                assert answer.json()["status"] == "processing"
            stage.books.program(
                "", queue=Queue.LOOKUPS, account="main", reference=checkout.reference
            )
            assert await settle(stage, client, [checkout], seconds=60) == []
            assert (await read_order(client, checkout))["status"] == "confirmed"
