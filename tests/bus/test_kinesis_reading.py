"""How Kinesis is read: not too fast, from any position, through splits and merges."""

from typing import TYPE_CHECKING

import pytest

from app.bus import Batch, Bus
from app.bus.kinesis import (
    READ_SECONDS,
    RETENTION_MS_MIN,
    SHARDS_SECONDS,
    THROTTLED_SECONDS,
    KinesisBus,
)
from app.bus.kinesis_connection import KinesisConnection, NotFound
from app.runtime.errors import ContractError
from tests.bus.clock import Seconds
from tests.bus.conftest import KINESIS_SHARDS
from tests.bus.kinesis_faults import Faults
from tests.contracts.bus import (
    a_slice,
    all_of,
    facts_of,
    publish,
    read_shard,
    shard_of,
)
from tests.servers.kinesalite import find_shard, merge_shards, open_shards, split_shard

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient


@pytest.fixture
def bus(kinesis_connection: KinesisConnection) -> KinesisBus:
    return KinesisBus(kinesis_connection, read_seconds=0)


# Reading ------------------------------------------------------------------------------------------


async def test_a_shard_is_asked_no_more_often_than_it_answers(
    kinesis_connection: KinesisConnection, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(kinesis_connection, now=seconds)
    await publish(bus, a_slice(first=1))
    shard = await shard_of(bus, 0)
    position = (await bus.read(shard, None, 100)).position
    await publish(bus, a_slice(first=4), a_slice(first=7))
    faults.calls.clear()

    assert await bus.read(shard, position, 1) == Batch([], position)
    assert faults.calls == []

    seconds.now += READ_SECONDS
    for first in (4, 7):
        batch = await bus.read(shard, position, 1)
        assert facts_of(batch.facts) == all_of(a_slice(first=first))
        position = batch.position
    assert await bus.read(shard, position, 1) == Batch([], position)
    assert faults.calls == ["GetRecords"]

    seconds.now += READ_SECONDS
    await bus.read(shard, position, 1)
    assert faults.calls == ["GetRecords", "GetRecords"]


async def test_what_was_read_and_not_kept_is_read_again_without_asking(
    bus: KinesisBus, faults: Faults
) -> None:
    await publish(bus, a_slice(first=1), a_slice(first=4))
    shard = await shard_of(bus, 0)
    first = await bus.read(shard, None, 1)
    faults.calls.clear()

    assert await bus.read(shard, None, 1) == first
    assert faults.calls == []


@pytest.mark.parametrize("operation", ["GetRecords", "GetShardIterator"])
async def test_a_throttled_read_finds_nothing_and_waits_a_second(
    operation: str, kinesis_connection: KinesisConnection, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(kinesis_connection, now=seconds)
    await publish(bus, a_slice())
    shard = await shard_of(KinesisBus(kinesis_connection), 0)
    faults.throttle(operation)

    assert await bus.read(shard, None, 1) == Batch([], None)
    seconds.now += THROTTLED_SECONDS - 0.01
    assert await bus.read(shard, None, 1) == Batch([], None)
    seconds.now += 0.01
    assert facts_of((await bus.read(shard, None, 1)).facts) == all_of(a_slice())


async def test_behind_an_expired_iterator_reading_goes_on_from_the_position(
    bus: KinesisBus, faults: Faults
) -> None:
    await publish(bus, a_slice(first=1))
    shard = await shard_of(bus, 0)
    position = (await bus.read(shard, None, 100)).position
    await publish(bus, a_slice(first=4))
    faults.answer_error("GetRecords", "ExpiredIteratorException")

    assert (await bus.read(shard, position, 100)).facts == []
    rest = await read_shard(bus, shard, position, expected=3)
    assert facts_of(rest) == all_of(a_slice(first=4))


async def test_a_position_that_kinesis_does_not_know_means_the_oldest_record(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    """One of a stream that was made anew under its old name, say."""
    await publish(bus, a_slice())
    shard = await shard_of(bus, 0)
    elsewhere = next(each for each in await open_shards(client, stream) if each != shard)
    starts = (await find_shard(client, stream, elsewhere))["SequenceNumberRange"]

    found = await bus.read(shard, starts["StartingSequenceNumber"], 100)

    assert facts_of(found.facts) == all_of(a_slice())
    await publish(bus, a_slice(first=4))
    rest = await read_shard(bus, shard, found.position, expected=3)
    assert facts_of(rest) == all_of(a_slice(first=4))


async def test_an_iterator_that_stands_still_behind_a_forgotten_record_is_given_up(
    bus: KinesisBus, kinesis_connection: KinesisConnection, faults: Faults
) -> None:
    await publish(bus, a_slice(first=1))
    shard = await shard_of(bus, 0)
    position = (await bus.read(shard, None, 100)).position
    await publish(bus, a_slice(first=4))
    restarted = KinesisBus(kinesis_connection, read_seconds=0)
    still = {"Records": [], "NextShardIterator": "still", "MillisBehindLatest": RETENTION_MS_MIN}
    faults.answer("GetRecords", still)

    assert (await restarted.read(shard, position, 100)).facts == []
    found = await restarted.read(shard, position, 100)

    assert facts_of(found.facts) == all_of(a_slice(first=1), a_slice(first=4))
    # Between two records it is another matter, however far behind: that is no reason to go back.
    faults.answer("GetRecords", still, still)
    faults.calls.clear()
    for _ in range(2):
        assert await restarted.read(shard, found.position, 100) == Batch([], found.position)
    assert faults.calls == ["GetRecords", "GetRecords"]


async def test_a_record_that_nobody_of_ours_wrote_stops_the_reader(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    put = await client.put_record(StreamName=stream, Data=b"not a slice", PartitionKey="0")

    for _ in range(2):
        with pytest.raises(ContractError):
            await bus.read(put["ShardId"], None, 10)


# Shards -------------------------------------------------------------------------------------------


async def test_a_split_shard_ends_and_its_children_go_on(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    await publish(bus, a_slice(first=1))
    parent = await shard_of(bus, 0)
    await split_shard(client, stream, parent)
    await publish(bus, a_slice(first=4))

    batch = await bus.read(parent, None, 100)
    assert facts_of(batch.facts) == all_of(a_slice(first=1))
    end = await _read_to_the_end(bus, parent, batch.position)
    assert end == batch.position
    children = [each.id for each in await bus.shards() if each.parents == (parent,)]
    assert len(children) == 2
    found = [fact for child in children for fact in (await bus.read(child, None, 100)).facts]
    assert facts_of(found) == all_of(a_slice(first=4))


async def test_a_merged_shard_has_two_parents(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    one, other = (await open_shards(client, stream))[:2]
    await merge_shards(client, stream, one, other)

    (child,) = [each for each in await bus.shards() if each.parents]

    assert set(child.parents) == {one, other}


async def test_the_end_of_a_shard_is_told_again_after_a_restart(
    bus: KinesisBus, kinesis_connection: KinesisConnection, client: "KinesisClient", stream: str
) -> None:
    await publish(bus, a_slice())
    parent = await shard_of(bus, 0)
    await split_shard(client, stream, parent)
    end = await _read_to_the_end(bus, parent, None)

    restarted = KinesisBus(kinesis_connection, read_seconds=0)

    assert await _read_to_the_end(restarted, parent, end) == end
    assert (await restarted.read(parent, end, 1)).is_ended


async def test_a_closed_shard_of_which_nothing_was_ever_read_ends_too(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    (empty, *_) = await open_shards(client, stream)
    await split_shard(client, stream, empty)

    assert await _read_to_the_end(bus, empty, None) is None


async def test_shards_are_listed_now_and_then_and_at_once_when_one_has_ended(
    kinesis_connection: KinesisConnection, client: "KinesisClient", stream: str, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(kinesis_connection, read_seconds=0, now=seconds)
    for _ in range(3):
        assert len(await bus.shards()) == KINESIS_SHARDS
    assert faults.calls == ["ListShards"]
    parent = (await bus.shards())[0].id
    await split_shard(client, stream, parent)
    assert len(await bus.shards()) == KINESIS_SHARDS

    await _read_to_the_end(bus, parent, None)
    assert len(await bus.shards()) == KINESIS_SHARDS + 2

    seconds.now += SHARDS_SECONDS
    await bus.shards()
    assert faults.calls.count("ListShards") == 3


async def test_a_list_of_shards_in_pages_is_read_to_its_end(
    bus: KinesisBus, faults: Faults
) -> None:
    faults.answer(
        "ListShards",
        {"Shards": [{"ShardId": "a"}], "NextToken": "more"},
        {"Shards": [{"ShardId": "b", "ParentShardId": "a"}]},
    )

    assert [(each.id, each.parents) for each in await bus.shards()] == [("a", ()), ("b", ("a",))]
    assert [set(each) for each in faults.questions] == [{"StreamName"}, {"NextToken"}]


async def test_a_shard_that_is_gone_is_not_there_for_now_and_shards_are_listed_anew(
    bus: KinesisBus, faults: Faults
) -> None:
    shard = (await bus.shards())[0].id
    faults.answer_error("GetShardIterator", "ResourceNotFoundException")

    with pytest.raises(NotFound):
        await bus.read(shard, None, 1)

    await bus.shards()
    assert faults.calls.count("ListShards") == 2


async def _read_to_the_end(bus: Bus, shard: str, position: str | None) -> str | None:
    """The last position of a closed shard."""
    for _ in range(50):
        batch = await bus.read(shard, position, 100)
        position = batch.position
        if batch.is_ended:
            return position
    raise AssertionError(f"shard {shard} does not end")
