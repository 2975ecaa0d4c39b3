"""Relay and projector on Kinesis: shards that split and merge in the middle, projectors that start
anew, throttles, refusals and lost answers; each fact is in the ledger once, and `verify` agrees."""

import random
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from app.bus import decode_fact
from app.bus.kinesis import KinesisBus, hash_key
from app.bus.kinesis_connection import KinesisConnection, open_kinesis
from app.domain.ids import EventId, partition_of
from app.domain.outcomes import OrderPlaced
from app.runtime.errors import ContractError, DependencyError, OutcomeUnknown, Unavailable
from app.runtime.jobs import Job
from app.selling import Verifying
from app.workers import Projector, Relay
from app.workers.projector import RECORDS_MAX
from tests.builders import PARTITIONS, a_wish, an_event
from tests.bus.clock import Seconds
from tests.bus.kinesis_faults import THROTTLE, Faults
from tests.servers.kinesalite import (
    KinesaliteServer,
    a_stream,
    find_shard,
    merge_shards,
    open_shards,
    split_shard,
)
from tests.workers.conftest import Pipeline, drain

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

EVENTS = [EventId(f"event-{number}") for number in range(10)]
STEPS_MAX = 300


class KinesisPipeline:
    """A pipeline over a stream of its own. `resharding` is the client of the test."""

    def __init__(
        self, pipeline: Pipeline, connection: KinesisConnection, resharding: "KinesisClient"
    ) -> None:
        self.pipeline = pipeline
        self.connection = connection
        self.resharding = resharding
        self.stream = connection._stream
        self.faults = Faults(connection._client)
        self.orders = 0
        self.seconds = Seconds()

    def relay(self) -> Relay:
        self.pipeline.bus = self.bus()
        return self.pipeline.relay()

    def bus(self) -> KinesisBus:
        return KinesisBus(self.connection, read_seconds=0, now=self.seconds)

    def projector(self) -> Projector:
        """Of a process that has just started."""
        return Projector(self.bus(), self.pipeline.ledger)

    async def sell(self, event: EventId, orders: int = 1) -> None:
        for _ in range(orders):
            self.orders += 1
            placed = await self.pipeline.inventory.orders.place_order(
                a_wish(
                    event_id=event,
                    email=f"buyer{self.orders}@example.com",
                    key=f"key-{self.orders:016d}",
                )
            )
            assert isinstance(placed, OrderPlaced)

    async def shard_of(self, event: EventId) -> str:
        """The open shard that its facts go to now."""
        key = hash_key(partition_of(event, PARTITIONS))
        for shard in await open_shards(self.resharding, self.stream):
            keys = (await find_shard(self.resharding, self.stream, shard))["HashKeyRange"]
            if int(keys["StartingHashKey"]) <= key <= int(keys["EndingHashKey"]):
                return shard
        raise AssertionError(f"no shard takes {event}")

    async def archived(self, event: EventId) -> int:
        return await self.pipeline.archived(partition_of(event, PARTITIONS))

    async def waiting_facts(self) -> int:
        """Behind which the ledger is."""
        heads = await self.pipeline.inventory.outbox.read_heads()
        return sum(
            [
                head.position.seq - await self.pipeline.archived(partition)
                for partition, head in heads.items()
                if head
            ]
        )

    async def step(self, job: Job) -> None:
        """What `run_jobs` does; its pause passes on the clock alone."""
        with suppress(DependencyError):
            await job.step()
        self.seconds.now += 0.5

    async def verify(self) -> None:
        verifying = Verifying(self.pipeline.inventory, self.pipeline.ledger, decode_fact)
        for event in EVENTS:
            verdict = await verifying.verify(event)
            assert verdict.agrees, (event, verdict)


@pytest.fixture
async def kinesis(
    pipeline: Pipeline, aws_environment: None, kinesalite: KinesaliteServer
) -> AsyncIterator[KinesisPipeline]:
    """Every event opened, nothing relayed."""
    async with (
        kinesalite.client() as client,
        a_stream(client, shards=2) as stream,
        open_kinesis(stream, endpoint_url=kinesalite.url, timeout_seconds=5) as connection,
    ):
        found = KinesisPipeline(pipeline, connection, client)
        for event in EVENTS:
            await pipeline.inventory.events.open_event(an_event(event, pools={"floor": 1_000}))
        yield found


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(each, marks=pytest.mark.slow) for each in range(1, 4))]
)
async def test_a_sale_survives_split_merge_throttles_refusals_lost_answers_and_restarts(
    seed: int, kinesis: KinesisPipeline
) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    faults = kinesis.faults
    for operation in ("PutRecords", "GetRecords", "GetShardIterator", "ListShards"):
        throttle = "LimitExceededException" if operation == "ListShards" else THROTTLE
        faults.answer_error_when(operation, throttle, lambda: chance.random() < 0.05)
        faults.answer_error_when(
            operation, "InternalFailure", lambda: chance.random() < 0.03, status=500
        )
        faults.lose_answer(operation, lambda: chance.random() < 0.05)
    faults.answer_error_when(
        "GetRecords", "ExpiredIteratorException", lambda: chance.random() < 0.05
    )
    faults.refuse_records(lambda *_: chance.random() < 0.2)
    relay, projector = kinesis.relay(), kinesis.projector()

    for number in range(60):
        for event in chance.sample(EVENTS, 4):
            await kinesis.sell(event)
        await kinesis.step(relay)
        if number % 15 == 5:
            shard = chance.choice(await open_shards(kinesis.resharding, kinesis.stream))
            await split_shard(kinesis.resharding, kinesis.stream, shard)
        if number % 15 == 12:
            shards = await open_shards(kinesis.resharding, kinesis.stream)
            place = chance.randrange(len(shards) - 1)
            await merge_shards(kinesis.resharding, kinesis.stream, shards[place], shards[place + 1])
        if chance.random() < 0.1:
            projector = kinesis.projector()
        if chance.random() < 0.5:
            await kinesis.step(projector)
    for _ in range(STEPS_MAX):
        await kinesis.step(relay)
        await kinesis.step(projector)
        if not await kinesis.waiting_facts():
            break

    assert await kinesis.waiting_facts() == 0
    assert kinesis.orders == 240
    await kinesis.verify()


async def test_children_wait_for_both_parents_of_a_merge(kinesis: KinesisPipeline) -> None:
    relay = kinesis.relay()
    one, other = await open_shards(kinesis.resharding, kinesis.stream)
    (long, *_) = [each for each in EVENTS if await kinesis.shard_of(each) == other]
    for _ in range(RECORDS_MAX * 3):
        await kinesis.sell(long)
        await drain(relay)
    await merge_shards(kinesis.resharding, kinesis.stream, one, other)
    await kinesis.sell(long)
    await drain(relay)

    projector = kinesis.projector()
    await projector.step()
    await projector.step()
    assert 0 < await kinesis.archived(long) < RECORDS_MAX * 3
    await drain(projector)

    assert await kinesis.archived(long) == RECORDS_MAX * 3 + 2
    await kinesis.verify()


async def test_a_projector_that_starts_after_a_split_reads_the_parent_first(
    kinesis: KinesisPipeline,
) -> None:
    relay, event = kinesis.relay(), EVENTS[0]
    await kinesis.sell(event)
    await drain(relay)
    await drain(kinesis.projector())
    await kinesis.sell(event)
    await drain(relay)
    await split_shard(kinesis.resharding, kinesis.stream, await kinesis.shard_of(event))
    await kinesis.sell(event)
    await drain(relay)

    await drain(kinesis.projector())
    assert await kinesis.waiting_facts() == 0
    # Once more, when the parent has nothing new and its end is known to nobody.
    await kinesis.sell(event)
    await drain(relay)
    await drain(kinesis.projector())
    assert await kinesis.waiting_facts() == 0
    await kinesis.verify()


async def test_a_parent_that_kinesis_has_forgotten_holds_nobody_up(
    kinesis: KinesisPipeline,
) -> None:
    relay, event = kinesis.relay(), EVENTS[0]
    await drain(relay)
    await drain(kinesis.projector())
    parent = await kinesis.shard_of(event)
    await split_shard(kinesis.resharding, kinesis.stream, parent)
    await kinesis.sell(event)
    await drain(relay)
    projector = kinesis.projector()
    # Forgotten between two lists of shards, and then missing from the list.
    kinesis.faults.answer_error("GetShardIterator", "ResourceNotFoundException")
    with pytest.raises(Unavailable):
        await projector.step()
    kinesis.faults.change_answer(
        "ListShards",
        lambda answer: answer.update(
            Shards=[each for each in answer["Shards"] if each["ShardId"] != parent]
        ),
    )

    await drain(projector)

    assert await kinesis.waiting_facts() == 0
    await kinesis.verify()


async def test_what_was_forgotten_before_it_was_read_stops_the_shard(
    kinesis: KinesisPipeline,
) -> None:
    """Never a jump to what is there: the hole is seen."""
    relay, event = kinesis.relay(), EVENTS[0]
    parent = await kinesis.shard_of(event)
    await drain(relay)
    await split_shard(kinesis.resharding, kinesis.stream, parent)
    await kinesis.sell(event)
    await drain(relay)
    kinesis.faults.change_answer(
        "ListShards",
        lambda answer: answer.update(
            Shards=[each for each in answer["Shards"] if each["ShardId"] != parent]
        ),
    )
    projector = kinesis.projector()

    for _ in range(2):
        with pytest.raises(ContractError, match="a person must look"):
            await drain(projector)

    assert await kinesis.archived(event) == 0


async def test_a_stopped_parent_holds_its_children_back(kinesis: KinesisPipeline) -> None:
    """They would see a hole where there is none, and stop for another reason than the true one."""
    relay, event = kinesis.relay(), EVENTS[0]
    parent = await kinesis.shard_of(event)
    await kinesis.resharding.put_record(
        StreamName=kinesis.stream,
        Data=b"not ours",
        PartitionKey="0",
        ExplicitHashKey=str(hash_key(partition_of(event, PARTITIONS))),
    )
    await drain(relay)
    await split_shard(kinesis.resharding, kinesis.stream, parent)
    await kinesis.sell(event)
    await drain(relay)
    projector = kinesis.projector()

    for _ in range(4):
        with pytest.raises(ContractError, match=f"look: shard {parent}: [^;]*$"):
            await drain(projector)

    assert await kinesis.archived(event) == 0


async def test_a_shard_that_does_not_answer_does_not_hold_up_the_others(
    kinesis: KinesisPipeline,
) -> None:
    relay, projector = kinesis.relay(), kinesis.projector()
    silent, _ = await open_shards(kinesis.resharding, kinesis.stream)
    there = [each for each in EVENTS if await kinesis.shard_of(each) != silent]
    kinesis.faults.lose_question(
        "GetShardIterator", lambda params: bool(params["ShardId"] == silent)
    )
    await drain(relay)

    with pytest.raises(Unavailable):
        await drain(projector)

    assert there
    assert [await kinesis.archived(each) for each in there] == [1] * len(there)


async def test_what_was_sent_twice_across_a_reshard_counts_once(kinesis: KinesisPipeline) -> None:
    relay, event = kinesis.relay(), EVENTS[0]
    await kinesis.sell(event)
    kinesis.faults.lose_answer("PutRecords")
    with pytest.raises(OutcomeUnknown):
        await relay.step()
    await split_shard(kinesis.resharding, kinesis.stream, await kinesis.shard_of(event))
    await drain(relay)

    await drain(kinesis.projector())

    assert await kinesis.archived(event) == 2
    await kinesis.verify()
