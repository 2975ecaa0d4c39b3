"""change_capacity: a pool grows and shrinks, never below what is held and sold."""

from dataclasses import replace

import pytest

from app.domain.events import Pool, PoolStock, SellingStatus
from app.domain.facts import PoolCapacityChanged
from app.domain.ids import PoolId
from app.domain.outcomes import (
    CapacityInUse,
    EventIs,
    EventTransitionRefused,
    SoldOut,
    UnknownEvent,
    UnknownPool,
)
from app.inventory import Inventory, ScriptLibrary
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event
from tests.lua.acts import CONCERT, event_now, everything, last_fact, opened, placed, stem

FLOOR = PoolId("floor")


async def _sell_three_and_hold_two(inventory: Inventory) -> None:
    await placed(inventory, a_wish([("adult", 3)]))
    await placed(inventory, a_wish([("adult", 2)], confirm=False, key="key-1111111111111111"))


@pytest.mark.parametrize("capacity", [5, 6, 101, 10_000_000])
async def test_a_pool_holds_any_number_that_is_not_less_than_what_is_in_use(
    capacity: int, inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    await _sell_three_and_hold_two(inventory)
    before = await event_now(inventory)
    clock.advance(1_000)

    outcome = await inventory.events.change_capacity(CONCERT, FLOOR, capacity)

    configuration = replace(before.configuration, pools=(Pool(FLOOR, capacity),))
    stock = {FLOOR: PoolStock(capacity, available=capacity - 5, held=2, sold=3)}
    after = replace(before, configuration=configuration, version=2, stock=stock)
    assert outcome == EventIs(after)
    fact = PoolCapacityChanged(**stem(4, clock.now_ms(), 2), pool=FLOOR, capacity=capacity)
    assert await last_fact(inventory) == fact


async def test_what_is_held_and_sold_must_fit(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await _sell_three_and_hold_two(inventory)
    before = await everything(bytes_connection)

    assert await inventory.events.change_capacity(CONCERT, FLOOR, 4) == CapacityInUse(5)
    assert await everything(bytes_connection) == before


async def test_a_pool_of_nothing_sells_nothing_until_it_grows(inventory: Inventory) -> None:
    await opened(inventory)
    await inventory.events.change_capacity(CONCERT, FLOOR, 0)
    assert isinstance(await inventory.orders.place_order(a_wish()), SoldOut)

    await inventory.events.change_capacity(CONCERT, FLOOR, 1)

    await placed(inventory, a_wish())


@pytest.mark.parametrize("is_closed", [False, True])
async def test_the_capacity_that_a_pool_has_already_is_no_change(
    is_closed: bool, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    if is_closed:
        await inventory.events.close_event(CONCERT)
    event, before = await event_now(inventory), await everything(bytes_connection)

    assert await inventory.events.change_capacity(CONCERT, FLOOR, 100) == EventIs(event)
    assert await everything(bytes_connection) == before


async def test_a_closed_event_keeps_its_capacity(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await inventory.events.close_event(CONCERT)
    before = await everything(bytes_connection)

    refused = EventTransitionRefused(SellingStatus.CLOSED)
    assert await inventory.events.change_capacity(CONCERT, FLOOR, 101) == refused
    assert await everything(bytes_connection) == before


async def test_a_pool_or_an_event_that_is_not_there_is_unknown(inventory: Inventory) -> None:
    roof = PoolId("roof")
    assert await inventory.events.change_capacity(CONCERT, roof, 1) == UnknownEvent()
    await opened(inventory, an_event())
    assert await inventory.events.change_capacity(CONCERT, roof, 1) == UnknownPool(roof)


@pytest.mark.parametrize(
    "capacity",
    ["-1", "+3", "1.0", "1e3", "0x10", "nan", "", " 5", "10000001", "9007199254740993", "9" * 400],
)
async def test_nonsense_for_a_capacity_is_malformed_and_changes_nothing(
    capacity: str,
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await opened(inventory)
    keys, before = keys_of_event(CONCERT, PARTITIONS), await everything(bytes_connection)

    reply = await scripts.write(
        "change_capacity",
        [keys.partition.head, keys.partition.outbox, keys.event],
        [CONCERT, "floor", capacity],
    )

    assert reply.word == "MALFORMED"
    assert await everything(bytes_connection) == before
