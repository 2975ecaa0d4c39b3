"""Kinesis is a bus, and how it is published to. kinesalite stands in for Kinesis; what it does not
do by itself (throttles, records refused, answers lost) is put in by events of botocore."""

import pytest

from app.bus import SLICE_FACTS_MAX, Bus, Slice, encode_slice
from app.bus.kinesis import (
    RECORD_BYTES_MAX,
    REQUEST_BYTES_MAX,
    REQUEST_RECORDS_MAX,
    KinesisBus,
    hash_key,
)
from app.bus.kinesis_connection import KinesisConnection
from app.domain.ids import Partition
from app.runtime.errors import OutcomeUnknown, Unavailable
from tests.bus.clock import Seconds
from tests.bus.kinesis_faults import Faults
from tests.contracts.bus import (
    BusContract,
    a_bulky_fact,
    a_slice,
    all_of,
    facts_of,
    read_all,
    read_shard,
    shard_of,
)


@pytest.fixture
def bus(kinesis_connection: KinesisConnection) -> KinesisBus:
    return KinesisBus(kinesis_connection, read_seconds=0)


class TestKinesis(BusContract):
    @pytest.fixture
    def bus(self, kinesis_connection: KinesisConnection) -> Bus:
        return KinesisBus(kinesis_connection, read_seconds=0)


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
    kinesis_connection: KinesisConnection, faults: Faults
) -> None:
    seconds = Seconds()
    bus = KinesisBus(kinesis_connection, read_seconds=0, now=seconds)
    faults.before("PutRecords", lambda: setattr(seconds, "now", seconds.now + 1))
    facts = [a_bulky_fact(seq) for seq in range(1, SLICE_FACTS_MAX + 1)]

    refused = await bus.publish([Slice(Partition(0), facts)])

    assert len(faults.requests) == 1
    assert 0 < refused[Partition(0)] < len(facts)


@pytest.mark.parametrize("shards", [1, 2, 4, 8, 16])
def test_partitions_are_spread_evenly_over_shards(shards: int) -> None:
    found = [hash_key(Partition(each)) * shards >> 128 for each in range(16)]

    assert {found.count(shard) for shard in range(shards)} == {16 // shards}
