"""The pipeline on a Redis whose memory is full: what waits, what goes on, that nothing is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.domain.events import PoolStock
from app.domain.ids import EventId, PoolId, partition_of
from app.domain.outcomes import OrderIs, OrderPlaced
from app.runtime.errors import Unavailable
from app.runtime.jobs import Progress
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event
from tests.workers.conftest import Pipeline, drain

CONCERT = EventId("concert")
PARTITION = partition_of(CONCERT, PARTITIONS)
SHARD = f"{{b{PARTITION % 4:02d}}}:bus"
HELD = [a_wish(key=f"key-{number:016d}", confirm=False) for number in range(4)]


@asynccontextmanager
async def full_memory(connection: RedisConnection) -> AsyncIterator[None]:
    await connection.call("CONFIG", "SET", "maxmemory", 1)
    try:
        yield
    finally:
        await connection.call("CONFIG", "SET", "maxmemory", 0)


@pytest.fixture
async def held(pipeline: Pipeline) -> Pipeline:
    """An event and four holds, on the bus and not yet in the ledger."""
    await pipeline.inventory.events.open_event(an_event())
    for wish in HELD:
        assert isinstance(await pipeline.inventory.orders.place_order(wish), OrderPlaced)
    await drain(pipeline.relay())
    return pipeline


async def test_what_ends_meanwhile_waits_in_the_outbox_and_is_recorded_when_memory_is_back(
    held: Pipeline, connection: RedisConnection
) -> None:
    relay, projector = held.relay(), held.projector()
    async with full_memory(connection):
        assert isinstance(await held.inventory.orders.confirm_order(HELD[0].address), OrderIs)
        assert isinstance(await held.inventory.orders.release_order(HELD[1].address), OrderIs)
        for _ in range(3):
            with pytest.raises(Unavailable, match="OOM"):
                await relay.step()
        await drain(projector)
        assert await held.archived(PARTITION) == 5
    await drain(relay)
    await drain(projector)
    assert await held.archived(PARTITION) == 7
    found = await held.inventory.events.read_event(CONCERT)
    assert found is not None
    assert found[0].stock[PoolId("floor")] == PoolStock(100, available=97, held=2, sold=1)


async def test_a_projector_that_starts_anew_reads_and_empties_the_bus(
    held: Pipeline, connection: RedisConnection
) -> None:
    async with full_memory(connection):
        assert await connection.call("XLEN", SHARD) == 1
        await drain(held.projector())
        assert await held.archived(PARTITION) == 5
        assert await connection.call("XLEN", SHARD) == 1, "the last one is where the reader stands"
        await drain(held.projector())
    await held.inventory.orders.release_order(HELD[0].address)
    await drain(held.relay())
    async with full_memory(connection):
        projector = held.projector()
        assert await projector.step() is Progress.MORE
        assert await connection.call("XLEN", SHARD) == 1
        assert await held.archived(PARTITION) == 6
