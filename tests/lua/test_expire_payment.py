"""expire_payment: no money will come; the units of a paying order can be sold again."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderExpired
from app.domain.orders import OrderStatus
from app.domain.outcomes import HoldPinned, OrderIs, UnknownOrder
from app.inventory import Inventory
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    OTHER_PAYMENT,
    PAID_WISH,
    PARTITION,
    PAYMENT,
    begun,
    everything,
    last_fact,
    opened_at_a_price,
    order_fact,
    paid,
    pinned,
    placed,
    stock_of,
)

ADDRESS = PAID_WISH.address


async def test_units_limit_and_live_hold_come_back(
    inventory: Inventory, clock: SettableClock, connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    wish = a_wish([("adult", 2)], address="office", key="key-1111111111111111")
    paying = await begun(inventory, wish)
    clock.advance(HOLD_MS)

    outcome = await inventory.payments.expire_payment(wish.address, PAYMENT)

    expired = replace(paying, status=OrderStatus.EXPIRED, payment_id=None, version=3)
    assert outcome == OrderIs(expired)
    fact = order_fact(OrderExpired, 4, clock.now_ms(), expired, OrderStatus.PAYING)
    assert await last_fact(inventory) == fact
    assert await stock_of(inventory) == PoolStock(capacity=100, available=100, held=0, sold=0)
    assert await inventory.events.read_customers(CONCERT) == {}
    assert await connection.call("HGETALL", keys_of_event(CONCERT, PARTITIONS).holders) == []
    assert await inventory.payments.read_paying(PARTITION) == {}


async def test_it_expires_once(inventory: Inventory, bytes_connection: RedisConnection) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory)
    first = await inventory.payments.expire_payment(ADDRESS, PAYMENT)
    before = await everything(bytes_connection)

    assert await inventory.payments.expire_payment(ADDRESS, PAYMENT) == first
    assert await everything(bytes_connection) == before


async def test_a_pinned_hold_stays(inventory: Inventory, bytes_connection: RedisConnection) -> None:
    await opened_at_a_price(inventory)
    order = await pinned(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.expire_payment(ADDRESS, PAYMENT) == HoldPinned(order)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("state", ["held", "paying by another", "confirmed"])
async def test_only_what_this_payment_holds_expires(
    state: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    order = await placed(inventory, PAID_WISH)
    if state == "paying by another":
        order = await begun(inventory, payment_id=OTHER_PAYMENT)
    elif state == "confirmed":
        order = await paid(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.expire_payment(ADDRESS, PAYMENT) == OrderIs(order)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await inventory.payments.expire_payment(ADDRESS, PAYMENT) == UnknownOrder()
