"""What every command that writes has in common: it runs whole, in time, on a Redis that was
started, or not at all."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.domain.ids import PoolId
from app.inventory import Inventory, TestTime, open_inventory
from app.inventory.keys import PartitionKeys
from app.inventory.scripts import load_scripts
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError, Unavailable
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    NEIGHBOUR,
    PARTITION,
    event_now,
    everything,
    opened,
    placed,
)

Act = Callable[[Inventory], Awaitable[object]]

CONFIRMED = a_wish([("adult", 1)])
HELD = a_wish([("adult", 2)], confirm=False, key="key-1111111111111111")
NEW = a_wish([("adult", 3)], confirm=False, key="key-2222222222222222")
HEAD = PartitionKeys(PARTITION).head


async def _change_event(inventory: Inventory) -> object:
    found = await inventory.events.read_event(CONCERT)
    before = found[0] if found else None
    assert before is not None
    return await inventory.events.change_event(before, replace(an_event(), name="Other"))


ACTS: dict[str, Act] = {
    "cancel_order": lambda inventory: inventory.orders.cancel_order(CONFIRMED.address),
    "change_capacity": lambda inventory: inventory.events.change_capacity(
        CONCERT, PoolId("floor"), 50
    ),
    "change_event": _change_event,
    "close_event": lambda inventory: inventory.events.close_event(CONCERT),
    "confirm_order": lambda inventory: inventory.orders.confirm_order(HELD.address),
    "expire_orders": lambda inventory: inventory.orders.expire_orders(
        PARTITION, CONCERT, [HELD.address.order_id]
    ),
    "open_event": lambda inventory: inventory.events.open_event(an_event(NEIGHBOUR)),
    "pause_event": lambda inventory: inventory.events.pause_event(CONCERT),
    "place_order": lambda inventory: inventory.orders.place_order(NEW),
    "release_order": lambda inventory: inventory.orders.release_order(HELD.address),
}
"""Each of them changes something in the world of `prepared`."""


class GivenUp(TestTime):
    """The time of a caller who has given up a millisecond ago."""

    def not_after_ms(self) -> int:
        return super().not_after_ms() - 1


@pytest.fixture(params=ACTS)
async def act(request: pytest.FixtureRequest, inventory: Inventory, clock: SettableClock) -> Act:
    """One writing command, with something to write: an event, a confirmed order and a hold."""
    name: str = request.param
    await opened(inventory)
    await placed(inventory, CONFIRMED)
    await placed(inventory, HELD)
    clock.advance(HOLD_MS if name == "expire_orders" else 0)
    return ACTS[name]


async def test_it_writes_when_nothing_is_wrong(
    act: Act, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    before = await everything(bytes_connection)
    await act(inventory)
    assert await everything(bytes_connection) != before


async def test_it_changes_nothing_after_its_caller_has_given_up(
    act: Act,
    connection: RedisConnection,
    clock: SettableClock,
    bytes_connection: RedisConnection,
) -> None:
    late = open_inventory(connection, GivenUp(clock), partitions=PARTITIONS)
    before = await everything(bytes_connection)

    with pytest.raises(Unavailable, match="came too late and changed nothing"):
        await act(late)

    assert await everything(bytes_connection) == before


async def test_it_changes_nothing_on_a_redis_that_has_lost_its_head(
    act: Act, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    head = await bytes_connection.call("HGETALL", HEAD)
    await bytes_connection.call("DEL", HEAD)
    before = await everything(bytes_connection)

    with pytest.raises(Unavailable, match="never started, or has lost its data"):
        await act(inventory)

    assert await everything(bytes_connection) == before
    await bytes_connection.call("HSET", HEAD, *_parts(head))


@pytest.mark.parametrize("act", sorted(ACTS.keys() - {"change_event"}), indirect=True)
async def test_it_changes_nothing_on_an_emptied_redis(
    act: Act, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await bytes_connection.call("FLUSHALL")

    with pytest.raises(Unavailable, match="never started, or has lost its data"):
        await act(inventory)

    assert await everything(bytes_connection) == {}


async def test_it_changes_nothing_when_its_fact_cannot_be_told(
    act: Act, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    seq = await bytes_connection.call("HGET", HEAD, "seq")
    assert isinstance(seq, bytes)
    await bytes_connection.call("HSET", HEAD, "seq", 0)
    before = await everything(bytes_connection)

    with pytest.raises(ContractError, match="equal or smaller than the target stream top item"):
        await act(inventory)

    assert await everything(bytes_connection) == before
    await bytes_connection.call("HSET", HEAD, "seq", seq)


def test_every_command_that_tells_a_fact_is_tried() -> None:
    assert sorted(ACTS) == [name for name, each in load_scripts().items() if each.emits]


async def test_each_event_keeps_to_its_own_stock(inventory: Inventory) -> None:
    await opened(inventory)
    await opened(inventory, an_event(NEIGHBOUR))
    untouched = await event_now(inventory, NEIGHBOUR)

    await placed(inventory, CONFIRMED)

    assert await event_now(inventory, NEIGHBOUR) == untouched


def _parts(flat: object) -> list[bytes]:
    assert isinstance(flat, list)
    return [each for each in flat if isinstance(each, bytes)]
