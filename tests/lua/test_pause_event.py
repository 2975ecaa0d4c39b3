"""pause_event: no new orders for a while."""

from dataclasses import replace

from app.domain.events import SellingStatus
from app.domain.facts import EventPaused
from app.domain.outcomes import EventIs, EventTransitionRefused, UnknownEvent
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.lua.acts import CONCERT, event_now, everything, last_fact, opened, stem


async def test_an_open_event_is_paused(inventory: Inventory, clock: SettableClock) -> None:
    await opened(inventory)
    before = await event_now(inventory)
    clock.advance(1_000)

    outcome = await inventory.events.pause_event(CONCERT)

    assert outcome == EventIs(replace(before, status=SellingStatus.PAUSED, version=2))
    assert await last_fact(inventory) == EventPaused(**stem(2, clock.now_ms(), 2))


async def test_a_paused_event_stays_as_it_is(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    first = await inventory.events.pause_event(CONCERT)
    before = await everything(bytes_connection)

    assert await inventory.events.pause_event(CONCERT) == first
    assert await everything(bytes_connection) == before


async def test_a_closed_event_is_not_paused(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await inventory.events.close_event(CONCERT)
    before = await everything(bytes_connection)

    refused = EventTransitionRefused(SellingStatus.CLOSED)
    assert await inventory.events.pause_event(CONCERT) == refused
    assert await everything(bytes_connection) == before


async def test_an_event_that_was_never_opened_is_unknown(inventory: Inventory) -> None:
    assert await inventory.events.pause_event(CONCERT) == UnknownEvent()
