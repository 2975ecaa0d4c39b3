"""After a rehearsal: waits until it is quiet, gathers what the judge reads, asks for a verdict."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tests.flows.conftest import Service
from tests.flows.crowd import Answer
from tests.rehearsals.client_log import Story
from tests.rehearsals.judge import Ledger, Stock, judge, read_ledger, read_stock

QUIET_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Aftermath:
    """`faults` empty: every promise was kept."""

    ledger: Ledger
    stock: dict[str, Stock]
    faults: list[str]


async def settle(
    service: Service, client: httpx.AsyncClient, event_ids: Sequence[str], stories: Sequence[Story]
) -> Aftermath:
    """Ends when no hold is left and the ledger has all, and otherwise in bounded time: then the
    judge says what is wrong. `stories` are all that there were of these events."""
    await until_quiet(service, client, event_ids)
    stock = await read_all_stock(service, client, event_ids)
    read_back = await _read_back(client, stories)
    ledger = read_ledger(service.ledger)
    faults = judge(stories, ledger, stock, read_back)
    for event_id in event_ids:
        verified = await asyncio.to_thread(service.run, "verify", event_id, "--wait-seconds", "30")
        if verified.returncode != 0:
            faults.append(f"verify {event_id}: {verified.stdout}{verified.stderr}")
    return Aftermath(ledger, stock, faults)


async def until_quiet(
    service: Service, client: httpx.AsyncClient, event_ids: Sequence[str]
) -> None:
    """No hold is left, and the ledger has all that Redis has."""
    deadline = time.monotonic() + QUIET_SECONDS_MAX
    while True:
        stock = await read_all_stock(service, client, event_ids)
        ledger = read_ledger(service.ledger)
        recorded = {
            event_id: sum(
                sum(each.quantities.values())
                for each in ledger.orders
                if each.event_id == event_id and each.status == "confirmed"
            )
            for event_id in event_ids
        }
        is_level = all(recorded[each] == stock[each].sold for each in event_ids)
        if is_level and not any(each.held for each in stock.values()):
            return
        if time.monotonic() > deadline:
            return  # the judge will say what is wrong
        await asyncio.sleep(0.2)


async def read_all_stock(
    service: Service, client: httpx.AsyncClient, event_ids: Sequence[str]
) -> dict[str, Stock]:
    found = {}
    for event_id in event_ids:
        answer = await client.get(f"/v1/admin/events/{event_id}", headers=service.admin)
        found[event_id] = read_stock(answer.json())
    return found


async def _read_back(client: httpx.AsyncClient, stories: Sequence[Story]) -> dict[str, Answer]:
    """Every acknowledged order, as its buyer sees it now."""
    waiting = iter([each.acknowledged[0].body for each in stories if each.acknowledged])
    found: dict[str, Answer] = {}

    async def read() -> None:
        for order in waiting:
            answer = await client.get(
                f"/v1/orders/{order['id']}", headers={"Order-Token": order["token"]}
            )
            found[order["id"]] = Answer(answer.status_code, {}, answer.json())

    await asyncio.gather(*(read() for _ in range(16)))
    return found
