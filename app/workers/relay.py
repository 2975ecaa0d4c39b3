"""The relay: outbox to bus, in order, each fact at least once.

At most one slice of a partition is on its way; what the bus refused goes again before anything
that follows it. E-mail and name go to the ledger first and never onto the bus.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.bus import SLICE_FACTS_MAX, Bus, Slice
from app.domain.facts import OrderFact, Position
from app.domain.ids import Partition
from app.inventory import Head, Inventory, OutboxEntry
from app.ledger import Customers
from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable
from app.runtime.jobs import Progress
from app.runtime.metrics import RELAY_LAG_FACTS, RELAYED_FACTS, STOPPED_PARTITIONS

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """`step_seconds_max` is well below `lease_seconds`: a step ends before its leases do."""

    lease_seconds: float
    step_seconds_max: float
    outbox_tail_max: int


class Relay:
    """One step takes at most one slice of every partition. A partition leased by another relay is
    left to it. All partitions are asked at once: where each answer waits for a slow disk, one after
    the other would outlast the step, and nothing would ever be relayed."""

    name = "relay"
    idle_seconds = 0.05

    def __init__(
        self, inventory: Inventory, bus: Bus, customers: Customers, owner: str, limits: RelayLimits
    ) -> None:
        self._outbox = inventory.outbox
        self._bus = bus
        self._customers = customers
        self._owner = owner
        self._limits = limits
        self._leased: set[Partition] = set()
        self._stopped: dict[Partition, str] = {}

    async def step(self) -> Progress:
        try:
            async with asyncio.timeout(self._limits.step_seconds_max):
                return await self._relay()
        except TimeoutError as error:
            raise OutcomeUnknown("a relay step took too long; its slices go again") from error

    async def aclose(self) -> None:
        for partition in self._leased:
            await self._outbox.take_lease(partition, self._owner, 0)

    async def _relay(self) -> Progress:
        heads = await self._outbox.read_heads()
        waiting = {
            each: head
            for each, head in heads.items()
            if head and head.waiting_facts and each not in self._stopped
        }
        for partition, head in heads.items():
            RELAY_LAG_FACTS.labels(partition).set(head.waiting_facts if head else 0)
        tokens = await self._lease(waiting)
        entries = await self._read(tokens, waiting)
        slices = [
            Slice(partition, [entry.fact for entry in found])
            for partition, found in entries.items()
            if found
        ]
        await self._save_people(entries)
        refused = await self._publish(slices)
        taken = {each.partition: refused.get(each.partition, len(each.facts)) for each in slices}
        await asyncio.gather(
            *(
                self._acknowledge(each, taken[each.partition], tokens[each.partition])
                for each in slices
                if taken[each.partition]
            )
        )
        moved = any(taken.values())
        if moved and not refused:
            return Progress.MORE  # what has stopped is said when the others have nothing more
        if self._stopped:
            detail = "; ".join(f"partition {each}: {why}" for each, why in self._stopped.items())
            raise ContractError(f"facts cannot be relayed, a person must look: {detail}")
        if refused and not moved:
            raise Unavailable(f"the bus refuses all of {len(slices)} slices for now")
        return Progress.IDLE

    async def _read(
        self, partitions: Iterable[Partition], heads: Mapping[Partition, Head]
    ) -> dict[Partition, list[OutboxEntry]]:
        found = await asyncio.gather(
            *(self._read_one(each, heads[each].relayed) for each in partitions)
        )
        return dict(zip(partitions, found, strict=True))

    async def _read_one(self, partition: Partition, after: Position) -> list[OutboxEntry]:
        try:
            return await self._outbox.read(partition, after, SLICE_FACTS_MAX)
        except ContractError as error:
            self._stop(partition, error)
            return []

    async def _publish(self, slices: Sequence[Slice]) -> Mapping[Partition, int]:
        """What was refused. One that cannot be written at all stops its partition alone."""
        if not slices:
            return {}
        try:
            return await self._bus.publish(slices)
        except ContractError as error:
            if len(slices) == 1:
                self._stop(slices[0].partition, error)
                return {slices[0].partition: 0}
        refused: dict[Partition, int] = {}
        for each in slices:
            refused |= await self._publish([each])
        return refused

    async def _acknowledge(self, sent: Slice, taken: int, token: int) -> None:
        """`taken`: how many of its facts, from the first, are on the bus."""
        await self._outbox.acknowledge_relayed(
            sent.partition,
            token,
            sent.facts[taken - 1].position,
            tail_max=self._limits.outbox_tail_max,
        )
        RELAYED_FACTS.inc(taken)

    def _stop(self, partition: Partition, error: ContractError) -> None:
        """Its facts stay in the outbox, in order, until somebody has looked and a relay is started
        anew; the other partitions go on."""
        why = str(error)
        log.error("a partition is stopped, a person must look", partition=partition, why=why)
        self._stopped[partition] = why
        STOPPED_PARTITIONS.set(len(self._stopped))

    async def _lease(self, waiting: Mapping[Partition, Head]) -> dict[Partition, int]:
        """The fencing token of every waiting partition that is ours."""
        lease_ms = int(self._limits.lease_seconds * 1000)
        granted = await asyncio.gather(
            *(self._outbox.take_lease(each, self._owner, lease_ms) for each in waiting)
        )
        tokens = {
            each: token for each, token in zip(waiting, granted, strict=True) if token is not None
        }
        self._leased |= tokens.keys()
        return tokens

    async def _save_people(self, entries: Mapping[Partition, list[OutboxEntry]]) -> None:
        people = [
            (entry.fact.order.customer_ref, entry.person, entry.fact.at_ms)
            for found in entries.values()
            for entry in found
            if entry.person is not None and isinstance(entry.fact, OrderFact)
        ]
        if people:
            await self._customers.upsert(people)
