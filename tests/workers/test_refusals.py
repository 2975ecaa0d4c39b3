"""A bus that takes a part of what the relay sends, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from app.bus import Batch, Bus, Shard, Slice
from app.domain.ids import EventId, Partition, partition_of
from app.runtime.errors import Unavailable
from app.runtime.jobs import Progress
from tests.builders import PARTITIONS, a_wish, an_event
from tests.workers.conftest import Pipeline, drain

CONCERT, OTHER = EventId("concert"), EventId("other")
PARTITION = partition_of(CONCERT, PARTITIONS)


class ReluctantBus:
    """Takes at most so many facts of a slice of these partitions."""

    def __init__(self, bus: Bus, taken: Mapping[Partition, int]) -> None:
        self.taken = dict(taken)
        self._bus = bus

    async def publish(self, slices: Sequence[Slice]) -> Mapping[Partition, int]:
        refused = {}
        for each in slices:
            taken = self.taken.get(each.partition, len(each.facts))
            if facts := each.facts[:taken]:
                await self._bus.publish([replace(each, facts=facts)])
            if taken < len(each.facts):
                refused[each.partition] = taken
        return refused

    async def shards(self) -> Sequence[Shard]:
        return await self._bus.shards()

    async def read(self, shard_id: str, after: str | None, records_max: int) -> Batch:
        return await self._bus.read(shard_id, after, records_max)

    async def keep_from(self, reader: str, shard_id: str, position: str | None) -> None:
        await self._bus.keep_from(reader, shard_id, position)


@pytest.fixture
async def sold(pipeline: Pipeline) -> Pipeline:
    """Six facts of the concert, one of another event in another partition."""
    await pipeline.inventory.events.open_event(an_event())
    await pipeline.inventory.events.open_event(an_event(OTHER))
    for number in range(5):
        await pipeline.inventory.orders.place_order(
            a_wish(email=f"buyer{number}@example.com", key=f"key-{number:016d}")
        )
    return pipeline


async def test_what_was_taken_of_a_slice_is_not_sent_again(sold: Pipeline) -> None:
    sold.bus = ReluctantBus(sold.bus, {PARTITION: 4})
    relay = sold.relay()

    assert await relay.step() is Progress.IDLE
    heads = await sold.inventory.outbox.read_heads()
    head = heads[PARTITION]
    assert head is not None
    assert (head.relayed.seq, head.waiting_facts) == (4, 2)
    assert await relay.step() is Progress.MORE
    assert await relay.step() is Progress.IDLE

    await drain(sold.projector())
    assert await sold.archived(PARTITION) == 6


async def test_a_partition_that_is_refused_does_not_hold_up_the_others(sold: Pipeline) -> None:
    bus = ReluctantBus(sold.bus, {PARTITION: 0})
    sold.bus = bus
    relay = sold.relay()

    # Not MORE: what is refused is not sent again at once.
    assert await relay.step() is Progress.IDLE
    await drain(sold.projector())
    assert await sold.archived(PARTITION) == 0
    assert await sold.archived(partition_of(OTHER, PARTITIONS)) == 1

    bus.taken.clear()
    await drain(relay)
    await drain(sold.projector())
    assert await sold.archived(PARTITION) == 6


async def test_a_bus_that_takes_nothing_at_all_fails_the_step(sold: Pipeline) -> None:
    """So that the relay waits longer each time."""
    sold.bus = ReluctantBus(sold.bus, dict.fromkeys(map(Partition, range(PARTITIONS)), 0))

    with pytest.raises(Unavailable, match="refuses"):
        await sold.relay().step()
