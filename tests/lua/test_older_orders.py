"""Orders that were stored before there were payments lack three fields, and are served as ever."""

import pytest

from app.domain.orders import Order, Settlement
from app.domain.outcomes import OrderIs, OrderPlaced
from app.inventory import Inventory, PlaceOrder
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_wish
from tests.lua.acts import PAID_WISH, begun, opened, opened_at_a_price, order_key, placed

FREE = a_wish([("adult", 2)])
HELD = a_wish([("adult", 2)], confirm=False, key="key-1111111111111111")


async def aged(inventory: Inventory, connection: RedisConnection, wish: PlaceOrder) -> Order:
    order = await placed(inventory, wish)
    fields = ("payment_id", "settlement", "refunded")
    assert await connection.call("HDEL", order_key(order.id), *fields) == len(fields)
    return order


@pytest.mark.parametrize("wish", [FREE, HELD])
async def test_it_is_read_and_replayed_as_a_new_one(
    wish: PlaceOrder, inventory: Inventory, connection: RedisConnection
) -> None:
    await opened(inventory)
    order = await aged(inventory, connection, wish)

    assert await inventory.orders.read_order(wish.address) == order
    assert await inventory.orders.place_order(wish) == OrderPlaced(order, replayed=True)


async def test_it_is_cancelled_and_stays_a_free_one(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened(inventory)
    await aged(inventory, connection, FREE)

    outcome = await inventory.orders.cancel_order(FREE.address)

    assert isinstance(outcome, OrderIs)
    assert outcome.order.settlement is Settlement.FREE


async def test_a_hold_is_confirmed(inventory: Inventory, connection: RedisConnection) -> None:
    await opened(inventory)
    await aged(inventory, connection, HELD)

    outcome = await inventory.orders.confirm_order(HELD.address)

    assert isinstance(outcome, OrderIs)
    assert outcome.order.settlement is Settlement.FREE


async def test_a_hold_is_paid(inventory: Inventory, connection: RedisConnection) -> None:
    await opened_at_a_price(inventory)
    await aged(inventory, connection, PAID_WISH)

    assert (await begun(inventory)).settlement is None
