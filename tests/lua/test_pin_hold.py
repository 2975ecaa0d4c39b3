"""pin_hold: authorised money keeps its units, whatever the time."""

import pytest

from app.domain.outcomes import HoldPinned, OrderGone, PaymentOpen, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.inventory.conservation import facts_of
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    OTHER_PAYMENT,
    PAID_WISH,
    PAYMENT,
    begun,
    everything,
    opened_at_a_price,
    order_key,
    paid,
    pinned,
    placed,
)

ADDRESS = PAID_WISH.address


async def test_a_pinned_hold_is_neither_expired_nor_released(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    paying = await begun(inventory)
    facts = await facts_of(inventory, CONCERT)

    assert await inventory.payments.pin_hold(ADDRESS, PAYMENT) == HoldPinned(paying)

    assert await facts_of(inventory, CONCERT) == facts
    clock.advance(10 * HOLD_MS)
    before = await everything(bytes_connection)
    assert await inventory.payments.expire_payment(ADDRESS, PAYMENT) == HoldPinned(paying)
    assert await inventory.payments.fail_payment(ADDRESS, PAYMENT) == HoldPinned(paying)
    assert await inventory.orders.release_order(ADDRESS) == PaymentOpen()
    assert await everything(bytes_connection) == before


async def test_pinned_again_it_is_as_before(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    order = await pinned(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.pin_hold(ADDRESS, PAYMENT) == HoldPinned(order)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("state", ["held", "paying by another", "confirmed"])
async def test_only_the_payment_that_is_open_pins(
    state: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    order = await placed(inventory, PAID_WISH)
    if state == "paying by another":
        order = await begun(inventory, payment_id=OTHER_PAYMENT)
    elif state == "confirmed":
        order = await paid(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.pin_hold(ADDRESS, PAYMENT) == OrderGone(order)
    assert await everything(bytes_connection) == before


async def test_the_pin_goes_when_the_order_is_confirmed(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await pinned(inventory)

    await paid(inventory)

    assert await connection.call("HGET", order_key(ADDRESS.order_id), "pinned") is None


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await inventory.payments.pin_hold(ADDRESS, PAYMENT) == UnknownOrder()
