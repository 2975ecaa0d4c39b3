"""close_event: the sale is over for ever."""

from dataclasses import replace

import pytest

from app.domain.events import SellingStatus
from app.domain.facts import EventClosed
from app.domain.outcomes import EventIs, UnknownEvent
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.lua.acts import CONCERT, event_now, everything, last_fact, opened, stem


@pytest.mark.parametrize("is_paused", [False, True])
async def test_an_open_or_a_paused_event_is_closed(
    is_paused: bool, inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    if is_paused:
        await inventory.events.pause_event(CONCERT)
    before = await event_now(inventory)
    clock.advance(1_000)

    outcome = await inventory.events.close_event(CONCERT)

    version = before.version + 1
    assert outcome == EventIs(replace(before, status=SellingStatus.CLOSED, version=version))
    assert await last_fact(inventory) == EventClosed(**stem(version, clock.now_ms(), version))


async def test_a_closed_event_stays_as_it_is(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    first = await inventory.events.close_event(CONCERT)
    before = await everything(bytes_connection)

    assert await inventory.events.close_event(CONCERT) == first
    assert await everything(bytes_connection) == before


async def test_an_event_that_was_never_opened_is_unknown(inventory: Inventory) -> None:
    assert await inventory.events.close_event(CONCERT) == UnknownEvent()
