"""The outbox of each partition: facts on their way to the bus, in order, each with its position.

The relay alone reads and trims it, under a lease whose fencing token grows with every new owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from app.domain.facts import (
    FACTS,
    EventChanged,
    EventOpened,
    Fact,
    FactStem,
    OrderFact,
    OrderRefunded,
    PoolCapacityChanged,
    Position,
)
from app.domain.ids import EventId, Partition, PoolId
from app.domain.orders import OrderStatus, Person
from app.inventory.event_fields import parse_configuration
from app.inventory.keys import PartitionKeys
from app.inventory.order_fields import parse_order
from app.inventory.scripts import ScriptLibrary
from app.runtime.errors import ContractError, Unavailable
from app.runtime.redis_connection import RedisConnection, Reply
from payments import Money


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """`person` goes to the ledger's customers and never onto the bus."""

    fact: Fact
    person: Person | None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest fact of a partition, and the newest that the bus has acknowledged."""

    position: Position
    relayed: Position

    @property
    def waiting_facts(self) -> int:
        return self.position.seq - self.relayed.seq


class Outbox:
    """Every method is one call of Redis and raises Unavailable, OutcomeUnknown or ContractError."""

    def __init__(
        self, scripts: ScriptLibrary, connection: RedisConnection, partitions: int
    ) -> None:
        self._scripts = scripts
        self._connection = connection
        self._partitions = partitions

    async def start_partition(self, partition: Partition) -> Position:
        """Gives a partition its head if it has none. Only for one of which nothing was recorded."""
        keys = PartitionKeys(partition)
        reply = await self._scripts.run("start_partition", [keys.head], [])
        return Position(reply.whole(0), reply.whole(1))

    async def read_heads(self) -> Mapping[Partition, Head | None]:
        """None: this partition was never started here. Also of a Redis that is not trusted yet."""
        partitions = [Partition(each) for each in range(self._partitions)]
        fields = ("epoch", "seq", "relayed_epoch", "relayed_seq")
        found = await self._connection.ask_many(
            [("HMGET", PartitionKeys(each).head, *fields) for each in partitions],
            of_any_run=True,
        )
        return {each: _parse_head(reply) for each, reply in zip(partitions, found, strict=True)}

    async def read(self, partition: Partition, after: Position, limit: int) -> list[OutboxEntry]:
        """At most `limit` facts behind `after`, oldest first. ContractError for a hole."""
        keys = PartitionKeys(partition)
        reply = await self._connection.ask(
            "XRANGE", keys.outbox, f"({after.epoch}-{after.seq}", "+", "COUNT", limit
        )
        entries = (
            [_parse_entry(partition, each) for each in reply] if isinstance(reply, list) else []
        )
        for expected, entry in enumerate(entries, after.seq + 1):
            if entry.fact.position.seq != expected:
                raise ContractError(
                    f"outbox of partition {partition} has {entry.fact.position} where seq "
                    f"{expected} must stand"
                )
        return entries

    async def take_lease(self, partition: Partition, owner: str, lease_ms: int) -> int | None:
        """The fencing token, or None while somebody else owns the partition. 0 ms gives it back."""
        keys = PartitionKeys(partition)
        reply = await self._scripts.run("take_lease", [keys.lease], [owner, lease_ms])
        return reply.whole(0) if reply.word == "GRANTED" else None

    async def acknowledge_relayed(
        self, partition: Partition, token: int, relayed: Position, *, tail_max: int
    ) -> None:
        """Raises Unavailable when the lease has gone to somebody else: then they will do it."""
        keys = PartitionKeys(partition)
        reply = await self._scripts.run(
            "acknowledge_relayed",
            [keys.lease, keys.head, keys.outbox],
            [token, relayed.epoch, relayed.seq, tail_max],
        )
        if reply.word == "FENCED":
            raise Unavailable(f"the lease of partition {partition} was taken over")


def _parse_head(reply: Reply) -> Head | None:
    if not isinstance(reply, list) or reply[0] is None:
        return None
    epoch, seq, relayed_epoch, relayed_seq = (int(str(each or 0)) for each in reply)
    return Head(Position(epoch, seq), Position(relayed_epoch, relayed_seq))


def _parse_entry(partition: Partition, entry: Reply) -> OutboxEntry:
    if not isinstance(entry, list) or not isinstance(entry[1], list):
        raise ContractError(f"outbox of partition {partition} holds {entry!r}")
    epoch, _, seq = str(entry[0]).partition("-")
    flat = [str(each) for each in entry[1]]
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    fact = parse_fact(partition, Position(int(epoch), int(seq)), fields)
    return OutboxEntry(fact, _parse_person(fields.get("person")))


def parse_fact(partition: Partition, position: Position, fields: Mapping[str, str]) -> Fact:
    """A fact from the flat fields that `emit_fact` wrote. ContractError for anything else."""
    try:
        return _parse(partition, position, fields)
    except (KeyError, ValueError) as error:
        raise ContractError(
            f"outbox of partition {partition} at {position} lacks or spoils a field: {error}"
        ) from error


def _parse(partition: Partition, position: Position, fields: Mapping[str, str]) -> Fact:
    kind = FACTS[fields["fact"]]
    event_id = EventId(fields["event_id"])
    stem = FactStem(
        partition=partition,
        position=position,
        at_ms=int(fields["at"]),
        event_id=event_id,
        version=int(fields["version"]),
    )
    if issubclass(kind, OrderFact):
        previous = OrderStatus(fields["previous"]) if fields["previous"] else None
        order = parse_order(event_id, fields)
        if issubclass(kind, OrderRefunded):
            amount = Money(int(fields["amount"]), order.total.currency)
            return kind(**stem, order=order, previous=previous, amount=amount)
        return kind(**stem, order=order, previous=previous)
    if issubclass(kind, EventOpened | EventChanged):
        return kind(**stem, configuration=parse_configuration(event_id, fields))
    if issubclass(kind, PoolCapacityChanged):
        return kind(**stem, pool=PoolId(fields["pool"]), capacity=int(fields["capacity"]))
    return kind(**stem)


def _parse_person(text: str | None) -> Person | None:
    if not text:
        return None
    try:
        person = orjson.loads(text)
        return Person(email=person["email"], name=person["name"])
    except (KeyError, TypeError, ValueError) as error:
        # The text itself is personal data: it must not stand in a log.
        raise ContractError("an outbox entry has a person that cannot be read") from error
