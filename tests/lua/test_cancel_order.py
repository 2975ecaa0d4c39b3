"""cancel_order: the organiser takes a confirmed order back; its units can be sold again."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderCancelled
from app.domain.orders import OrderStatus
from app.domain.outcomes import OrderIs, OrderTransitionRefused, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_wish, an_event
from tests.lua.acts import (
    CONCERT,
    everything,
    last_fact,
    opened,
    order_fact,
    placed,
    stock_of,
)

WISH = a_wish([("adult", 2)])


async def test_a_confirmed_order_gives_its_units_and_its_share_of_the_limit_back(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    confirmed = await placed(inventory, WISH)
    clock.advance(1_000)

    outcome = await inventory.orders.cancel_order(WISH.address)

    cancelled = replace(confirmed, status=OrderStatus.CANCELLED, version=2)
    assert outcome == OrderIs(cancelled)
    assert await stock_of(inventory) == PoolStock(capacity=100, available=100, held=0, sold=0)
    assert await inventory.events.read_customers(CONCERT) == {}
    fact = order_fact(OrderCancelled, 3, clock.now_ms(), cancelled, OrderStatus.CONFIRMED)
    assert await last_fact(inventory) == fact


async def test_a_cancelled_order_gives_back_only_once(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await placed(inventory, WISH)
    first = await inventory.orders.cancel_order(WISH.address)
    before = await everything(bytes_connection)

    assert await inventory.orders.cancel_order(WISH.address) == first
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("is_released", [False, True])
async def test_only_a_confirmed_order_can_be_cancelled(
    is_released: bool, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    wish = a_wish(confirm=False)
    order = await placed(inventory, wish)
    if is_released:
        await inventory.orders.release_order(wish.address)
        order = replace(order, status=OrderStatus.RELEASED, version=2)
    before = await everything(bytes_connection)

    assert await inventory.orders.cancel_order(wish.address) == OrderTransitionRefused(order)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened(inventory)

    assert await inventory.orders.cancel_order(WISH.address) == UnknownOrder()


async def test_a_returned_unit_is_bought_again_ten_times_over(inventory: Inventory) -> None:
    await opened(inventory, an_event(pools={"floor": 2}))

    for number in range(10):
        wish = a_wish([("adult", 2)], key=f"key-{number:016d}")
        await placed(inventory, wish)
        await inventory.orders.cancel_order(wish.address)

    assert await stock_of(inventory) == PoolStock(capacity=2, available=2, held=0, sold=0)


async def test_an_order_of_a_closed_event_can_be_cancelled(inventory: Inventory) -> None:
    await opened(inventory)
    await placed(inventory, WISH)
    await inventory.events.close_event(CONCERT)

    assert isinstance(await inventory.orders.cancel_order(WISH.address), OrderIs)
