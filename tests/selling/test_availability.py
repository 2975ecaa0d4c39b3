"""The board of what is left: one reading for all who look."""

import asyncio

import pytest

from app.domain.events import Availability, OpenedEvent
from app.domain.ids import EventId
from app.inventory import Inventory
from app.runtime.errors import Unavailable
from app.selling import AvailabilityBoard
from tests.builders import an_event

EVENT = EventId("concert")


class CountedEvents:
    """The real events, with a count of the readings; fails while told to."""

    def __init__(self, inventory: Inventory) -> None:
        self._events = inventory.events
        self.readings = 0
        self.is_down = False

    async def read_event(self, event_id: EventId) -> tuple[OpenedEvent, int] | None:
        self.readings += 1
        if self.is_down:
            raise Unavailable("down")
        return await self._events.read_event(event_id)

    async def opened_event_ids(self) -> list[EventId]:
        return await self._events.opened_event_ids()


async def test_a_crowd_that_looks_costs_one_reading(inventory: Inventory) -> None:
    await inventory.events.open_event(an_event())
    events = CountedEvents(inventory)
    board = AvailabilityBoard(events)
    shown = await asyncio.gather(*(board.of_event(EVENT) for _ in range(500)))
    assert events.readings == 1
    assert all(isinstance(each, Availability) for each in shown)


async def test_a_failed_reading_is_not_kept(inventory: Inventory) -> None:
    await inventory.events.open_event(an_event())
    events = CountedEvents(inventory)
    events.is_down = True
    board = AvailabilityBoard(events)
    with pytest.raises(Unavailable):
        await board.of_event(EVENT)
    events.is_down = False
    assert await board.of_event(EVENT) is not None


async def test_events_are_listed_by_id_page_by_page(inventory: Inventory) -> None:
    for name in ("c", "a", "b"):
        await inventory.events.open_event(an_event(name))
    board = AvailabilityBoard(inventory.events)
    first = await board.page(None, 2)
    assert [each.event.configuration.id for each in first] == ["a", "b"]
    rest = await board.page(EventId("b"), 2)
    assert [each.event.configuration.id for each in rest] == ["c"]
    assert await board.of_event(EventId("nothing")) is None
