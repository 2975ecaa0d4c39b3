"""Processes killed in the middle of a sale, and whether every promise was kept.

Free events in several partitions; buyers who buy in one call, hold and confirm, hold and let go,
hold and walk away, or ask for too much; kill -9 of Redis, an API process and the worker in turn.
Afterwards every unit that came back is sold again, to the last.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.flows.conftest import Service, running_service
from tests.rehearsals.aftermath import Aftermath, read_all_stock, settle, until_quiet
from tests.rehearsals.buyers import Crowd, make_wishes
from tests.rehearsals.client_log import LIMIT_PER_ORDER, Intent, Story, Wish
from tests.rehearsals.kills import KINDS, Kill, kill_in_turn
from tests.rehearsals.slow_disk import slow_disk_environment

EVENTS = ("crash-0", "crash-1", "crash-2")
HOLD_SECONDS = 6
AT_ONCE = 64
API_PROCESSES = 2
TURNS_MAX = 4
"""Of three kills each. A supervisor gives up a process that died six times within a minute."""
ORDERS_A_TURN_MIN = 700
LATE_BUYERS = 1_000_000
"""From this number on: those who buy what came back."""


@dataclass
class Rehearsal:
    """What was seen; `aftermath.faults` empty: every promise was kept."""

    seed: int
    stories: list[Story]
    kills: list[Kill]
    aftermath: Aftermath
    sold_again: int
    seconds: float


def rehearse(orders: int, *, seed: int, slow_disk: bool) -> Rehearsal:
    with tempfile.TemporaryDirectory(prefix="taquilla-crash-") as name:
        folder = Path(name)
        environment = slow_disk_environment(folder) if slow_disk else {}
        with running_service(
            folder / "data",
            TAQUILLA_API_PROCESSES=str(API_PROCESSES),
            TAQUILLA_LOG_LEVEL="error",
            **environment,
        ) as service:
            return asyncio.run(_rehearse(service, orders, seed))


def describe(found: Rehearsal) -> list[str]:
    """What a person wants to know of it, a line each."""
    stories = found.stories
    unknown = [each for each in stories if any(one.is_unknown for one in each.of("place"))]
    resolved = [each for each in unknown if each.acknowledged]
    replayed = [each for each in resolved if "idempotency-replayed" in each.acknowledged[0].headers]
    answers = Counter(
        f"{one.answer.status} {one.answer.code}" if one.answer else "connection lost"
        for each in stories
        for one in each.attempts
    )
    refused = Counter(each.refusal.code for each in stories if each.refusal)
    nothing = [e for e in stories if not e.acknowledged and not e.refusal and not e.is_unresolved]
    intents = Counter(each.wish.intent.value for each in stories)
    recorded = [each for each in found.aftermath.ledger.orders if each.event_id in EVENTS]
    return [
        f"wishes {len(stories)}, with those for what came back: {dict(intents)}",
        f"acknowledged {sum(bool(each.acknowledged) for each in stories)}, refused {dict(refused)}",
        (
            f"unknown for a time {len(unknown)}: {len(resolved)} resolved by the same key "
            f"({len(replayed)} had been placed, {len(resolved) - len(replayed)} were placed then), "
            f"{sum(each.is_unresolved for each in stories)} given up; "
            f"{len(nothing)} gave up where nothing had happened"
        ),
        f"answers {dict(answers.most_common())}",
        *(
            f"killed {each.kind} (process {each.process_id}) after {each.after_orders} wishes, "
            f"{each.at_seconds:.1f} s; away {each.away_seconds:.2f} s"
            for each in found.kills
        ),
        (
            f"orders in the ledger {len(recorded)}, "
            f"units that came back and were sold again {found.sold_again}"
        ),
    ]


async def _rehearse(service: Service, orders: int, seed: int) -> Rehearsal:
    chance = random.Random(seed)
    wishes = make_wishes(chance, EVENTS, orders, LIMIT_PER_ORDER)
    started = time.monotonic()
    crowd = Crowd(service.base_url, chance)
    async with service.client() as client:
        for event_id in EVENTS:
            # Enough for all who may have any; what is left in the end has come back.
            units = sum(
                each.quantity
                for each in wishes
                if each.event_id == event_id and each.intent is not Intent.GREED
            )
            await service.open_event(
                client,
                event_id,
                pools=[{"id": "floor", "capacity": units}],
                hold_seconds=HOLD_SECONDS,
            )
        _, kills = await asyncio.gather(
            crowd.run(wishes, AT_ONCE),
            kill_in_turn(crowd, service.process.pid, service.ledger, _kinds(orders), orders),
        )
        await until_quiet(service, client, EVENTS)
        sold_again = await _sell_the_rest(service, client, crowd)
        aftermath = await settle(service, client, EVENTS, crowd.stories)
    seconds = time.monotonic() - started
    return Rehearsal(seed, crowd.stories, kills, aftermath, sold_again, seconds)


def _kinds(orders: int) -> Sequence[str]:
    return KINDS * max(1, min(TURNS_MAX, orders // ORDERS_A_TURN_MIN))


async def _sell_the_rest(service: Service, client: httpx.AsyncClient, crowd: Crowd) -> int:
    """Every unit that is left, in orders of ten, and one more than there is."""
    wishes: list[Wish] = []
    units = 0
    for event_id, stock in (await read_all_stock(service, client, EVENTS)).items():
        left = stock.available
        units += left
        while left:
            quantity = min(left, LIMIT_PER_ORDER)
            wishes.append(Wish(LATE_BUYERS + len(wishes), event_id, quantity, Intent.BUY))
            left -= quantity
    await crowd.run(wishes, AT_ONCE)
    too_late = [
        Wish(2 * LATE_BUYERS + number, event_id, 1, Intent.BUY)
        for number, event_id in enumerate(EVENTS)
    ]
    await crowd.run(too_late, 1)
    return units
