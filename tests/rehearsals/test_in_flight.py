"""What was begun goes on: with the toggle off, and with the method uninstalled or its account
removed in the middle. Nothing is offered any more then, nothing is given back that was paid, and
what only the provider knows waits until it can be asked again.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from payments.testing.script import Queue
from tests.flows.conftest import until
from tests.rehearsals.paying.audit import settle, verify
from tests.rehearsals.paying.checkouts import Checkout, hold, insist, pay, read_order
from tests.rehearsals.paying.stage import Stage, staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EVENT, SHORT = "in-flight", "in-flight-short"
SHORT_SECONDS = 5
OTHER_ACCOUNT = """
[[account]]
method = "sandbox"
id = "other"
environment = "test"
[account.config]
books_file = "{books}"
"""


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[tuple[Stage, httpx.AsyncClient]]:
    async with staged(folder) as stage:
        await asyncio.gather(stage.start_api(), stage.start_worker())
        async with stage.client() as client:
            await stage.open_event(client, EVENT, 100, 600)
            await stage.open_event(client, SHORT, 100, SHORT_SECONDS)
            yield stage, client


async def _restart(stage: Stage, *, is_ready: bool = True, **environment: str) -> None:
    """kill -9 of both, and both anew. `is_ready` False: it says that payments are stranded."""
    for each in [*stage.apis, *stage.workers]:
        stage.end(each)
    await asyncio.gather(
        stage.start_api(is_ready=is_ready, **environment), stage.start_worker(**environment)
    )


async def test_with_the_toggle_off_what_is_in_flight_is_paid_confirmed_and_refunded(
    tmp_path: Path,
) -> None:
    async with _opened(tmp_path) as (stage, client), stage.courier():
        begun, new = await hold(client, EVENT, 1), await hold(client, EVENT, 2)
        await pay(client, begun, {"script": "action"})
        path = stage.settings.toggles_path
        toggles = json.loads(path.read_text())
        for feature in toggles["features"]:
            is_halt = feature["name"] == "payments.sandbox.halt"
            feature["enabled"] = is_halt or (
                feature["enabled"] and feature["name"] != "payments.sandbox.offer"
            )
        path.write_text(json.dumps(toggles))
        await _restart(stage)
        status, body = await pay(client, new)
        assert (status, body["code"]) == (422, "method-unavailable")
        stage.proceed(begun.reference, "approve")
        assert await settle(stage, client, [begun, new], seconds=30) == []
        assert (await read_order(client, begun))["status"] == "confirmed"
        path_of_refunds = f"/v1/admin/orders/{begun.order_id}/refunds"
        headers = {**stage.admin, "Idempotency-Key": "refund-while-it-is-off"}
        answer = await insist(client, path_of_refunds, headers, {"amount": 500})
        assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
        assert await settle(stage, client, [begun, new], seconds=30) == []
        assert await verify(stage, [EVENT]) == []


@pytest.mark.parametrize("how", ["uninstalled", "account removed"])
async def test_without_the_method_nothing_is_lost_and_with_it_again_all_ends_right(
    tmp_path: Path, how: str
) -> None:
    async with _opened(tmp_path) as (stage, client), stage.courier():
        acting = await hold(client, EVENT, 1)
        await pay(client, acting, {"script": "action"})
        overdue = await hold(client, SHORT, 2)
        await pay(client, overdue, {"script": "pending"})
        lost = await hold(client, EVENT, 3)
        await pay(client, lost, {"script": "timeout_after", "lookups": "refused_connection " * 50})
        taken = await _die_once_taken(stage, client)
        checkouts = [acting, overdue, lost, taken]
        if how == "uninstalled":
            await _restart(stage, is_ready=False, TAQUILLA_PAYMENT_METHODS="hack")
        else:
            accounts = tmp_path / "accounts.toml"
            accounts.write_text(OTHER_ACCOUNT.format(books=stage.books.path))
            await _restart(stage, is_ready=False, TAQUILLA_PAYMENT_ACCOUNTS_FILE=str(accounts))
        for each in (acting, overdue):
            stage.proceed(each.reference, "approve")
        # What is known to be taken needs nobody: it is confirmed, as paid.
        await until(30, lambda: _is(client, taken, "confirmed"))
        assert (await read_order(client, taken))["settlement"] == "paid"
        await asyncio.sleep(SHORT_SECONDS + 3)
        for each in (acting, overdue, lost):
            assert (await read_order(client, each))["status"] == "paying", each
        stage.books.program("", queue=Queue.LOOKUPS, account="main", reference=lost.reference)
        await _restart(stage)
        assert await settle(stage, client, checkouts, seconds=90) == []
        for each in checkouts:
            assert (await read_order(client, each))["status"] == "confirmed", each
        assert await verify(stage, [EVENT, SHORT]) == []


async def _die_once_taken(stage: Stage, client: httpx.AsyncClient) -> Checkout:
    """Its money is in the ledger, and its order is not confirmed yet; nobody is there to do it."""
    for each in list(stage.workers):
        stage.end(each)
    mortal = await stage.start_api("capture_recorded")
    checkout = await hold(client, EVENT, 4)
    async with stage.client(mortal) as to_mortal:
        with pytest.raises(httpx.TransportError):
            await pay(to_mortal, checkout, seconds=0)
    assert await mortal.ended(10) == -signal.SIGKILL
    stage.end(mortal)
    return checkout


async def _is(client: httpx.AsyncClient, checkout: Checkout, status: str) -> bool:
    return bool((await read_order(client, checkout))["status"] == status)
