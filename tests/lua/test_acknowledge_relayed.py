"""acknowledge_relayed: how far the bus has the facts, and which of them the outbox may forget."""

import pytest

from app.domain.facts import START, Position
from app.inventory import Inventory
from app.inventory.outbox import Head
from app.runtime.clock import SettableClock
from app.runtime.errors import Unavailable
from app.runtime.redis_connection import RedisConnection
from tests.lua.acts import CONCERT, PARTITION, everything, opened

FACTS = 5


async def _tell_facts(inventory: Inventory) -> int:
    """FACTS facts in the outbox; returns the token of its lease."""
    for _ in range(FACTS // 2):
        await opened(inventory)
        await inventory.events.pause_event(CONCERT)
    await inventory.events.close_event(CONCERT)
    token = await inventory.outbox.take_lease(PARTITION, "relay", 1_000)
    assert token is not None
    return token


async def _kept(connection: RedisConnection) -> list[str]:
    entries = await connection.call("XRANGE", f"{{p{PARTITION:02d}}}:outbox", "-", "+")
    assert isinstance(entries, list)
    return [str(entry[0]) for entry in entries if isinstance(entry, list)]


@pytest.mark.parametrize(
    ("relayed", "tail", "kept"),
    [(3, 0, [4, 5]), (3, 2, [2, 3, 4, 5]), (3, 9, [1, 2, 3, 4, 5]), (5, 0, []), (5, 1, [5])],
)
async def test_what_the_bus_has_is_forgotten_but_for_a_tail(
    relayed: int, tail: int, kept: list[int], inventory: Inventory, connection: RedisConnection
) -> None:
    token = await _tell_facts(inventory)

    await inventory.outbox.acknowledge_relayed(
        PARTITION, token, Position(1, relayed), tail_max=tail
    )

    head = (await inventory.outbox.read_heads())[PARTITION]
    assert head == Head(Position(1, FACTS), Position(1, relayed))
    assert head.waiting_facts == FACTS - relayed
    assert await _kept(connection) == [f"1-{seq}" for seq in kept]
    await connection.call("FLUSHALL")  # a trimmed outbox cannot be folded afterwards


@pytest.mark.parametrize("is_taken_over", [True, False], ids=["taken over", "never leased"])
async def test_whoever_has_lost_the_lease_acknowledges_nothing(
    is_taken_over: bool,
    inventory: Inventory,
    clock: SettableClock,
    bytes_connection: RedisConnection,
) -> None:
    token = await _tell_facts(inventory)
    clock.advance(1_000)
    if is_taken_over:
        await inventory.outbox.take_lease(PARTITION, "another relay", 1_000)
    else:
        await bytes_connection.call("DEL", f"{{p{PARTITION:02d}}}:lease")
    before = await everything(bytes_connection)

    with pytest.raises(Unavailable, match="lease of partition"):
        await inventory.outbox.acknowledge_relayed(PARTITION, token, Position(1, 5), tail_max=0)

    assert await everything(bytes_connection) == before
    assert len(await inventory.outbox.read(PARTITION, START, 10)) == FACTS
