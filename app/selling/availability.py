"""What can be bought now, from a snapshot at most half a second old. A read never writes.

A process asks Redis once in that time for an event, however many buyers look.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from app.domain.events import Availability, OpenedEvent, availability_of
from app.domain.ids import EventId

FRESH_SECONDS = 0.5
EVENTS_MAX = 1_000
"""Snapshots kept; the one not asked for the longest goes first."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    taken_at: float
    reading: "asyncio.Task[Availability | None]"

    def is_stale(self) -> bool:
        """A reading that is still under way serves all who come meanwhile, however slow it is."""
        return self.reading.done() and monotonic() - self.taken_at > FRESH_SECONDS


class ReadsEvents(Protocol):
    """What the board needs of the inventory."""

    async def read_event(self, event_id: EventId) -> tuple[OpenedEvent, int] | None: ...

    async def opened_event_ids(self) -> list[EventId]: ...


class AvailabilityBoard:
    """All methods raise Unavailable when Redis does not answer."""

    def __init__(self, events: ReadsEvents) -> None:
        self._events = events
        self._snapshots: OrderedDict[EventId, _Snapshot] = OrderedDict()
        self._ids: tuple[float, list[EventId]] = (float("-inf"), [])

    async def of_event(self, event_id: EventId) -> Availability | None:
        """None for an event that was never opened."""
        snapshot = self._snapshots.get(event_id)
        if snapshot is None or snapshot.is_stale():
            snapshot = _Snapshot(monotonic(), asyncio.create_task(self._read(event_id)))
            self._snapshots[event_id] = snapshot
        self._snapshots.move_to_end(event_id)
        if len(self._snapshots) > EVENTS_MAX:
            self._snapshots.popitem(last=False)
        found = None
        try:
            # Shielded: one visitor who hangs up must not end the reading for all the others.
            found = await asyncio.shield(snapshot.reading)
        finally:
            # Neither a failure nor "never opened" is kept: it may be otherwise at once.
            if found is None and self._snapshots.get(event_id) is snapshot:
                del self._snapshots[event_id]
        return found

    async def page(self, after: EventId | None, limit: int) -> list[Availability]:
        """Opened events by id, behind `after`."""
        taken_at, ids = self._ids
        if monotonic() - taken_at > FRESH_SECONDS:
            taken_at, ids = monotonic(), await self._events.opened_event_ids()
            self._ids = (taken_at, ids)
        wanted = [each for each in ids if after is None or each > after][:limit]
        found = await asyncio.gather(*(self.of_event(each) for each in wanted))
        return [each for each in found if each is not None]

    async def _read(self, event_id: EventId) -> Availability | None:
        found = await self._events.read_event(event_id)
        return availability_of(*found) if found else None
