"""What every command that writes has in common: it runs whole, in time, on a Redis that was
started, or not at all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.domain.facts import START, Position
from app.domain.ids import PoolId
from app.domain.orders import Settlement
from app.inventory import Inventory, TestTime, open_inventory
from app.inventory.keys import PartitionKeys
from app.inventory.scripts import load_scripts
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError, Unavailable
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    NEIGHBOUR,
    PARTITION,
    PAYMENT,
    PRICE,
    begun,
    event_now,
    everything,
    opened,
    paid,
    pinned,
    placed,
)

Act = Callable[[Inventory], Awaitable[object]]

CONFIRMED = a_wish([("adult", 1)])
HELD = a_wish([("adult", 2)], confirm=False, key="key-1111111111111111")
NEW = a_wish([("adult", 3)], confirm=False, key="key-2222222222222222")
TO_PAY = a_wish([("seat", 1)], key="key-3333333333333333")
PAYING = a_wish([("seat", 1)], key="key-4444444444444444")
LAPSED = a_wish([("seat", 1)], key="key-5555555555555555")
BOUGHT = a_wish([("seat", 1)], key="key-6666666666666666")
BEING_PINNED = a_wish([("seat", 1)], key="key-7777777777777777")
WORLD = an_event(ticket_types=(a_ticket_type(), a_ticket_type("seat", price=PRICE)))
HEAD = PartitionKeys(PARTITION).head


async def _change_event(inventory: Inventory) -> object:
    found = await inventory.events.read_event(CONCERT)
    before = found[0] if found else None
    assert before is not None
    return await inventory.events.change_event(before, replace(WORLD, name="Other"))


ACTS: dict[str, Act] = {
    "begin_payment": lambda inventory: inventory.payments.begin_payment(
        TO_PAY.address, PAYMENT, look_up_at_ms=1
    ),
    "cancel_order": lambda inventory: inventory.orders.cancel_order(CONFIRMED.address),
    "change_capacity": lambda inventory: inventory.events.change_capacity(
        CONCERT, PoolId("floor"), 50
    ),
    "change_event": _change_event,
    "close_event": lambda inventory: inventory.events.close_event(CONCERT),
    "confirm_order": lambda inventory: inventory.orders.confirm_order(HELD.address),
    "confirm_payment": lambda inventory: inventory.payments.confirm_payment(
        PAYING.address, PAYMENT, Settlement.PAID
    ),
    "expire_payment": lambda inventory: inventory.payments.expire_payment(PAYING.address, PAYMENT),
    "fail_payment": lambda inventory: inventory.payments.fail_payment(PAYING.address, PAYMENT),
    "pin_hold": lambda inventory: inventory.payments.pin_hold(PAYING.address, PAYMENT),
    "reacquire_order": lambda inventory: inventory.payments.reacquire_order(
        LAPSED.address, PAYMENT, Settlement.PAID
    ),
    "refund_order": lambda inventory: inventory.payments.refund_order(
        BOUGHT.address, PAYMENT, refunded_minor=1
    ),
    "unpin_hold": lambda inventory: inventory.payments.unpin_hold(BEING_PINNED.address, PAYMENT),
    "expire_orders": lambda inventory: inventory.orders.expire_orders(
        PARTITION, CONCERT, [HELD.address.order_id]
    ),
    "open_event": lambda inventory: inventory.events.open_event(an_event(NEIGHBOUR)),
    "pause_event": lambda inventory: inventory.events.pause_event(CONCERT),
    "place_order": lambda inventory: inventory.orders.place_order(NEW),
    "release_order": lambda inventory: inventory.orders.release_order(HELD.address),
}
"""Each of them changes something in the world of `act`."""
TELLS_NOTHING = frozenset(["pin_hold", "unpin_hold"])


class GivenUp(TestTime):
    """The time of a caller who has given up a millisecond ago."""

    def not_after_ms(self) -> int:
        return super().not_after_ms() - 1


@pytest.fixture(params=ACTS)
async def act(request: pytest.FixtureRequest, inventory: Inventory, clock: SettableClock) -> Act:
    """One writing command, with something to write: an event, and orders in every state."""
    name: str = request.param
    await opened(inventory, WORLD)
    for wish in (CONFIRMED, HELD, TO_PAY, LAPSED):
        await placed(inventory, wish)
    await inventory.orders.release_order(LAPSED.address)
    await begun(inventory, PAYING)
    await pinned(inventory, BEING_PINNED)
    await paid(inventory, BOUGHT)
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


@pytest.mark.parametrize("act", sorted(ACTS.keys() - TELLS_NOTHING), indirect=True)
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


ENDS_SOMETHING = frozenset(
    [
        *("cancel_order", "close_event", "confirm_order", "expire_orders", "pause_event"),
        *("release_order", "confirm_payment", "expire_payment", "fail_payment"),
        *("pin_hold", "unpin_hold"),
    ]
)
"""What must not wait until there is memory again: ends a hold, a payment, an order, a sale, or is a
step of a payment to its end. The others begin or change something, and could fill what is left by
being repeated."""
SERVES_THE_RELAY = frozenset(["acknowledge_relayed", "take_lease"])


@asynccontextmanager
async def full_memory(connection: RedisConnection) -> AsyncIterator[None]:
    await connection.call("CONFIG", "SET", "maxmemory", 1)
    # As after a restart: to load a script is not refused.
    await connection.call("SCRIPT", "FLUSH")
    try:
        yield
    finally:
        await connection.call("CONFIG", "SET", "maxmemory", 0)


def test_what_goes_on_when_memory_is_full_says_so() -> None:
    flagged = {
        name
        for name, script in load_scripts().items()
        if script.source.startswith("#!lua flags=allow-oom\n")
    }
    assert flagged == ENDS_SOMETHING | SERVES_THE_RELAY


@pytest.mark.parametrize("act", sorted(ACTS.keys() & ENDS_SOMETHING), indirect=True)
async def test_when_memory_is_full_what_ends_something_goes_on(
    act: Act, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    before = await everything(bytes_connection)
    async with full_memory(bytes_connection):
        await act(inventory)
        after = await everything(bytes_connection)
        assert after != before
        await act(inventory)
        assert await everything(bytes_connection) == after, "repeated, it adds nothing"


@pytest.mark.parametrize("act", sorted(ACTS.keys() - ENDS_SOMETHING), indirect=True)
async def test_when_memory_is_full_what_begins_something_changes_nothing(
    act: Act, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    before = await everything(bytes_connection)
    async with full_memory(bytes_connection):
        with pytest.raises(Unavailable, match="Redis refuses: OOM"):
            await act(inventory)
        assert await everything(bytes_connection) == before
    await act(inventory)
    assert await everything(bytes_connection) != before


async def test_when_memory_is_full_everything_can_be_read(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    order = await placed(inventory, CONFIRMED)
    async with full_memory(bytes_connection):
        assert await inventory.orders.read_order(CONFIRMED.address) == order
        assert (await inventory.events.read_event(CONCERT)) is not None
        assert len(await inventory.outbox.read(PARTITION, START, 10)) == 2
        token = await inventory.outbox.take_lease(PARTITION, "relay", 1000)
        assert token is not None
        position = Position(1, 2)
        await inventory.outbox.acknowledge_relayed(PARTITION, token, position, tail_max=10)
    head = (await inventory.outbox.read_heads())[PARTITION]
    assert head is not None
    assert head.waiting_facts == 0


def test_every_command_that_tells_a_fact_is_tried() -> None:
    tells = {name for name, each in load_scripts().items() if each.emits}
    assert ACTS.keys() == tells | TELLS_NOTHING


async def test_each_event_keeps_to_its_own_stock(inventory: Inventory) -> None:
    await opened(inventory)
    await opened(inventory, an_event(NEIGHBOUR))
    untouched = await event_now(inventory, NEIGHBOUR)

    await placed(inventory, CONFIRMED)

    assert await event_now(inventory, NEIGHBOUR) == untouched


def _parts(flat: object) -> list[bytes]:
    assert isinstance(flat, list)
    return [each for each in flat if isinstance(each, bytes)]
