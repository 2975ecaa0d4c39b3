"""The law of the write side, asked of a real Redis: nothing is lost, nothing is told wrongly."""

from collections import Counter

from app.domain.events import PoolStock
from app.domain.facts import START, Fact
from app.domain.fold import EventFold
from app.domain.ids import EventId, OrderAddress, partition_of
from app.domain.orders import HOLDING, OrderStatus
from app.inventory import Inventory
from app.inventory.keys import keys_of_event
from app.inventory.replies import pair_fields
from app.runtime.redis_connection import RedisConnection

FACTS_MAX = 10_000


async def assert_conserved(
    inventory: Inventory, connection: RedisConnection, event_id: EventId
) -> None:
    """Counters, limits and deadlines of an event say what its orders say, and the fold of the
    outbox says the same. Needs an outbox of which nothing was trimmed."""
    found = await inventory.events.read_event(event_id)
    assert found is not None, f"{event_id} was never opened"
    event, _ = found
    for pool, stock in event.stock.items():
        assert _is_conserved(stock), f"{event_id}, pool {pool}: {stock}"

    fold = EventFold(event_id)
    for fact in await facts_of(inventory, event_id):
        fold.apply(fact)
    assert fold.contradictions == []
    assert fold.opened_event() == event
    assert await inventory.events.read_customers(event_id) == fold.customers()
    partition = partition_of(event_id, inventory.partitions)
    addresses = [OrderAddress(each, partition, event_id) for each in fold.orders]
    assert await inventory.orders.read_orders(addresses) == list(fold.orders.values())
    await _assert_deadlines(inventory, connection, fold)
    await _assert_holders(inventory, connection, fold)
    await _assert_paying(inventory, connection, fold)


async def facts_of(inventory: Inventory, event_id: EventId) -> list[Fact]:
    """Every fact about an event and its orders, oldest first."""
    partition = partition_of(event_id, inventory.partitions)
    entries = await inventory.outbox.read(partition, START, FACTS_MAX)
    return [entry.fact for entry in entries if entry.fact.event_id == event_id]


def _is_conserved(stock: PoolStock) -> bool:
    columns = (stock.available, stock.held, stock.sold)
    return sum(columns) == stock.capacity and min(columns) >= 0


async def _assert_deadlines(
    inventory: Inventory, connection: RedisConnection, fold: EventFold
) -> None:
    """Held orders, and they alone, wait for their deadline; the event waits for the earliest."""
    keys = keys_of_event(fold.event_id, inventory.partitions)
    held = {
        str(order.id): str(order.expires_at_ms)
        for order in fold.orders.values()
        if order.status is OrderStatus.HELD
    }
    flat = await connection.call("ZRANGE", keys.due_orders, 0, -1, "WITHSCORES")
    assert isinstance(flat, list)
    assert dict(zip(flat[::2], flat[1::2], strict=True)) == held
    earliest = await connection.call("ZSCORE", keys.partition.due_events, fold.event_id)
    assert earliest == min(held.values(), default=None, key=int)


async def _assert_holders(
    inventory: Inventory, connection: RedisConnection, fold: EventFold
) -> None:
    """Live holds count for their customer and their address; what has ended knows no address."""
    keys = keys_of_event(fold.event_id, inventory.partitions)
    holders: Counter[str] = Counter()
    for order in fold.orders.values():
        address = await connection.call("HGET", keys.partition.order(order.id), "address_ref")
        assert not isinstance(address, bytes)
        if order.status in HOLDING:
            holders[f"customer|{order.customer_ref}"] += 1
            holders.update([f"address|{address}"] if address else [])
        else:
            assert address is None, f"{order.id} has ended and keeps its address"
    counted = pair_fields(await connection.call("HGETALL", keys.holders))
    assert {name: int(count) for name, count in counted.items()} == holders


async def _assert_paying(
    inventory: Inventory, connection: RedisConnection, fold: EventFold
) -> None:
    """Paying orders, and they alone, wait for a look-up, and only they may be pinned."""
    keys = keys_of_event(fold.event_id, inventory.partitions)
    paying = await inventory.payments.read_paying(keys.partition.partition)
    of_event = {each for each in paying if each.split(".")[1] == fold.event_id}
    assert of_event == {
        order.id for order in fold.orders.values() if order.status is OrderStatus.PAYING
    }
    for order in fold.orders.values():
        pinned = await connection.call("HGET", keys.partition.order(order.id), "pinned")
        assert pinned is None or order.id in of_event, f"{order.id} is pinned and not paying"
