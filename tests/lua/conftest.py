"""Every Lua test runs on a real Redis, and what it leaves behind must be conserved."""

from collections.abc import AsyncIterator

import pytest

from app.inventory import Inventory, ScriptLibrary, TestTime
from app.inventory.scripts import load_scripts
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection

pytest.register_assert_rewrite("tests.inventory.conservation")

from tests.inventory.conservation import assert_conserved  # noqa: E402 - rewritten first


@pytest.fixture
def scripts(connection: RedisConnection, clock: SettableClock) -> ScriptLibrary:
    """The commands themselves: for words and arguments that no method of ours lets through."""
    return ScriptLibrary(connection, load_scripts(), TestTime(clock))


@pytest.fixture(autouse=True)
async def conserved(inventory: Inventory, connection: RedisConnection) -> AsyncIterator[None]:
    yield
    for event_id in await inventory.events.opened_event_ids():
        await assert_conserved(inventory, connection, event_id)
