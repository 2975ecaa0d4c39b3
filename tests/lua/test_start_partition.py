"""start_partition: a partition gets its head once; a head that is there is never set back."""

from app.domain.facts import Position
from app.domain.ids import Partition
from app.inventory import Inventory
from app.inventory.outbox import Head
from app.runtime.redis_connection import RedisConnection
from tests.lua.acts import PARTITION, opened


async def test_a_new_partition_stands_before_its_first_fact(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await connection.call("FLUSHALL")

    assert await inventory.outbox.start_partition(PARTITION) == Position(1, 0)

    heads = await inventory.outbox.read_heads()
    never_started: dict[Partition, Head | None] = {Partition(each): None for each in range(16)}
    assert heads == never_started | {PARTITION: Head(Position(1, 0), Position(0, 0))}


async def test_a_started_partition_stays_where_it_is(inventory: Inventory) -> None:
    await opened(inventory)

    assert await inventory.outbox.start_partition(PARTITION) == Position(1, 1)
