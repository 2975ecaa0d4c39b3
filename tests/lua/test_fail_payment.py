"""fail_payment: no money came; the order is a hold again, for a while."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderPaymentFailed
from app.domain.orders import OrderStatus
from app.domain.outcomes import HoldPinned, OrderIs, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
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
RETRY_MS = 120_000


@pytest.mark.parametrize(
    ("failed_after_ms", "left_ms"),
    [
        (0, HOLD_MS),
        (HOLD_MS - RETRY_MS, RETRY_MS),
        (HOLD_MS - RETRY_MS + 1, RETRY_MS),
        (HOLD_MS + 5, RETRY_MS),
        (2 * HOLD_MS - RETRY_MS + 1, RETRY_MS - 1),
        (2 * HOLD_MS - 1, 1),
    ],
)
async def test_there_are_two_minutes_for_another_try_but_never_twice_the_hold(
    failed_after_ms: int, left_ms: int, inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    paying = await begun(inventory)
    clock.advance(failed_after_ms)

    outcome = await inventory.payments.fail_payment(ADDRESS, PAYMENT)

    now_ms = clock.now_ms()
    held = replace(
        paying,
        status=OrderStatus.HELD,
        payment_id=None,
        expires_at_ms=now_ms + left_ms,
        version=3,
    )
    assert outcome == OrderIs(held)
    fact = order_fact(OrderPaymentFailed, 4, now_ms, held, OrderStatus.PAYING)
    assert await last_fact(inventory) == fact
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=2, sold=0)
    assert await inventory.payments.read_paying(PARTITION) == {}


@pytest.mark.parametrize("late_ms", [0, 1, HOLD_MS])
async def test_failed_too_late_it_is_an_overdue_hold_that_the_sweeper_ends(
    late_ms: int, inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory)
    clock.advance(2 * HOLD_MS + late_ms)

    outcome = await inventory.payments.fail_payment(ADDRESS, PAYMENT)

    assert isinstance(outcome, OrderIs)
    assert outcome.order.status is OrderStatus.EXPIRED
    assert await inventory.orders.overdue_events(PARTITION) == [CONCERT]
    assert await inventory.orders.expire_orders(PARTITION, CONCERT, [ADDRESS.order_id]) == 1


async def test_again_and_again_does_not_keep_units_for_ever(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    born_ms = clock.now_ms()
    for _ in range(40):
        await begun(inventory)
        clock.advance(60_000)
        outcome = await inventory.payments.fail_payment(ADDRESS, PAYMENT)
        assert isinstance(outcome, OrderIs)
        if outcome.order.status is OrderStatus.EXPIRED:
            break
    assert clock.now_ms() == born_ms + 2 * HOLD_MS


@pytest.mark.parametrize("is_begun", [False, True])
async def test_another_payment_than_the_one_that_is_open_changes_nothing(
    is_begun: bool, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    order = await placed(inventory, PAID_WISH)
    if is_begun:
        order = await begun(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.fail_payment(ADDRESS, OTHER_PAYMENT) == OrderIs(order)
    assert await everything(bytes_connection) == before


async def test_a_payment_that_has_settled_the_order_cannot_fail(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.fail_payment(ADDRESS, PAYMENT) == OrderIs(confirmed)
    assert await everything(bytes_connection) == before


async def test_it_fails_once(inventory: Inventory, bytes_connection: RedisConnection) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory)
    first = await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    before = await everything(bytes_connection)

    assert await inventory.payments.fail_payment(ADDRESS, PAYMENT) == first
    assert await everything(bytes_connection) == before


async def test_a_pinned_hold_stays(inventory: Inventory, bytes_connection: RedisConnection) -> None:
    await opened_at_a_price(inventory)
    order = await pinned(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.fail_payment(ADDRESS, PAYMENT) == HoldPinned(order)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await inventory.payments.fail_payment(ADDRESS, PAYMENT) == UnknownOrder()
