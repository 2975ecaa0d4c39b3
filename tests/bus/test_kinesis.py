"""Kinesis is a bus, and what is particular to it. kinesalite stands in for Kinesis; what it does
not do by itself (throttles, records refused, pages) is put in by events of botocore."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from app.bus import SLICE_FACTS_MAX, Batch, Bus, Slice, encode_slice
from app.bus.kinesis import (
    READ_SECONDS,
    RECORD_BYTES_MAX,
    REQUEST_BYTES_MAX,
    REQUEST_RECORDS_MAX,
    RETENTION_MS_MIN,
    SHARDS_SECONDS,
    THROTTLED_SECONDS,
    KinesisBus,
    hash_key,
)
from app.bus.kinesis_connection import KinesisConnection, NotFound, open_kinesis
from app.domain.ids import Partition
from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable
from tests.bus.kinesis_faults import Faults
from tests.contracts.bus import (
    BusContract,
    a_bulky_fact,
    a_slice,
    all_of,
    facts_of,
    publish,
    read_all,
    read_shard,
    shard_of,
)
from tests.servers.kinesalite import (
    KinesaliteServer,
    a_stream,
    find_shard,
    merge_shards,
    open_shards,
    split_shard,
)

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

SHARDS = 4


class Seconds:
    """A clock of the bus that stands still until moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def client(kinesalite: KinesaliteServer) -> AsyncIterator["KinesisClient"]:
    """Of the test itself; the bus has its own."""
    async with kinesalite.client() as client:
        yield client


@pytest.fixture
async def stream(client: "KinesisClient") -> AsyncIterator[str]:
    async with a_stream(client, shards=SHARDS) as name:
        yield name


@pytest.fixture
async def connection(
    aws_environment: None, kinesalite: KinesaliteServer, stream: str
) -> AsyncIterator[KinesisConnection]:
    async with open_kinesis(stream, endpoint_url=kinesalite.url, timeout_seconds=5) as connection:
        yield connection


@pytest.fixture
def faults(connection: KinesisConnection) -> Faults:
    return Faults(connection._client)


@pytest.fixture
def bus(connection: KinesisConnection) -> KinesisBus:
    return KinesisBus(connection, read_seconds=0)


class TestKinesis(BusContract):
    @pytest.fixture
    def bus(self, connection: KinesisConnection) -> Bus:
        return KinesisBus(connection, read_seconds=0)


# Publishing ---------------------------------------------------------------------------------------


async def test_a_slice_too_large_for_a_record_goes_in_pieces_one_after_the_other(
    bus: KinesisBus, faults: Faults
) -> None:
    facts = [a_bulky_fact(seq) for seq in range(1, SLICE_FACTS_MAX + 1)]
    assert len(encode_slice(facts)) > RECORD_BYTES_MAX

    assert await bus.publish([Slice(Partition(0), facts), a_slice(1)]) == {}

    first, *others = faults.requests
    assert first.keys() == {"0", "1"}
    assert [list(each) for each in others] == [["0"]] * len(others)
    assert len(others) > 1
    assert max(size + len("0") for each in faults.requests for size in each.values()) <= 2**20
    found = await read_shard(bus, await shard_of(bus, 0), expected=len(facts))
    assert [each for each in facts_of(found) if each.partition == 0] == facts


async def test_behind_a_piece_that_was_refused_nothing_is_sent(
    bus: KinesisBus, faults: Faults
) -> None:
    facts = [a_bulky_fact(seq) for seq in range(1, SLICE_FACTS_MAX + 1)]
    faults.refuse_records(lambda request, key: request == 2 and key == "0")

    refused = await bus.publish([Slice(Partition(0), facts), a_slice(1)])

    assert list(refused) == [0]
    taken = refused[Partition(0)]
    assert 0 < taken < len(facts)
    assert len(faults.requests) == 2
    found = await read_shard(bus, await shard_of(bus, 0), expected=taken)
    assert [each for each in facts_of(found) if each.partition == 0] == facts[:taken]
    # The rest goes on from there: even a shard that takes one record at a time comes to an end.
    assert await bus.publish([Slice(Partition(0), facts[taken:])]) == {}
    found = await read_shard(bus, await shard_of(bus, 0), expected=len(facts))
    assert [each for each in facts_of(found) if each.partition == 0] == facts


async def test_the_partitions_that_kinesis_refused_are_told_and_the_others_are_there(
    bus: KinesisBus, faults: Faults
) -> None:
    slices = [a_slice(each) for each in range(16)]
    faults.refuse_records(lambda _, key: int(key) % 3 == 0)

    refused = await bus.publish(slices)

    assert refused == {Partition(each): 0 for each in range(0, 16, 3)}
    found = await read_all(bus, expected=10 * 3)
    assert {each.partition for facts in found.values() for each in facts} == {
        each for each in range(16) if each % 3
    }


async def test_a_throttled_request_has_published_nothing(bus: KinesisBus, faults: Faults) -> None:
    faults.throttle("PutRecords", times=1)

    with pytest.raises(Unavailable):
        await bus.publish([a_slice()])
    assert await bus.publish([a_slice()]) == {}

    found = await read_shard(bus, await shard_of(bus, 0), expected=3)
    assert facts_of(found) == all_of(a_slice())


async def test_what_was_taken_before_a_throttle_is_told(bus: KinesisBus, faults: Faults) -> None:
    facts = [a_bulky_fact(seq) for seq in range(1, SLICE_FACTS_MAX + 1)]
    faults.throttle("PutRecords", times=1, after=1)

    refused = await bus.publish([Slice(Partition(0), facts)])

    found = await read_shard(bus, await shard_of(bus, 0), expected=1)
    assert facts_of(found) == facts[: refused[Partition(0)]]


async def test_a_publish_whose_answer_is_lost_may_have_come_about_and_may_be_sent_again(
    bus: KinesisBus, faults: Faults
) -> None:
    faults.lose_answer("PutRecords")

    with pytest.raises(OutcomeUnknown):
        await bus.publish([a_slice()])
    assert await bus.publish([a_slice()]) == {}

    found = await read_shard(bus, await shard_of(bus, 0), expected=6)
    assert facts_of(found) == all_of(a_slice(), a_slice())


async def test_a_request_keeps_to_what_kinesis_takes_at_once(
    bus: KinesisBus, faults: Faults
) -> None:
    facts = [a_bulky_fact(seq) for seq in range(1, 61)]
    slices = [Slice(Partition(each), facts) for each in range(40)]

    assert await bus.publish(slices) == {}

    assert len(faults.requests) > 1
    assert max(map(len, faults.requests)) <= REQUEST_RECORDS_MAX
    assert max(sum(each.values()) for each in faults.requests) <= REQUEST_BYTES_MAX
    assert sorted(key for keys in faults.requests for key in keys) == sorted(map(str, range(40)))


async def test_a_publish_that_takes_long_stops_between_two_pieces(
    connection: KinesisConnection, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(connection, read_seconds=0, now=seconds)
    faults.before("PutRecords", lambda: setattr(seconds, "now", seconds.now + 1))
    facts = [a_bulky_fact(seq) for seq in range(1, SLICE_FACTS_MAX + 1)]

    refused = await bus.publish([Slice(Partition(0), facts)])

    assert len(faults.requests) == 1
    assert 0 < refused[Partition(0)] < len(facts)


# Reading ------------------------------------------------------------------------------------------


async def test_a_shard_is_asked_no_more_often_than_it_answers(
    connection: KinesisConnection, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(connection, now=seconds)
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
    operation: str, connection: KinesisConnection, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(connection, now=seconds)
    await publish(bus, a_slice())
    shard = await shard_of(KinesisBus(connection), 0)
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
    bus: KinesisBus, faults: Faults
) -> None:
    await publish(bus, a_slice(first=1))
    shard = await shard_of(bus, 0)
    position = (await bus.read(shard, None, 100)).position
    await publish(bus, a_slice(first=4))
    still = {"Records": [], "NextShardIterator": "still", "MillisBehindLatest": RETENTION_MS_MIN}
    faults.answer("GetRecords", still)

    assert (await bus.read(shard, position, 100)).facts == []
    found = await bus.read(shard, position, 100)

    assert facts_of(found.facts) == all_of(a_slice(first=1), a_slice(first=4))


async def test_a_record_that_nobody_of_ours_wrote_stops_the_reader(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    put = await client.put_record(StreamName=stream, Data=b"not a slice", PartitionKey="0")

    for _ in range(2):
        with pytest.raises(ContractError):
            await bus.read(put["ShardId"], None, 10)


@pytest.mark.parametrize("shards", [1, 2, 4, 8, 16])
def test_partitions_are_spread_evenly_over_shards(shards: int) -> None:
    found = [hash_key(Partition(each)) * shards >> 128 for each in range(16)]

    assert {found.count(shard) for shard in range(shards)} == {16 // shards}


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
    bus: KinesisBus, connection: KinesisConnection, client: "KinesisClient", stream: str
) -> None:
    await publish(bus, a_slice())
    parent = await shard_of(bus, 0)
    await split_shard(client, stream, parent)
    end = await _read_to_the_end(bus, parent, None)

    restarted = KinesisBus(connection, read_seconds=0)

    assert await _read_to_the_end(restarted, parent, end) == end
    assert (await restarted.read(parent, end, 1)).is_ended


async def test_a_closed_shard_of_which_nothing_was_ever_read_ends_too(
    bus: KinesisBus, client: "KinesisClient", stream: str
) -> None:
    (empty, *_) = await open_shards(client, stream)
    await split_shard(client, stream, empty)

    assert await _read_to_the_end(bus, empty, None) is None


async def test_shards_are_listed_now_and_then_and_at_once_when_one_has_ended(
    connection: KinesisConnection, client: "KinesisClient", stream: str, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(connection, read_seconds=0, now=seconds)
    for _ in range(3):
        assert len(await bus.shards()) == SHARDS
    assert faults.calls == ["ListShards"]
    parent = (await bus.shards())[0].id
    await split_shard(client, stream, parent)
    assert len(await bus.shards()) == SHARDS

    await _read_to_the_end(bus, parent, None)
    assert len(await bus.shards()) == SHARDS + 2

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
