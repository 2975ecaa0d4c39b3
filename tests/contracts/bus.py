"""What every bus must do (`app.bus.contract`), whatever it is made of.

class TestSomeBus(BusContract):              # ForgettingBusContract for one that trims
    @pytest.fixture
    def bus(self) -> Bus: ...                # a new, empty bus of at least two shards
"""

import hashlib
import json
from collections.abc import Sequence

import pytest

from app.bus import SLICE_FACTS_MAX, Bus, Slice, decode_fact, encode_fact
from app.domain.facts import EventPaused, Fact, OrderHeld, Position, RecordedFact
from app.domain.ids import CustomerRef, EventId, OrderId, Partition, TicketTypeId
from app.domain.orders import Birth, Order, OrderLine, OrderStatus
from payments import Money

READS_MAX = 200
"""A bus that comes to no end within so many reads is broken."""
RECORDS_MAX = 100


def a_slice(partition: int = 0, *, first: int = 1, count: int = 3) -> Slice:
    """Small facts at the positions 1:first, 1:first+1, ..."""
    facts = [
        EventPaused(
            partition=Partition(partition),
            position=Position(1, seq),
            at_ms=1_800_000_000_000 + seq,
            event_id=EventId(f"event-{partition}"),
            version=seq,
        )
        for seq in range(first, first + count)
    ]
    return Slice(Partition(partition), facts)


def a_bulky_fact(seq: int) -> Fact:
    """As many lines and names as long as an order can have, unlike those of its neighbours, so that
    little of it compresses."""
    event_id, born_ms = EventId("event-0"), 1_800_000_000_000 + seq
    names = [_a_long_name(f"{seq} {each}") for each in range(20)]
    lines = tuple(
        OrderLine(TicketTypeId(f"type-{number}"), 100, Money(10**12, "EUR"), name)
        for number, name in enumerate(names)
    )
    order = Order(
        id=OrderId(f"00.event-0.{_a_hash(f'id {seq}')[:26]}"),
        event_id=event_id,
        customer_ref=CustomerRef(_a_hash(f"customer {seq}")[:26]),
        fingerprint=_a_hash(f"fingerprint {seq}")[:32],
        status=OrderStatus.HELD,
        birth=Birth(OrderStatus.HELD, born_ms + 1),
        lines=lines,
        total=Money(2_000 * 10**12, "EUR"),
        created_at_ms=born_ms,
        expires_at_ms=born_ms + 1,
        confirmed_at_ms=None,
        version=1,
        payment_id=None,
        settlement=None,
        refunded=Money(0, "EUR"),
    )
    return OrderHeld(
        partition=Partition(0),
        position=Position(1, seq),
        at_ms=born_ms,
        event_id=event_id,
        version=1,
        order=order,
        previous=None,
    )


def _a_long_name(seed: str) -> str:
    """200 characters, of more than one alphabet."""
    return ("Ñandú 🎟 " + "".join(_a_hash(f"{seed} {each}") for each in range(3)))[:200]


def _a_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def publish(bus: Bus, *slices: Slice) -> None:
    """One after the other, as the relay does it within a partition."""
    for each in slices:
        assert await bus.publish([each]) == {}


async def read_shard(
    bus: Bus, shard_id: str, after: str | None = None, *, expected: int, records_max: int = 100
) -> list[RecordedFact]:
    """The facts behind `after`: at least `expected`, and then until a read finds nothing."""
    facts: list[RecordedFact] = []
    for _ in range(READS_MAX):
        batch = await bus.read(shard_id, after, records_max)
        facts += batch.facts
        after = batch.position
        if not batch.facts and len(facts) >= expected:
            return facts
    raise AssertionError(f"{len(facts)} facts and no end, {expected} expected")


async def read_all(bus: Bus, *, expected: int) -> dict[str, list[Fact]]:
    """The facts of every shard, from the oldest: at least `expected`, and then until a round over
    all of them finds nothing."""
    facts: dict[str, list[Fact]] = {shard.id: [] for shard in await bus.shards()}
    positions: dict[str, str | None] = dict.fromkeys(facts)
    for _ in range(READS_MAX):
        found = 0
        for shard in facts:
            batch = await bus.read(shard, positions[shard], RECORDS_MAX)
            facts[shard] += facts_of(batch.facts)
            positions[shard] = batch.position
            found += len(batch.facts)
        if found == 0 and sum(map(len, facts.values())) >= expected:
            return facts
    raise AssertionError(f"{sum(map(len, facts.values()))} facts and no end, {expected} expected")


async def shard_of(bus: Bus, partition: int) -> str:
    """Where a partition's facts are found; something of it must have been published."""
    for _ in range(READS_MAX):
        for shard in await bus.shards():
            batch = await bus.read(shard.id, None, RECORDS_MAX)
            if any(each.fact.partition == partition for each in batch.facts):
                return shard.id
    raise AssertionError(f"no shard has facts of partition {partition}")


def facts_of(recorded: Sequence[RecordedFact]) -> list[Fact]:
    return [each.fact for each in recorded]


def all_of(*slices: Slice) -> list[Fact]:
    return [fact for each in slices for fact in each.facts]


class BusContract:
    @pytest.fixture
    def bus(self) -> Bus:
        raise NotImplementedError

    async def test_an_empty_bus_has_shards_and_nothing_on_them(self, bus: Bus) -> None:
        shards = await bus.shards()

        assert len({shard.id for shard in shards}) == len(shards) > 1
        for shard in shards:
            assert (await bus.read(shard.id, None, RECORDS_MAX)).facts == []

    async def test_publishing_nothing_refuses_nothing(self, bus: Bus) -> None:
        assert await bus.publish([]) == {}

    async def test_what_is_published_is_read_in_the_order_of_its_partition(self, bus: Bus) -> None:
        slices = [a_slice(first=first) for first in (1, 4, 7)]
        await publish(bus, *slices)

        shard = await shard_of(bus, 0)
        assert facts_of(await read_shard(bus, shard, expected=9)) == all_of(*slices)

    async def test_many_partitions_at_once_each_keep_their_order(self, bus: Bus) -> None:
        rounds = [[a_slice(each, first=first) for each in range(16)] for first in (1, 4, 7)]
        for slices in rounds:
            assert await bus.publish(slices) == {}

        found = await read_all(bus, expected=16 * 9)
        by_partition: dict[int, list[Fact]] = {}
        shards_of: dict[int, set[str]] = {}
        for shard, facts in found.items():
            for each in facts:
                by_partition.setdefault(each.partition, []).append(each)
                shards_of.setdefault(each.partition, set()).add(shard)
        assert by_partition == {
            partition: all_of(*(slices[partition] for slices in rounds)) for partition in range(16)
        }
        assert {len(shards) for shards in shards_of.values()} == {1}
        assert len(set().union(*shards_of.values())) > 1

    async def test_reading_goes_on_from_any_position_without_loss_or_repetition(
        self, bus: Bus
    ) -> None:
        slices = [a_slice(first=first) for first in (1, 4, 7, 10)]
        await publish(bus, *slices)
        shard, everything = await shard_of(bus, 0), all_of(*slices)

        position, passed = None, 0
        for _ in range(READS_MAX):
            rest = await read_shard(bus, shard, position, expected=len(everything) - passed)
            assert facts_of(rest) == everything[passed:]
            batch = await bus.read(shard, position, records_max=1)
            position, passed = batch.position, passed + len(batch.facts)
            if passed == len(everything):
                break
        assert passed == len(everything)

    async def test_what_is_published_later_is_read_from_the_last_position(self, bus: Bus) -> None:
        await publish(bus, a_slice(first=1))
        shard = await shard_of(bus, 0)
        position = (await bus.read(shard, None, RECORDS_MAX)).position

        await publish(bus, a_slice(first=4))

        rest = await read_shard(bus, shard, position, expected=3)
        assert facts_of(rest) == all_of(a_slice(first=4))

    async def test_an_empty_read_leaves_the_position_a_good_one(self, bus: Bus) -> None:
        await publish(bus, a_slice(first=1))
        shard = await shard_of(bus, 0)
        position = (await bus.read(shard, None, RECORDS_MAX)).position

        for _ in range(3):
            batch = await bus.read(shard, position, RECORDS_MAX)
            assert (batch.facts, batch.is_ended) == ([], False)
            position = batch.position

        await publish(bus, a_slice(first=4))
        rest = await read_shard(bus, shard, position, expected=3)
        assert facts_of(rest) == all_of(a_slice(first=4))

    async def test_it_says_for_certain_when_a_shard_was_read_to_its_end(self, bus: Bus) -> None:
        await publish(bus, a_slice(), a_slice(first=4), a_slice(first=7))
        shard = await shard_of(bus, 0)
        position, facts = None, 0
        for _ in range(READS_MAX):
            batch = await bus.read(shard, position, 2)
            position, facts = batch.position, facts + len(batch.facts)
            if batch.is_at_end:
                break
        assert facts == 9
        assert batch.is_at_end

    async def test_two_readers_do_not_disturb_each_other(self, bus: Bus) -> None:
        slices = [a_slice(first=first) for first in (1, 4)]
        await publish(bus, *slices)
        shard = await shard_of(bus, 0)

        first = await read_shard(bus, shard, expected=6)
        second = await read_shard(bus, shard, expected=6, records_max=1)

        assert facts_of(first) == facts_of(second) == all_of(*slices)

    async def test_a_slice_that_is_sent_again_comes_again_and_keeps_its_order(
        self, bus: Bus
    ) -> None:
        one, two = a_slice(first=1), a_slice(first=4)
        await publish(bus, one, one, two, one)

        facts = facts_of(await read_shard(bus, await shard_of(bus, 0), expected=12))
        assert facts == all_of(one, one, two, one)

    async def test_one_read_brings_no_more_records_than_were_asked_for(self, bus: Bus) -> None:
        await publish(bus, *(a_slice(first=first) for first in (1, 4, 7, 10, 13)))
        shard = await shard_of(bus, 0)

        sizes = [len((await bus.read(shard, None, most)).facts) for most in (1, 2, 4)]

        assert all(size <= 3 * most for size, most in zip(sizes, (1, 2, 4), strict=True))
        assert sizes[0] > 0

    async def test_every_fact_survives_as_it_was(self, bus: Bus) -> None:
        fact = a_bulky_fact(1)
        await publish(bus, Slice(Partition(0), [fact]))
        shard = await shard_of(bus, 0)

        (first,), (again,) = [await read_shard(bus, shard, expected=1) for _ in range(2)]

        assert first.fact == fact
        assert encode_fact(first.fact) == encode_fact(fact)
        assert json.loads(first.text) == json.loads(encode_fact(fact))
        assert decode_fact(first.text) == fact
        assert again.text == first.text

    async def test_the_largest_slice_passes(self, bus: Bus) -> None:
        facts = [a_bulky_fact(seq) for seq in range(1, SLICE_FACTS_MAX + 1)]
        await publish(bus, Slice(Partition(0), facts))

        found = await read_shard(bus, await shard_of(bus, 0), expected=len(facts))
        assert facts_of(found) == facts

    async def test_a_reader_may_always_tell_how_far_it_is(self, bus: Bus) -> None:
        await publish(bus, a_slice(first=1), a_slice(first=4))
        shard = await shard_of(bus, 0)
        await bus.keep_from("projector", shard, None)
        position = (await bus.read(shard, None, records_max=1)).position

        await bus.keep_from("projector", shard, position)
        await bus.keep_from("projector", shard, position)

        rest = await read_shard(bus, shard, position, expected=3)
        assert facts_of(rest) == all_of(a_slice(first=4))


class ForgettingBusContract(BusContract):
    """A bus without a retention time of its own: it forgets what every reader has behind it."""

    async def test_what_the_slowest_reader_has_not_passed_is_kept(self, bus: Bus) -> None:
        slices = [a_slice(first=first) for first in (1, 4, 7, 10)]
        await publish(bus, *slices)
        shard = await shard_of(bus, 0)
        end = (await bus.read(shard, None, RECORDS_MAX)).position
        for reader in ("slow", "fast"):
            await bus.keep_from(reader, shard, None)

        await bus.keep_from("fast", shard, end)
        assert facts_of(await read_shard(bus, shard, expected=12)) == all_of(*slices)

        position = (await bus.read(shard, None, records_max=2)).position
        await bus.keep_from("slow", shard, position)
        rest = await read_shard(bus, shard, position, expected=6)
        assert facts_of(rest) == all_of(*slices[2:])

    async def test_what_all_readers_have_passed_is_forgotten(self, bus: Bus) -> None:
        await publish(bus, *(a_slice(first=first) for first in (1, 4, 7, 10)))
        shard = await shard_of(bus, 0)
        end = (await bus.read(shard, None, RECORDS_MAX)).position

        for reader in ("slow", "fast"):
            await bus.keep_from(reader, shard, end)

        assert len((await bus.read(shard, None, RECORDS_MAX)).facts) <= 3
        await publish(bus, a_slice(first=13))
        rest = await read_shard(bus, shard, end, expected=3)
        assert facts_of(rest) == all_of(a_slice(first=13))

    async def test_forgetting_on_one_shard_leaves_the_others(self, bus: Bus) -> None:
        slices = [a_slice(partition) for partition in range(16)]
        assert await bus.publish(slices) == {}
        shard, before = await shard_of(bus, 0), await read_all(bus, expected=16 * 3)
        end = (await bus.read(shard, None, RECORDS_MAX)).position

        await bus.keep_from("projector", shard, end)

        after = await read_all(bus, expected=0)
        assert len(after.pop(shard)) < len(before.pop(shard))
        assert after == before
