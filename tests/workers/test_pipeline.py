"""Relay and projector together: every fact once, in order, whoever dies on the way."""

import asyncio
from dataclasses import replace

import pytest

from app.bus import Slice, decode_fact
from app.domain.events import INSTANT_MAX_MS, SellingStatus
from app.domain.facts import EventPaused, Position
from app.domain.ids import EventId, partition_of
from app.domain.outcomes import OrderPlaced
from app.inventory import ServerTime, open_inventory
from app.ledger import CursorMoved
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError, Unavailable
from app.runtime.jobs import Progress
from app.runtime.redis_connection import Argument, RedisConnection, Reply
from app.selling import Verifying
from tests.builders import PARTITIONS, a_wish, an_event
from tests.servers.redis import RedisServer
from tests.workers.conftest import Pipeline, drain

EVENT = EventId("concert")
PARTITION = partition_of(EVENT, PARTITIONS)


async def _sell(pipeline: Pipeline, orders: int, *, first: int = 0) -> None:
    for number in range(first, first + orders):
        placed = await pipeline.inventory.orders.place_order(
            a_wish(email=f"buyer{number}@example.com", key=f"key-{number:016d}")
        )
        assert isinstance(placed, OrderPlaced)


async def test_what_was_sold_arrives_in_the_ledger_and_agrees(pipeline: Pipeline) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 20)
    await drain(pipeline.relay())
    await drain(pipeline.projector())
    assert await pipeline.archived(PARTITION) == 21
    verifying = Verifying(pipeline.inventory, pipeline.ledger, decode_fact)
    verdict = await verifying.verify(EVENT)
    assert (verdict.facts, verdict.orders, verdict.differences) == (21, 20, ())
    assert verdict.agrees


async def test_verify_tells_when_redis_and_archive_differ(
    pipeline: Pipeline, connection: RedisConnection
) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 2)
    await drain(pipeline.relay())
    await drain(pipeline.projector())
    tag = f"{{p{PARTITION:02d}}}"
    await connection.call("HINCRBY", f"{tag}:event:{EVENT}", "pool:floor:available", 1)
    verdict = await Verifying(pipeline.inventory, pipeline.ledger, decode_fact).verify(EVENT)
    assert not verdict.agrees
    assert "event: folded" in verdict.differences[0]


async def test_a_relay_that_dies_before_it_noted_its_work_sends_again_and_nothing_counts_twice(
    pipeline: Pipeline,
) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 5)
    entries = await pipeline.inventory.outbox.read(PARTITION, Position(0, 0), 100)
    await pipeline.bus.publish([Slice(PARTITION, [entry.fact for entry in entries])])
    await drain(pipeline.relay())
    await drain(pipeline.projector())
    assert await pipeline.archived(PARTITION) == 6
    report = await pipeline.ledger.sales.report(EVENT)
    assert report is not None
    assert report.ticket_types[0].sold_quantity == 5


async def test_a_partition_has_one_relay_at_a_time_and_a_late_one_is_fenced_off(
    pipeline: Pipeline, clock: SettableClock
) -> None:
    await pipeline.inventory.events.open_event(an_event())
    outbox = pipeline.inventory.outbox
    token = await outbox.take_lease(PARTITION, "relay-1", 5_000)
    assert token == 1
    assert await outbox.take_lease(PARTITION, "relay-2", 5_000) is None
    second = pipeline.relay("relay-2")
    await drain(second)
    assert await pipeline.archived(PARTITION) == 0
    clock.advance(5_000)
    await drain(second)
    with pytest.raises(Unavailable):
        await outbox.acknowledge_relayed(PARTITION, token, Position(1, 1), tail_max=0)
    await drain(pipeline.projector())
    assert await pipeline.archived(PARTITION) == 1


async def test_a_relay_that_stops_gives_its_partitions_back_at_once(pipeline: Pipeline) -> None:
    await pipeline.inventory.events.open_event(an_event())
    first = pipeline.relay("relay-1")
    await drain(first)
    await _sell(pipeline, 1)
    await first.aclose()
    await drain(pipeline.relay("relay-2"))
    await drain(pipeline.projector())
    assert await pipeline.archived(PARTITION) == 2


async def test_only_a_tail_of_what_was_relayed_stays_in_the_outbox(
    pipeline: Pipeline, connection: RedisConnection
) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 10)
    await drain(pipeline.relay())
    kept = await connection.call("XRANGE", f"{{p{PARTITION:02d}}}:outbox", "-", "+")
    assert isinstance(kept, list)
    ids = [entry[0] for entry in kept if isinstance(entry, list)]
    assert ids == ["1-9", "1-10", "1-11"]


async def test_the_bus_forgets_what_the_projector_has_behind_it(
    pipeline: Pipeline, connection: RedisConnection
) -> None:
    await pipeline.inventory.events.open_event(an_event())
    relay, projector = pipeline.relay(), pipeline.projector()
    for number in range(5):
        await _sell(pipeline, 1, first=number)
        await drain(relay)
        await drain(projector)
    lengths = [await connection.call("XLEN", f"{{b{shard:02d}}}:bus") for shard in range(4)]
    assert sorted(str(each) for each in lengths) == ["0", "0", "0", "1"]


async def test_two_projectors_apply_every_fact_once(pipeline: Pipeline) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 3)
    relay, first, second = pipeline.relay(), pipeline.projector(), pipeline.projector()
    await drain(relay)
    await drain(first)
    await drain(second)
    await _sell(pipeline, 3, first=3)
    await drain(relay)
    await drain(first)
    with pytest.raises(CursorMoved):
        await second.step()
    await drain(second)
    assert await pipeline.archived(PARTITION) == 7
    report = await pipeline.ledger.sales.report(EVENT)
    assert report is not None
    assert report.ticket_types[0].sold_quantity == 6


async def test_a_hole_stops_the_shard_and_skips_nothing(pipeline: Pipeline) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 1)
    await drain(pipeline.relay())
    projector = pipeline.projector()
    await drain(projector)
    hole = EventPaused(
        partition=PARTITION, position=Position(1, 4), at_ms=1, event_id=EVENT, version=2
    )
    await pipeline.bus.publish([Slice(PARTITION, [hole])])
    for _ in range(2):
        with pytest.raises(ContractError, match="a person must look"):
            await projector.step()
    assert await pipeline.archived(PARTITION) == 2
    found = await pipeline.inventory.events.read_event(EVENT)
    assert found is not None
    assert found[0].status is SellingStatus.OPEN


async def test_the_same_position_with_another_id_stops_the_shard(pipeline: Pipeline) -> None:
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 2)
    await drain(pipeline.relay())
    projector = pipeline.projector()
    await drain(projector)
    entries = await pipeline.inventory.outbox.read(PARTITION, Position(1, 0), 100)
    other = EventPaused(
        partition=PARTITION,
        position=entries[1].fact.position,
        at_ms=1,
        event_id=EVENT,
        version=2,
    )
    await pipeline.bus.publish([Slice(PARTITION, [other])])
    with pytest.raises(ContractError):
        await projector.step()
    assert await pipeline.archived(PARTITION) == 3


async def test_a_fact_that_cannot_be_written_stops_its_partition_alone(pipeline: Pipeline) -> None:
    beyond = replace(an_event("beyond"), starts_at_ms=INSTANT_MAX_MS + 1)
    assert partition_of(beyond.id, PARTITIONS) != PARTITION
    await pipeline.inventory.events.open_event(beyond)
    await pipeline.inventory.events.open_event(an_event())
    relay = pipeline.relay()
    for number in range(3):
        await _sell(pipeline, 1, first=number)
        with pytest.raises(ContractError, match="a person must look"):
            await drain(relay)
    await drain(pipeline.projector())
    assert await pipeline.archived(PARTITION) == 4
    assert await pipeline.archived(partition_of(beyond.id, PARTITIONS)) == 0


async def test_a_hole_in_an_outbox_stops_its_partition_alone(
    pipeline: Pipeline, connection: RedisConnection
) -> None:
    other = EventId("other")
    await pipeline.inventory.events.open_event(an_event("other"))
    await pipeline.inventory.events.open_event(an_event())
    await _sell(pipeline, 2)
    await connection.call("XDEL", f"{{p{PARTITION:02d}}}:outbox", "1-2")
    with pytest.raises(ContractError, match="seq 2 must stand"):
        await drain(pipeline.relay())
    await drain(pipeline.projector())
    assert await pipeline.archived(PARTITION) == 0
    assert await pipeline.archived(partition_of(other, PARTITIONS)) == 1


class Waits(RedisConnection):
    """Answers the commands of a relay only when all partitions have asked, as a slow disk answers
    at once whoever came before its last fsync."""

    def __init__(self, url: str, partitions: int) -> None:
        super().__init__(url, timeout_seconds=5, connections_max=8)
        self._all = asyncio.Barrier(partitions)
        self.is_slow = False

    async def call(self, *command: Argument) -> Reply:
        if self.is_slow:
            await self._all.wait()
        return await super().call(*command)


async def test_a_step_asks_for_all_partitions_at_once(
    pipeline: Pipeline, redis_server: RedisServer
) -> None:
    names = {partition_of(EventId(f"e{number}"), PARTITIONS): f"e{number}" for number in range(9)}
    for name in names.values():
        await pipeline.inventory.events.open_event(an_event(name))
    connection = Waits(redis_server.url, len(names))
    inventory = open_inventory(connection, ServerTime(timeout_seconds=5), partitions=PARTITIONS)
    relay = replace(pipeline, inventory=inventory).relay()
    await relay.step()  # the scripts are loaded by now
    for name in names.values():
        await pipeline.inventory.events.pause_event(EventId(name))
    connection.is_slow = True
    assert len(names) > 1
    assert await relay.step() is Progress.MORE
    connection.is_slow = False
    assert await relay.step() is Progress.IDLE
    await connection.aclose()
