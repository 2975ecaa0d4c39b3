"""kill -9 exactly there: at each step of the way from a hold to money and back, the process that
does the step dies before the next one. Within a minute the provider's books equal the orders.

Another API process and, except where it is the one to die, a worker are running; half of the buyers
and operators ask again with the same key at once, the others never come back.
"""

import asyncio
import random
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.rehearsals.paying.audit import look, settle, verify
from tests.rehearsals.paying.checkouts import Checkout, hold, insist, pay, read_order
from tests.rehearsals.paying.stage import Running, Stage, staged
from tests.servers.postgresql import PostgresqlServer, fresh_database_url, start_postgresql

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WELL_SECONDS_MAX = 60.0
DEATH_SECONDS_MAX = 45.0
AMPLE, SHORT, LAST = "kill-ample", "kill-short", "kill-last"
"""Holds of ten minutes; holds of three seconds; the same, and one unit."""

UNTOLD = {"webhooks": "drop"}
"""No notice helps: what the dead process knew has to be found out."""

PAYING = (
    *("payment_committed", "order_waits", "initiate_executed", "authorisation_recorded"),
    *("hold_pinned", "capture_executed", "order_confirmed", "capture_recorded"),
)
REFUNDING = ("refund_begun", "refund_executed", "refund_recorded")
OF_THE_WORKER = (
    *("notice_read", "cancel_executed", "order_expired", "outbox_read", "facts_published"),
)
LATE = ("order_reacquired", "refund_executed")


@dataclass
class Death:
    """Where it happened, how its order is to end, and when all was well with it."""

    point: str
    checkout: Checkout
    end: str
    died_at: float
    well_at: float | None = None
    is_asked_again: bool = False
    refunded_minor: int = 0


@dataclass
class Scene:
    """`checkouts`: all that there were."""

    stage: Stage
    client: httpx.AsyncClient
    chance: random.Random
    checkouts: list[Checkout] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)

    async def hold(self, event_id: str) -> Checkout:
        number = len(self.checkouts) + 1
        children = self.chance.randint(0, 2) if event_id == AMPLE else 0
        checkout = await hold(self.client, event_id, number, children=children)
        self.checkouts.append(checkout)
        return checkout

    def died(self, point: str, checkout: Checkout, end: str) -> Death:
        self.deaths.append(Death(point, checkout, end, time.monotonic()))
        return self.deaths[-1]

    def tosses(self) -> bool:
        return self.chance.random() < 0.5

    def stop_workers(self) -> None:
        for each in list(self.stage.workers):
            self.stage.end(each, by=signal.SIGTERM)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    server = start_postgresql()
    yield server
    server.stop()


async def test_wherever_a_process_dies_the_books_equal_the_orders_within_a_minute(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        await _play(stage, PAYING, REFUNDING, OF_THE_WORKER, LATE)


@pytest.mark.soak
async def test_the_same_with_a_ledger_on_postgresql(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    async with staged(tmp_path, database_url=fresh_database_url(postgresql)) as stage:
        paying = ("payment_committed", "initiate_executed", "capture_executed", "order_confirmed")
        await _play(stage, paying, ("refund_executed",), ("notice_read",), ("refund_executed",))


async def _play(
    stage: Stage,
    paying: Sequence[str],
    refunding: Sequence[str],
    of_the_worker: Sequence[str],
    late: Sequence[str],
) -> None:
    await stage.start_api()
    await stage.start_worker()
    async with stage.client() as client:
        for event_id, capacity, seconds in ((AMPLE, 500, 600), (SHORT, 50, 3), (LAST, 1, 3)):
            await stage.open_event(client, event_id, capacity, seconds)
        scene = Scene(stage, client, random.Random(stage.seed))
        watching = asyncio.create_task(_watch(scene))
        for point in scene.chance.sample(paying, len(paying)):
            await _die_paying(scene, point)
        for point in refunding:
            await _die_refunding(scene, point)
        await _die_with_a_notice(scene)
        async with stage.courier():
            for point in of_the_worker:
                await _die_in_the_worker(scene, point)
            for point in late:
                await _die_late(scene, point)
            await _until_well(scene)
        faults = await settle(stage, client, scene.checkouts, seconds=5)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        faults += await verify(stage, [AMPLE, SHORT, LAST])
        _report(scene)
        assert faults == []
        assert await _ends(scene) == []
        await _pay_again(scene)
        assert await settle(stage, client, scene.checkouts, seconds=5) == []


def _report(scene: Scene) -> None:
    for each in scene.deaths:
        took = "never" if each.well_at is None else f"{each.well_at - each.died_at:.1f} s"
        again = "asked again" if each.is_asked_again else ""
        print(f"{each.point:24} well after {took:>7}  {again}")


async def _watch(scene: Scene) -> None:
    """Since when each order is well after its death."""
    while True:
        await asyncio.sleep(0.5)
        deaths = list(scene.deaths)
        looked_at = time.monotonic()
        findings = await look(scene.stage, scene.client, list(scene.checkouts))
        for death in deaths:
            is_well = death.checkout.order_id not in findings.by_order
            if not is_well:
                death.well_at = None
            elif death.well_at is None:
                death.well_at = looked_at


async def _until_well(scene: Scene) -> None:
    """Every order, or until the last of them has had its minute."""
    deadline = time.monotonic() + WELL_SECONDS_MAX
    while True:
        is_well = all(each.well_at is not None for each in scene.deaths)
        if is_well or time.monotonic() > deadline:
            return
        await asyncio.sleep(0.2)


async def _ends(scene: Scene) -> list[str]:
    """That what was to come about did, and in time."""
    faults = []
    for death in scene.deaths:
        order = await read_order(scene.client, death.checkout)
        if order["status"] != death.end:
            faults.append(f"{death.point}: the order is {order['status']}, not {death.end}")
        if order["refunded"]["amount"] != death.refunded_minor:
            faults.append(f"{death.point}: {order['refunded']} went back")
        if death.well_at is None or death.well_at - death.died_at > WELL_SECONDS_MAX:
            faults.append(f"{death.point}: was not well within {WELL_SECONDS_MAX:g} s")
    return faults


async def _pay_again(scene: Scene) -> None:
    """Of an order that nothing came of: it can be paid, once, with another key."""
    for death in scene.deaths:
        if death.end == "held":
            status, body = await pay(scene.client, death.checkout, try_number=2)
            assert (status, body["status"]) == (201, "succeeded"), body


async def _dies(scene: Scene, running: Running) -> None:
    code = await running.ended(DEATH_SECONDS_MAX)
    assert code == -signal.SIGKILL, running.log.read_text()
    scene.stage.end(running)


async def _die_paying(scene: Scene, point: str) -> None:
    mortal = await scene.stage.start_api(point)
    checkout = await scene.hold(AMPLE)
    async with scene.stage.client(mortal) as client:
        with pytest.raises(httpx.TransportError):
            await pay(client, checkout, UNTOLD, seconds=0)
    await _dies(scene, mortal)
    # The provider was never asked: whoever asks again is told so, and pays with a new key.
    end = "held" if point == "payment_committed" else "confirmed"
    death = scene.died(point, checkout, end)
    if scene.tosses():
        death.is_asked_again = True
        status, body = await pay(scene.client, checkout, UNTOLD)
        assert status == 201, body


async def _die_refunding(scene: Scene, point: str) -> None:
    checkout = await scene.hold(AMPLE)
    status, body = await pay(scene.client, checkout, UNTOLD)
    assert (status, body["status"]) == (201, "succeeded"), body
    is_whole = point == "refund_recorded" or scene.tosses()
    amount_minor = checkout.total_minor if is_whole else 700
    path = f"/v1/admin/orders/{checkout.order_id}/refunds"
    headers = {**scene.stage.admin, "Idempotency-Key": f"refund-at-{point}-0000"}
    asked = {} if is_whole else {"amount": amount_minor}
    mortal = await scene.stage.start_api(point)
    async with scene.stage.client(mortal) as client:
        with pytest.raises(httpx.TransportError):
            await insist(client, path, headers, asked, seconds=0)
    await _dies(scene, mortal)
    death = scene.died(point, checkout, "cancelled" if is_whole else "confirmed")
    death.refunded_minor = amount_minor
    if scene.tosses():
        death.is_asked_again = True
        answer = await insist(scene.client, path, headers, asked)
        assert answer.status_code == 201, answer.text


async def _die_with_a_notice(scene: Scene) -> None:
    """The provider brings it again to whoever lives."""
    checkout = await scene.hold(AMPLE)
    await pay(scene.client, checkout, {"script": "action"})
    mortal = await scene.stage.start_api("notice_recorded")
    scene.stage.proceed(checkout.reference, "approve")
    async with scene.stage.courier(to=mortal):
        await _dies(scene, mortal)
    scene.died("notice_recorded", checkout, "confirmed")


async def _die_in_the_worker(scene: Scene, point: str) -> None:
    is_ending = point in {"cancel_executed", "order_expired"}
    checkout = await scene.hold(SHORT if is_ending else AMPLE)
    if is_ending:
        await pay(scene.client, checkout, {"script": "pending"})
        scene.stop_workers()
    elif point == "notice_read":
        await pay(scene.client, checkout, {"script": "action"})
        scene.stop_workers()
        scene.stage.proceed(checkout.reference, "approve")
    else:
        scene.stop_workers()
        await pay(scene.client, checkout)
    await _dies(scene, await scene.stage.start_worker(point))
    scene.died(point, checkout, "expired" if is_ending else "confirmed")
    await scene.stage.start_worker()


async def _die_late(scene: Scene, point: str) -> None:
    """The money comes after the units were given back; for the refund, to somebody else."""
    is_refund = point == "refund_executed"
    checkout = await scene.hold(LAST if is_refund else SHORT)
    await pay(scene.client, checkout, {"script": "pending"})
    await _until_ended(scene, checkout)
    if is_refund:
        faster = await scene.hold(LAST)
        status, body = await pay(scene.client, faster)
        assert (status, body["status"]) == (201, "succeeded"), body
    scene.stop_workers()
    scene.stage.proceed(checkout.reference, "approve")
    await _dies(scene, await scene.stage.start_worker(point))
    scene.died(f"late {point}", checkout, "expired" if is_refund else "confirmed")
    await scene.stage.start_worker()


async def _until_ended(scene: Scene, checkout: Checkout) -> None:
    """Its order expired, its payment closed."""
    deadline = time.monotonic() + 30
    while True:
        findings = await look(scene.stage, scene.client, scene.checkouts)
        order = await read_order(scene.client, checkout)
        if order["status"] == "expired" and checkout.order_id not in findings.by_order:
            return
        assert time.monotonic() < deadline, findings
        await asyncio.sleep(0.1)
