"""read_order: an order as its buyer may see it. Reading writes nothing."""

from dataclasses import replace

from app.domain.orders import OrderStatus
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_wish
from tests.lua.acts import HOLD_MS, everything, opened, placed

WISH = a_wish([("adult", 2)], confirm=False)


async def test_a_hold_is_shown_as_expired_from_its_deadline_on_though_nobody_swept_it(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    before = await everything(bytes_connection)

    clock.advance(HOLD_MS - 1)
    assert await inventory.orders.read_order(WISH.address) == held
    clock.advance(1)
    expired = replace(held, status=OrderStatus.EXPIRED)
    assert await inventory.orders.read_order(WISH.address) == expired
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_nothing(inventory: Inventory) -> None:
    assert await inventory.orders.read_order(WISH.address) is None
