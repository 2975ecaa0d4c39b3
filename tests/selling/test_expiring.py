"""Overdue holds end when a buyer needs their units, once for all who wait."""

import asyncio

from app.domain.ids import EventId, PoolId, partition_of
from app.domain.outcomes import HoldsOverdue, OrderPlaced, SoldOut
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.jobs import Progress
from app.selling import Expiring
from app.workers import Sweeper
from tests.builders import PARTITIONS, a_wish, an_event

EVENT = EventId("concert")
PARTITION = partition_of(EVENT, PARTITIONS)


async def _hold_all(inventory: Inventory, units: int) -> None:
    await inventory.events.open_event(an_event(pools={"floor": units}, hold_seconds=60))
    for number in range(units):
        placed = await inventory.orders.place_order(
            a_wish(email=f"{number}@example.com", key=f"key-{number:016d}", confirm=False)
        )
        assert isinstance(placed, OrderPlaced)


async def test_the_sweeper_gives_every_overdue_unit_back_in_batches(
    inventory: Inventory, clock: SettableClock
) -> None:
    await _hold_all(inventory, 250)
    sweeper = Sweeper(inventory, Expiring(inventory.orders))
    assert await sweeper.step() is Progress.IDLE
    clock.advance(60_000)
    steps = 0
    while await sweeper.step() is Progress.MORE:
        steps += 1
    assert steps == 3
    found = await inventory.events.read_event(EVENT)
    assert found is not None
    assert found[0].stock[PoolId("floor")].available == 250


async def test_many_who_wait_for_the_same_overdue_holds_share_one_batch(
    inventory: Inventory, clock: SettableClock
) -> None:
    await _hold_all(inventory, 5)
    late = a_wish(email="late@example.com", key="key-of-the-late-one")
    assert await inventory.orders.place_order(late) == SoldOut(
        ticket_type=an_event().ticket_types[0].id, may_return=True
    )
    clock.advance(60_000)
    assert await inventory.orders.place_order(late) == HoldsOverdue()
    expiring = Expiring(inventory.orders)
    ended = await asyncio.gather(*(expiring.expire_batch(PARTITION, EVENT) for _ in range(20)))
    assert ended == [5] * 20
    assert await expiring.expire_batch(PARTITION, EVENT) == 0
    assert isinstance(await inventory.orders.place_order(late), OrderPlaced)


async def test_one_who_hangs_up_does_not_end_the_batch_of_the_others(
    inventory: Inventory, clock: SettableClock
) -> None:
    await _hold_all(inventory, 5)
    clock.advance(60_000)
    expiring = Expiring(inventory.orders)
    impatient = asyncio.create_task(expiring.expire_batch(PARTITION, EVENT))
    patient = asyncio.create_task(expiring.expire_batch(PARTITION, EVENT))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 5
