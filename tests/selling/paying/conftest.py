"""A till for each test, over the inventory and the ledger of the pipeline."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.inventory import Inventory
from app.ledger import Ledger
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.till import CONCERT, Till, open_till

pytest.register_assert_rewrite("tests.inventory.conservation")

from tests.inventory.conservation import assert_conserved  # noqa: E402 - rewritten first


@pytest.fixture
async def till(
    clock: SettableClock,
    inventory: Inventory,
    ledger: Ledger,
    connection: RedisConnection,
    tmp_path: Path,
) -> AsyncIterator[Till]:
    """Whatever a test does: afterwards units, limits, deadlines and facts of the concert agree."""
    yield open_till(clock, inventory, ledger, tmp_path)
    if await inventory.events.read_event(CONCERT) is not None:
        await assert_conserved(inventory, connection, CONCERT)
