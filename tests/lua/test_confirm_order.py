"""confirm_order: a free hold is finished, once, before its deadline."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderConfirmed
from app.domain.orders import OrderStatus, Settlement
from app.domain.outcomes import HoldExpired, OrderIs, OrderTransitionRefused, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_ticket_type, a_wish, an_event
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


async def test_a_held_free_order_becomes_confirmed(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(HOLD_MS - 1)

    outcome = await inventory.orders.confirm_order(WISH.address)

    now_ms = clock.now_ms()
    confirmed = replace(
        held,
        status=OrderStatus.CONFIRMED,
        expires_at_ms=None,
        confirmed_at_ms=now_ms,
        version=2,
        settlement=Settlement.FREE,
    )
    assert outcome == OrderIs(confirmed)
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=0, sold=2)
    fact = order_fact(OrderConfirmed, 3, now_ms, confirmed, OrderStatus.HELD)
    assert await last_fact(inventory) == fact


async def test_a_confirmed_order_stays_as_it_is(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await placed(inventory, WISH)
    first = await inventory.orders.confirm_order(WISH.address)
    before = await everything(bytes_connection)
    clock.advance(HOLD_MS)

    assert await inventory.orders.confirm_order(WISH.address) == first
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("is_swept", [False, True])
async def test_a_hold_whose_deadline_has_come_is_expired(
    is_swept: bool,
    inventory: Inventory,
    clock: SettableClock,
    bytes_connection: RedisConnection,
) -> None:
    await opened(inventory)
    await placed(inventory, WISH)
    clock.advance(HOLD_MS)
    if is_swept:
        await inventory.orders.expire_orders(PARTITION, CONCERT, [WISH.address.order_id])
    before = await everything(bytes_connection)

    assert await inventory.orders.confirm_order(WISH.address) == HoldExpired()
    assert await everything(bytes_connection) == before


async def test_an_order_that_costs_something_is_not_confirmed_for_nothing(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory, an_event(ticket_types=(a_ticket_type(price=1),)))
    held = await placed(inventory, WISH)
    before = await everything(bytes_connection)

    outcome = await inventory.orders.confirm_order(WISH.address)

    assert outcome == OrderTransitionRefused(held)
    assert await everything(bytes_connection) == before


async def test_state_edge_guard_brings_no_released_order_back(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    await inventory.orders.release_order(WISH.address)
    before = await everything(bytes_connection)

    outcome = await inventory.orders.confirm_order(WISH.address)

    released = replace(held, status=OrderStatus.RELEASED, version=2)
    assert outcome == OrderTransitionRefused(released)
    assert await everything(bytes_connection) == before


async def test_an_order_that_is_being_paid_waits_for_its_money(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    paying = await begun(inventory)
    before = await everything(bytes_connection)

    outcome = await inventory.orders.confirm_order(PAID_WISH.address)

    assert outcome == OrderTransitionRefused(paying)
    assert await everything(bytes_connection) == before


async def test_a_cancelled_order_stays_cancelled(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    wish = a_wish()
    await placed(inventory, wish)
    cancelled = await inventory.orders.cancel_order(wish.address)
    assert isinstance(cancelled, OrderIs)
    before = await everything(bytes_connection)

    outcome = await inventory.orders.confirm_order(wish.address)

    assert outcome == OrderTransitionRefused(cancelled.order)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened(inventory)

    assert await inventory.orders.confirm_order(WISH.address) == UnknownOrder()


@pytest.mark.parametrize("status", ["paused", "closed"])
async def test_a_live_hold_of_an_event_that_sells_no_more_may_still_be_confirmed(
    status: str, inventory: Inventory
) -> None:
    await opened(inventory)
    await placed(inventory, WISH)
    await (
        inventory.events.pause_event(CONCERT)
        if status == "paused"
        else inventory.events.close_event(CONCERT)
    )

    outcome = await inventory.orders.confirm_order(WISH.address)

    assert isinstance(outcome, OrderIs)
    assert outcome.order.status == "confirmed"
