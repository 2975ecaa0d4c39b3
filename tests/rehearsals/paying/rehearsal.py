"""Many paid orders under weather, on servers of their own, while something is broken on purpose.

Each order has to end right, and once: what the provider's books have is what the confirmed orders
cost, all late money is in tickets or went back once, `verify` agrees.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from payments.messages import RefundStatus
from tests.rehearsals.paying.audit import settle, verify
from tests.rehearsals.paying.checkouts import Checkout, hold, pay, read_order
from tests.rehearsals.paying.stage import Stage, staged
from tests.rehearsals.paying.weather import (
    AMPLE,
    SCARCE,
    SHORT,
    SHORT_SECONDS,
    Fate,
    Weather,
    Wish,
    make_wishes,
)

AT_ONCE = 16
SETTLED_SECONDS_MAX = 150.0
"""Late money that no notice told of is found a minute after its payment was closed."""
REFILL_SECONDS_MAX = 200.0
FILLERS = 1_000_000
"""From this number on: those who buy what was given back."""

Break = Callable[[Stage], Awaitable[str]]
"""Breaks something and mends it again; says what."""


@dataclass
class Rehearsal:
    """`faults` empty: every promise was kept."""

    seed: int
    wishes: list[Wish]
    broken: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    forged: int = 0
    seconds: float = 0.0


async def rehearse(
    folder: Path,
    orders: int,
    *,
    seed: int | None = None,
    breaks: Sequence[Break] = (),
    database_url: str = "",
) -> Rehearsal:
    started_at = time.monotonic()
    async with staged(folder, seed=seed, database_url=database_url) as stage:
        await asyncio.gather(stage.start_api(), stage.start_worker())
        chance = random.Random(stage.seed)
        found = Rehearsal(stage.seed, make_wishes(chance, orders))
        async with stage.client() as client, stage.courier():
            await _play(stage, client, Weather(stage, client, chance), found, breaks)
        found.seconds = time.monotonic() - started_at
        return found


def describe(found: Rehearsal) -> list[str]:
    """What a person wants to know of it, a line each."""
    fates = Counter(each.fate.value for each in found.wishes)
    notices = Counter(each.notices for each in found.wishes)
    return [
        f"buyers {len(found.wishes)}: {dict(fates.most_common())}",
        f"their notices {dict(notices.most_common())}, forged ones {found.forged}",
        *found.broken,
        (
            f"orders {dict(found.ends)}, payments returned whole {found.returned}, "
            f"holds missed {sum(each.missed for each in found.wishes)}"
        ),
    ]


async def _play(
    stage: Stage,
    client: httpx.AsyncClient,
    weather: Weather,
    found: Rehearsal,
    breaks: Sequence[Break],
) -> None:
    scarce = sum(each.fate is Fate.TOO_LATE for each in found.wishes)
    await stage.open_event(client, AMPLE, 10_000, 600)
    await stage.open_event(client, SHORT, 10_000, SHORT_SECONDS)
    await stage.open_event(client, SCARCE, max(scarce, 1), SHORT_SECONDS)
    fillers: list[Checkout] = []
    begun = Progress(len(found.wishes))
    await asyncio.gather(
        _live_all(weather, found.wishes, begun),
        _refill(weather, found.wishes, scarce, fillers),
        _break_in_turn(stage, breaks, begun, found),
    )
    found.forged = weather.forged
    checkouts = [each.checkout for each in found.wishes if each.checkout] + fillers
    found.faults = await settle(stage, client, checkouts, seconds=SETTLED_SECONDS_MAX)
    found.faults += await verify(stage, [AMPLE, SHORT, SCARCE])
    for wish in found.wishes:
        assert wish.checkout is not None
        order = await read_order(client, wish.checkout)
        found.ends[order["status"]] += 1
        if order["status"] != wish.end:
            found.faults.append(
                f"buyer {wish.number}, {wish.fate.value} ({wish.notices}): {order['id']} is "
                f"{order['status']}, not {wish.end}"
            )
    for entry in stage.books.entries():
        done = [each for each in entry.refunds if each.status is RefundStatus.SUCCEEDED]
        found.returned += bool(done)
        if len(done) > 1:
            found.faults.append(f"{entry.reference} went back {len(done)} times")


class Progress:
    """How many buyers have begun."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0
        self._moved = asyncio.Event()

    def step(self) -> None:
        self.count += 1
        self._moved.set()

    async def reached(self, count: int) -> None:
        while self.count < count:
            self._moved.clear()
            await self._moved.wait()


async def _live_all(weather: Weather, wishes: Sequence[Wish], begun: Progress) -> None:
    """At most AT_ONCE who do not only wait; who waits for the end of a hold is in nobody's way.
    The scarce event is first, so that all its units are held at once."""
    few = asyncio.Semaphore(AT_ONCE)

    async def live(wish: Wish) -> None:
        if wish.fate in {Fate.LATE, Fate.TOO_LATE}:
            begun.step()
            await weather.live(wish)
            return
        async with few:
            begun.step()
            await weather.live(wish)

    first = [each for each in wishes if each.fate is Fate.TOO_LATE]
    await asyncio.gather(*(live(each) for each in first + [e for e in wishes if e not in first]))


async def _refill(
    weather: Weather, wishes: Sequence[Wish], units: int, fillers: list[Checkout]
) -> None:
    """Buys what came back of the scarce event, until all of it is sold. Who does not get through
    lets go, and another one buys."""
    deadline = time.monotonic() + REFILL_SECONDS_MAX
    late = [each for each in wishes if each.fate is Fate.TOO_LATE]
    client = weather.client
    while True:
        assert time.monotonic() < deadline, f"{len(fillers)} bought of {units} units"
        available, sold = await _scarce_units(weather.stage, client)
        if sold >= units:
            break
        if not available or any(each.checkout is None for each in late):
            await asyncio.sleep(0.3)
            continue
        checkout = await hold(client, SCARCE, FILLERS + len(fillers))
        fillers.append(checkout)
        await pay(client, checkout)
    weather.has_refilled.set()


async def _scarce_units(stage: Stage, client: httpx.AsyncClient) -> tuple[int, int]:
    """Available and sold; none of either while nobody answers."""
    try:
        answer = await client.get(f"/v1/admin/events/{SCARCE}", headers=stage.admin)
    except httpx.TransportError:
        return 0, 0
    if answer.status_code != 200:
        return 0, 0
    (pool,) = answer.json()["pools"]
    return int(pool["available"]), int(pool["sold"])


async def _break_in_turn(
    stage: Stage, breaks: Sequence[Break], begun: Progress, found: Rehearsal
) -> None:
    for number, each in enumerate(breaks, 1):
        await begun.reached(number * begun.total // (len(breaks) + 1))
        at = begun.count
        found.broken.append(f"{await each(stage)} after {at} buyers had begun")
