"""A hold that is being paid counts as a live one, until it ends, and is given back once."""

from collections.abc import Awaitable, Callable

import pytest

from app.domain.orders import Settlement
from app.domain.outcomes import LimitExceeded, OrderPlaced
from app.inventory import HoldCaps, Inventory, PlaceOrder
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish
from tests.lua.acts import CONCERT, HOLD_MS, PARTITION, PAYMENT, begun, opened_at_a_price

HOLDERS = keys_of_event(CONCERT, PARTITIONS).holders
CAPS = HoldCaps(per_customer=1, per_address=1)


def a_hold(number: int) -> PlaceOrder:
    return a_wish(key=f"key-{number:016d}", address="office", caps=CAPS)


FIRST, SECOND = a_hold(1), a_hold(2)
ADDRESS = FIRST.address


async def _released(inventory: Inventory, _: SettableClock) -> None:
    await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    await inventory.orders.release_order(ADDRESS)


async def _swept(inventory: Inventory, clock: SettableClock) -> None:
    await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    clock.advance(HOLD_MS)
    await inventory.orders.expire_orders(PARTITION, CONCERT, [ADDRESS.order_id])


async def _expired(inventory: Inventory, _: SettableClock) -> None:
    await inventory.payments.expire_payment(ADDRESS, PAYMENT)


async def _confirmed(inventory: Inventory, _: SettableClock) -> None:
    await inventory.payments.confirm_payment(ADDRESS, PAYMENT, Settlement.PAID)


async def _settled_directly(inventory: Inventory, _: SettableClock) -> None:
    await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    await inventory.payments.confirm_payment(ADDRESS, PAYMENT, Settlement.HACK)


ENDS = (_released, _swept, _expired, _confirmed, _settled_directly)


@pytest.mark.parametrize("end", ENDS)
async def test_it_makes_room_for_one_more_and_not_for_two(
    end: Callable[[Inventory, SettableClock], Awaitable[None]],
    inventory: Inventory,
    clock: SettableClock,
) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory, FIRST)
    assert isinstance(await inventory.orders.place_order(SECOND), LimitExceeded)

    for _ in range(2):
        await end(inventory, clock)

    assert isinstance(await inventory.orders.place_order(SECOND), OrderPlaced)
    await inventory.payments.begin_payment(SECOND.address, PAYMENT, look_up_at_ms=1)
    assert isinstance(await inventory.orders.place_order(a_hold(3)), LimitExceeded)


async def test_a_payment_that_fails_leaves_it_counted(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory, FIRST)
    counted = await connection.call("HGETALL", HOLDERS)

    await inventory.payments.fail_payment(ADDRESS, PAYMENT)

    assert await connection.call("HGETALL", HOLDERS) == counted
    assert isinstance(await inventory.orders.place_order(SECOND), LimitExceeded)


async def test_what_is_reacquired_is_no_hold(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory, FIRST)
    await inventory.payments.expire_payment(ADDRESS, PAYMENT)

    await inventory.payments.reacquire_order(ADDRESS, PAYMENT, Settlement.PAID)

    assert await connection.call("HGETALL", HOLDERS) == []
    assert isinstance(await inventory.orders.place_order(SECOND), OrderPlaced)
