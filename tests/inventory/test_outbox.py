"""The outbox: facts in order from any position, a hole that is never passed over in silence."""

from dataclasses import replace

import pytest

from app.domain.facts import START, EventOpened, EventPaused, OrderConfirmed, Position
from app.domain.ids import EventId, Partition, partition_of
from app.domain.orders import Person
from app.domain.outcomes import OrderPlaced
from app.inventory import Inventory, OutboxEntry
from app.inventory.keys import PartitionKeys
from app.inventory.outbox import Head
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event

CONCERT = EventId("concert")
PARTITION = partition_of(CONCERT, PARTITIONS)
KEYS = PartitionKeys(PARTITION)
FIELDS = {"fact": "EventPaused", "at": "1", "event_id": CONCERT, "version": "2"}


async def _pause_and_resume(inventory: Inventory, times: int) -> None:
    await inventory.events.open_event(an_event())
    for _ in range(times):
        await inventory.events.pause_event(CONCERT)
        await inventory.events.open_event(an_event())


async def _read_seqs(inventory: Inventory, after: Position, limit: int = 100) -> list[int]:
    entries = await inventory.outbox.read(PARTITION, after, limit)
    return [entry.fact.position.seq for entry in entries]


async def test_an_entry_is_a_fact_and_for_a_new_order_who_placed_it(
    inventory: Inventory, clock: SettableClock
) -> None:
    await inventory.events.open_event(an_event())
    wish = replace(a_wish(), person=Person("ana@example.com", "Ana Ñandú"))
    outcome = await inventory.orders.place_order(wish)
    assert isinstance(outcome, OrderPlaced)
    await inventory.orders.cancel_order(wish.address)

    opened, placed, cancelled = await inventory.outbox.read(PARTITION, START, 10)

    assert isinstance(opened.fact, EventOpened)
    assert opened.person is None
    fact = OrderConfirmed(
        partition=PARTITION,
        position=Position(1, 2),
        at_ms=clock.now_ms(),
        event_id=CONCERT,
        version=1,
        order=outcome.order,
        previous=None,
    )
    assert placed == OutboxEntry(fact, wish.person)
    assert cancelled.person is None


async def test_reading_goes_on_behind_any_position_up_to_a_limit(inventory: Inventory) -> None:
    await _pause_and_resume(inventory, times=2)

    assert await _read_seqs(inventory, START) == [1, 2, 3, 4, 5]
    assert await _read_seqs(inventory, Position(1, 2)) == [3, 4, 5]
    assert await _read_seqs(inventory, Position(1, 2), limit=2) == [3, 4]
    assert await _read_seqs(inventory, Position(1, 5)) == []


async def test_a_new_epoch_goes_on_where_the_old_one_ended(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await _pause_and_resume(inventory, times=1)
    await connection.call("HSET", KEYS.head, "epoch", "2")
    await inventory.events.pause_event(CONCERT)

    entries = await inventory.outbox.read(PARTITION, Position(1, 2), 10)

    assert [each.fact.position for each in entries] == [Position(1, 3), Position(2, 4)]


@pytest.mark.parametrize(("lost", "found"), [(1, 2), (3, 4)])
async def test_a_hole_is_a_fault_of_our_own(
    lost: int, found: int, inventory: Inventory, connection: RedisConnection
) -> None:
    await _pause_and_resume(inventory, times=2)
    await connection.call("XDEL", KEYS.outbox, f"1-{lost}")

    with pytest.raises(ContractError, match=f"has 1:{found} where seq {lost} must stand"):
        await inventory.outbox.read(PARTITION, START, 10)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"fact": "TicketEaten"},
        {"fact": "OrderHeld"},
        {"fact": "EventOpened"},
        {"fact": "PoolCapacityChanged", "pool": "floor", "capacity": "many"},
        {"at": "soon"},
        {"version": ""},
        {"person": "not json"},
        {"person": "{}"},
    ],
    ids=str,
)
async def test_an_entry_that_no_command_of_ours_wrote_is_a_fault_of_our_own(
    spoilt: dict[str, str], inventory: Inventory, connection: RedisConnection
) -> None:
    fields = FIELDS | spoilt
    await connection.call("XADD", KEYS.outbox, "1-1", *(x for pair in fields.items() for x in pair))

    with pytest.raises(ContractError):
        await inventory.outbox.read(PARTITION, START, 10)


@pytest.mark.parametrize("missing", FIELDS)
async def test_an_entry_that_lacks_a_field_is_a_fault_of_our_own(
    missing: str, inventory: Inventory, connection: RedisConnection
) -> None:
    parts = [x for name, value in FIELDS.items() if name != missing for x in (name, value)]
    await connection.call("XADD", KEYS.outbox, "1-1", *parts)

    with pytest.raises(ContractError):
        await inventory.outbox.read(PARTITION, START, 10)


async def test_the_fields_that_are_spoilt_above_are_a_fact_as_they_stand(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await connection.call("XADD", KEYS.outbox, "1-1", *(x for pair in FIELDS.items() for x in pair))

    fact = EventPaused(
        partition=PARTITION, position=Position(1, 1), at_ms=1, event_id=CONCERT, version=2
    )
    assert await inventory.outbox.read(PARTITION, START, 10) == [OutboxEntry(fact, None)]


async def test_heads_tell_what_waits_for_the_bus(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await _pause_and_resume(inventory, times=1)
    await connection.call("DEL", PartitionKeys(Partition(0)).head)

    heads = await inventory.outbox.read_heads()

    assert heads[PARTITION] == Head(Position(1, 3), START)
    assert [head.waiting_facts for head in heads.values() if head] == [
        3 if each == PARTITION else 0 for each in range(1, PARTITIONS)
    ]
    assert heads[Partition(0)] is None
