"""release_order: the buyer lets a hold go, and what it held comes back at once."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderReleased
from app.domain.orders import OrderStatus
from app.domain.outcomes import OrderIs, OrderTransitionRefused, PaymentOpen, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_wish
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    PAID_WISH,
    PARTITION,
    begun,
    everything,
    last_fact,
    opened,
    opened_at_a_price,
    order_fact,
    placed,
    stock_of,
)

WISH = a_wish([("adult", 2)], confirm=False)


async def test_a_hold_gives_its_units_and_its_share_of_the_limit_back(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(1_000)

    outcome = await inventory.orders.release_order(WISH.address)

    released = replace(held, status=OrderStatus.RELEASED, version=2)
    assert outcome == OrderIs(released)
    assert await stock_of(inventory) == PoolStock(capacity=100, available=100, held=0, sold=0)
    assert await inventory.events.read_customers(CONCERT) == {}
    fact = order_fact(OrderReleased, 3, clock.now_ms(), released, OrderStatus.HELD)
    assert await last_fact(inventory) == fact


async def test_a_released_order_stays_as_it_is(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await placed(inventory, WISH)
    first = await inventory.orders.release_order(WISH.address)
    clock.advance(HOLD_MS)
    before = await everything(bytes_connection)

    assert await inventory.orders.release_order(WISH.address) == first
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("is_swept", [False, True])
async def test_a_hold_whose_deadline_has_come_is_left_to_expire(
    is_swept: bool,
    inventory: Inventory,
    clock: SettableClock,
    bytes_connection: RedisConnection,
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(HOLD_MS)
    if is_swept:
        await inventory.orders.expire_orders(PARTITION, CONCERT, [WISH.address.order_id])
    before = await everything(bytes_connection)

    outcome = await inventory.orders.release_order(WISH.address)

    version = 2 if is_swept else 1
    assert outcome == OrderIs(replace(held, status=OrderStatus.EXPIRED, version=version))
    assert await everything(bytes_connection) == before


async def test_an_order_that_is_being_paid_is_not_let_go(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory)
    clock.advance(HOLD_MS)
    before = await everything(bytes_connection)

    assert await inventory.orders.release_order(PAID_WISH.address) == PaymentOpen()
    assert await everything(bytes_connection) == before


async def test_a_confirmed_order_is_not_released(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    confirmed = await placed(inventory, a_wish())
    before = await everything(bytes_connection)

    outcome = await inventory.orders.release_order(a_wish().address)

    assert outcome == OrderTransitionRefused(confirmed)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened(inventory)

    assert await inventory.orders.release_order(WISH.address) == UnknownOrder()
