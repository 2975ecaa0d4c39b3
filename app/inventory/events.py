"""Opened events on the write side: open, pause, close, change, capacity, read. One method, one
script."""

from collections.abc import Mapping

from app.domain.events import EventConfiguration, OpenedEvent, SellingStatus
from app.domain.ids import CustomerRef, EventId, OrganiserId, Partition, PoolId, TicketTypeId
from app.domain.outcomes import (
    CapacityInUse,
    CapacityOutcome,
    ChangeOutcome,
    EventChangedMeanwhile,
    EventIs,
    EventOutcome,
    EventTransitionRefused,
    UnknownEvent,
    UnknownPool,
)
from app.inventory.event_fields import flatten_configuration, parse_opened_event
from app.inventory.keys import EventKeys, PartitionKeys, keys_of_event
from app.inventory.replies import ScriptReply, pair_fields
from app.inventory.scripts import ScriptLibrary
from app.runtime.redis_connection import RedisConnection


class Events:
    """Every method is one call of Redis and raises Unavailable or ContractError; one that writes,
    OutcomeUnknown too."""

    def __init__(
        self, scripts: ScriptLibrary, connection: RedisConnection, partitions: int
    ) -> None:
        self._scripts = scripts
        self._connection = connection
        self._partitions = partitions

    async def open_event(self, configuration: EventConfiguration) -> EventOutcome:
        """Puts it on sale, or resumes it; then what it was opened with stands, not this."""
        keys = keys_of_event(configuration.id, self._partitions)
        fields = flatten_configuration(configuration)
        reply = await self._scripts.write(
            "open_event",
            [*_keys(keys), keys.partition.events],
            [configuration.id, *(part for pair in fields.items() for part in pair)],
        )
        return _event_outcome(configuration.id, reply)

    async def pause_event(self, event_id: EventId) -> EventOutcome:
        keys = keys_of_event(event_id, self._partitions)
        reply = await self._scripts.write("pause_event", _keys(keys), [event_id])
        return _event_outcome(event_id, reply)

    async def close_event(self, event_id: EventId) -> EventOutcome:
        keys = keys_of_event(event_id, self._partitions)
        reply = await self._scripts.write("close_event", _keys(keys), [event_id])
        return _event_outcome(event_id, reply)

    async def change_event(self, before: OpenedEvent, after: EventConfiguration) -> ChangeOutcome:
        """Sends only the fields that differ, and only onto the version that `before` shows.

        Currency, pools and a type's pools never change; capacity has a command of its own.
        """
        keys = keys_of_event(after.id, self._partitions)
        changes = _changed_fields(before.configuration, after)
        if not changes:
            return EventIs(before)
        reply = await self._scripts.write(
            "change_event",
            _keys(keys),
            [after.id, before.version, *(part for pair in changes.items() for part in pair)],
        )
        if reply.word == "STALE":
            return EventChangedMeanwhile()
        return _event_outcome(after.id, reply)

    async def change_capacity(
        self, event_id: EventId, pool: PoolId, capacity: int
    ) -> CapacityOutcome:
        keys = keys_of_event(event_id, self._partitions)
        reply = await self._scripts.write(
            "change_capacity", _keys(keys), [event_id, pool, capacity]
        )
        match reply.word:
            case "IN_USE":
                return CapacityInUse(reply.whole(0))
            case "UNKNOWN_POOL":
                return UnknownPool(pool)
            case _:
                return _event_outcome(event_id, reply)

    async def read_event(self, event_id: EventId) -> tuple[OpenedEvent, int] | None:
        """The event and the server's time at which it was so; None if it was never opened."""
        keys = keys_of_event(event_id, self._partitions)
        reply = await self._scripts.read("read_event", [keys.event])
        if reply.word == "UNKNOWN_EVENT":
            return None
        return parse_opened_event(event_id, reply.fields(0)), reply.now_ms

    async def read_organiser(self, event_id: EventId) -> OrganiserId | None:
        """None if the event was never opened."""
        keys = keys_of_event(event_id, self._partitions)
        found = await self._connection.ask("HGET", keys.event, "organiser_id")
        return OrganiserId(found) if isinstance(found, str) else None

    async def read_customers(
        self, event_id: EventId
    ) -> Mapping[tuple[CustomerRef, TicketTypeId], int]:
        """What every customer has of each type in live orders; for comparing, not for serving."""
        keys = keys_of_event(event_id, self._partitions)
        counts = pair_fields(await self._connection.ask("HGETALL", keys.customers))
        customers = {}
        for field, quantity in counts.items():
            customer_ref, _, ticket_type = field.partition("|")
            customers[CustomerRef(customer_ref), TicketTypeId(ticket_type)] = int(quantity)
        return customers

    async def read_live_holds(self, event_id: EventId) -> Mapping[CustomerRef, int]:
        """How many orders every customer holds; for comparing. Those of addresses stand beside
        them, and only the script knows whose they are."""
        keys = keys_of_event(event_id, self._partitions)
        counts = pair_fields(await self._connection.ask("HGETALL", keys.holders))
        holders = (field.partition("|") for field in counts)
        return {
            CustomerRef(holder): int(counts[f"{kind}|{holder}"])
            for kind, _, holder in holders
            if kind == "customer"
        }

    async def opened_event_ids(self) -> list[EventId]:
        """Of all partitions, sorted."""
        found = await self._connection.ask_many(
            [
                ("SMEMBERS", PartitionKeys(Partition(each)).events)
                for each in range(self._partitions)
            ]
        )
        return sorted(EventId(str(each)) for ids in found if isinstance(ids, list) for each in ids)


def _keys(keys: EventKeys) -> list[str]:
    return [keys.partition.head, keys.partition.outbox, keys.event]


def _changed_fields(before: EventConfiguration, after: EventConfiguration) -> Mapping[str, str]:
    old = flatten_configuration(before)
    return {
        name: value
        for name, value in flatten_configuration(after).items()
        if old.get(name) != value
    }


def _event_outcome(event_id: EventId, reply: ScriptReply) -> EventOutcome:
    match reply.word:
        case "EVENT":
            return EventIs(parse_opened_event(event_id, reply.fields(0)))
        case "REFUSED":
            return EventTransitionRefused(SellingStatus(reply.text(0)))
        case "UNKNOWN_EVENT":
            return UnknownEvent()
        case _:
            reply.fail()
