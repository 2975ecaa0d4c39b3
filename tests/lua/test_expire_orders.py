"""expire_orders: time ends holds, only those whose time has come, and each of them once."""

from dataclasses import replace

from app.domain.events import PoolStock
from app.domain.facts import OrderExpired
from app.domain.ids import OrderId
from app.domain.orders import OrderStatus
from app.inventory import Inventory
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event
from tests.inventory.conservation import facts_of
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    PARTITION,
    everything,
    opened,
    order_fact,
    order_key,
    placed,
    stock_of,
)

WISH = a_wish([("adult", 2)], confirm=False)
LATER = a_wish([("adult", 3)], confirm=False, key="key-1111111111111111")


async def _expire(inventory: Inventory, *order_ids: OrderId) -> int:
    return await inventory.orders.expire_orders(PARTITION, CONCERT, order_ids)


async def test_an_overdue_hold_gives_its_units_and_its_share_of_the_limit_back(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(HOLD_MS)

    assert await _expire(inventory, held.id) == 1

    expired = replace(held, status=OrderStatus.EXPIRED, version=2)
    assert await inventory.orders.read_orders([WISH.address]) == [expired]
    assert await stock_of(inventory) == PoolStock(capacity=100, available=100, held=0, sold=0)
    assert await inventory.events.read_customers(CONCERT) == {}
    facts = await facts_of(inventory, CONCERT)
    fact = order_fact(OrderExpired, 3, clock.now_ms(), expired, OrderStatus.HELD)
    assert facts[2:] == [fact]


async def test_a_hold_with_a_millisecond_left_lives_on(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(HOLD_MS - 1)
    before = await everything(bytes_connection)

    assert await _expire(inventory, held.id) == 0
    assert await everything(bytes_connection) == before


async def test_only_those_that_are_overdue_end_and_the_next_deadline_is_kept(
    inventory: Inventory, clock: SettableClock, connection: RedisConnection
) -> None:
    await opened(inventory)
    first = await placed(inventory, WISH)
    clock.advance(1_000)
    second = await placed(inventory, LATER)
    clock.advance(HOLD_MS - 1_000)

    assert await _expire(inventory, first.id, second.id) == 1

    assert await stock_of(inventory) == PoolStock(capacity=100, available=97, held=3, sold=0)
    due_events = keys_of_event(CONCERT, PARTITIONS).partition.due_events
    assert await connection.call("ZSCORE", due_events, CONCERT) == str(second.expires_at_ms)


async def test_orders_that_ended_otherwise_or_never_were_are_passed_over(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    released, confirmed = await placed(inventory, WISH), await placed(inventory, LATER)
    await inventory.orders.release_order(WISH.address)
    await inventory.orders.confirm_order(LATER.address)
    clock.advance(HOLD_MS)
    before = await everything(bytes_connection)

    assert await _expire(inventory, released.id, a_wish().address.order_id, confirmed.id) == 0
    assert await everything(bytes_connection) == before


async def test_an_expired_order_does_not_expire_again(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(HOLD_MS)
    await _expire(inventory, held.id)
    before = await everything(bytes_connection)

    assert await _expire(inventory, held.id) == 0
    assert await everything(bytes_connection) == before


async def test_an_order_that_is_named_twice_ends_once(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    await placed(inventory, LATER)
    clock.advance(HOLD_MS)

    assert await _expire(inventory, held.id, held.id) == 1
    assert await stock_of(inventory) == PoolStock(capacity=100, available=97, held=3, sold=0)


async def test_a_hold_that_is_named_twice_before_its_time_keeps_its_deadline(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    held = await placed(inventory, WISH)
    clock.advance(HOLD_MS - 1)
    before = await everything(bytes_connection)

    assert await _expire(inventory, held.id, held.id) == 0
    assert await everything(bytes_connection) == before


async def test_a_deadline_without_a_held_order_is_offered_to_no_further_sweep(
    inventory: Inventory, clock: SettableClock, connection: RedisConnection
) -> None:
    await opened(inventory)
    keys, stray = keys_of_event(CONCERT, PARTITIONS), a_wish().address.order_id
    await connection.call("ZADD", keys.due_orders, 1, stray)
    await connection.call("ZADD", keys.partition.due_events, 1, CONCERT)
    assert await inventory.orders.overdue_orders(PARTITION, CONCERT) == [stray]

    assert await _expire(inventory, stray) == 0

    assert await inventory.orders.overdue_orders(PARTITION, CONCERT) == []
    assert await inventory.orders.overdue_events(PARTITION) == []


async def test_a_hundred_orders_end_in_one_call_and_no_more(
    inventory: Inventory, clock: SettableClock, connection: RedisConnection
) -> None:
    await opened(inventory, an_event(pools={"floor": 101}))
    wishes = [a_wish(confirm=False, email=f"{each}@example.com") for each in range(101)]
    orders = [await placed(inventory, each) for each in wishes]
    clock.advance(HOLD_MS)

    assert await _expire(inventory, *(each.id for each in orders)) == 100

    assert await stock_of(inventory) == PoolStock(capacity=101, available=100, held=1, sold=0)
    assert await connection.call("HGET", order_key(orders[-1].id), "status") == "held"
