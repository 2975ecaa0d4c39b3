"""Organising: drafts, opening, pausing, closing and changing events.

The ledger owns a draft, Redis owns an opened event. Opening first locks the draft for ever and then
puts it on sale; a crash in between is healed by opening again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from app.domain.configuring import faults_of
from app.domain.events import EventConfiguration, OpenedEvent, PoolStock, SellingStatus
from app.domain.ids import EventId, OrganiserId, PoolId, is_slug
from app.domain.outcomes import (
    CapacityInUse,
    CapacityOutcome,
    ConfigurationRefused,
    EventAlreadyExists,
    EventChangedMeanwhile,
    EventIs,
    EventOutcome,
    EventTransitionRefused,
    UnknownEvent,
    UnknownPool,
)
from app.inventory import Events
from app.ledger import Draft, Drafts
from app.runtime.clock import Clock
from app.runtime.errors import Reason, Unavailable

CHANGE_TRIES_MAX = 5


@dataclass(frozen=True, slots=True)
class AdminEvent:
    """An event as its organiser sees it. `status` and `stock` are None while it is a draft."""

    configuration: EventConfiguration
    status: SellingStatus | None
    version: int
    stock: Mapping[PoolId, PoolStock] | None


AdminOutcome = (
    AdminEvent | UnknownEvent | EventTransitionRefused | ConfigurationRefused | EventAlreadyExists
)
AdminCapacityOutcome = AdminOutcome | UnknownPool | CapacityInUse
Change = Callable[[EventConfiguration], EventConfiguration]


class Organising:
    """Everything is done in the name of an organiser: an event of another one is unknown to them.

    All methods raise Unavailable or OutcomeUnknown when Redis or the ledger does not answer.
    """

    def __init__(self, events: Events, drafts: Drafts, clock: Clock) -> None:
        self._events = events
        self._drafts = drafts
        self._clock = clock

    async def create(self, configuration: EventConfiguration) -> AdminOutcome:
        if faults := faults_of(configuration):
            return ConfigurationRefused(tuple(faults))
        if not await self._drafts.create(configuration, self._clock.now_ms()):
            return EventAlreadyExists()
        return AdminEvent(configuration, None, 1, None)

    async def read(self, organiser_id: OrganiserId, event_id: EventId) -> AdminEvent | None:
        draft = await self._draft(organiser_id, event_id)
        return await self._current(draft) if draft else None

    async def page(
        self, organiser_id: OrganiserId, after: EventId | None, limit: int
    ) -> Sequence[AdminEvent]:
        drafts = await self._drafts.list(organiser_id, after, limit)
        return [await self._current(draft) for draft in drafts]

    async def open(self, organiser_id: OrganiserId, event_id: EventId) -> AdminOutcome:
        """Puts a draft on sale, or resumes a paused event."""
        if await self._draft(organiser_id, event_id) is None:
            return UnknownEvent()
        locked = await self._drafts.mark_opened(event_id)
        if locked is None:
            return UnknownEvent()
        return _admin(await self._events.open_event(locked.configuration))

    async def pause(self, organiser_id: OrganiserId, event_id: EventId) -> AdminOutcome:
        return await self._set_status(organiser_id, event_id, self._events.pause_event)

    async def close(self, organiser_id: OrganiserId, event_id: EventId) -> AdminOutcome:
        return await self._set_status(organiser_id, event_id, self._events.close_event)

    async def change(
        self, organiser_id: OrganiserId, event_id: EventId, change: Change
    ) -> AdminOutcome:
        """`change` is computed from what is there, and again if somebody else was faster."""
        for _ in range(CHANGE_TRIES_MAX):
            draft = await self._draft(organiser_id, event_id)
            if draft is None:
                return UnknownEvent()
            outcome = await (
                self._change_opened(event_id, change)
                if draft.is_opened
                else self._change_draft(draft, change)
            )
            if not isinstance(outcome, EventChangedMeanwhile):
                return outcome
        raise Unavailable(f"event {event_id} is being changed by somebody else", Reason.BUSY)

    async def change_capacity(
        self, organiser_id: OrganiserId, event_id: EventId, pool: PoolId, capacity: int
    ) -> AdminCapacityOutcome:
        draft = await self._draft(organiser_id, event_id)
        if draft is None:
            return UnknownEvent()
        if pool not in {each.id for each in draft.configuration.pools}:
            return UnknownPool(pool)
        if draft.is_opened:
            return _admin_capacity(await self._events.change_capacity(event_id, pool, capacity))

        def resize(before: EventConfiguration) -> EventConfiguration:
            pools = [
                replace(each, capacity=capacity) if each.id == pool else each
                for each in before.pools
            ]
            return replace(before, pools=tuple(pools))

        outcome = await self._change_draft(draft, resize)
        if isinstance(outcome, EventChangedMeanwhile):
            raise Unavailable(f"event {event_id} is being changed by somebody else", Reason.BUSY)
        return outcome

    async def _draft(self, organiser_id: OrganiserId, event_id: EventId) -> Draft | None:
        if not is_slug(event_id):
            return None  # and some texts, as one with a NUL, no database can even be asked for
        draft = await self._drafts.read(event_id)
        return draft if draft and draft.configuration.organiser_id == organiser_id else None

    async def _current(self, draft: Draft) -> AdminEvent:
        found = await self._events.read_event(draft.configuration.id) if draft.is_opened else None
        if found is None:
            return AdminEvent(draft.configuration, None, draft.version, None)
        return _admin_event(found[0])

    async def _set_status(
        self,
        organiser_id: OrganiserId,
        event_id: EventId,
        command: Callable[[EventId], Awaitable[EventOutcome]],
    ) -> AdminOutcome:
        draft = await self._draft(organiser_id, event_id)
        if draft is None:
            return UnknownEvent()
        if not draft.is_opened:
            return EventTransitionRefused(None)
        outcome = await command(event_id)
        # The draft is locked but Redis has not heard of it: opening was cut short.
        return (
            EventTransitionRefused(None) if isinstance(outcome, UnknownEvent) else _admin(outcome)
        )

    async def _change_draft(
        self, draft: Draft, change: Change
    ) -> AdminOutcome | EventChangedMeanwhile:
        after = change(draft.configuration)
        if faults := faults_of(after):
            return ConfigurationRefused(tuple(faults))
        if not await self._drafts.replace(after.id, draft.version, after):
            return EventChangedMeanwhile()
        return AdminEvent(after, None, draft.version + 1, None)

    async def _change_opened(
        self, event_id: EventId, change: Change
    ) -> AdminOutcome | EventChangedMeanwhile:
        found = await self._events.read_event(event_id)
        if found is None:
            return EventTransitionRefused(None)
        after = change(found[0].configuration)
        if faults := faults_of(after):
            return ConfigurationRefused(tuple(faults))
        outcome = await self._events.change_event(found[0], after)
        return outcome if isinstance(outcome, EventChangedMeanwhile) else _admin(outcome)


def _admin_event(event: OpenedEvent) -> AdminEvent:
    return AdminEvent(event.configuration, event.status, event.version, event.stock)


def _admin(outcome: EventOutcome) -> AdminOutcome:
    return _admin_event(outcome.event) if isinstance(outcome, EventIs) else outcome


def _admin_capacity(outcome: CapacityOutcome) -> AdminCapacityOutcome:
    match outcome:
        case EventIs(event):
            return _admin_event(event)
        case UnknownEvent() | EventTransitionRefused() | UnknownPool() | CapacityInUse():
            return outcome
        case _:
            assert_never(outcome)
