"""read_event: an event as it is, and when it was so. Reading writes nothing."""

from app.domain.events import OpenedEvent, PoolStock, SellingStatus
from app.domain.ids import PoolId
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_wish, an_event
from tests.lua.acts import CONCERT, everything, opened, placed


async def test_an_event_is_read_with_its_stock_and_the_time(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await placed(inventory, a_wish([("adult", 2)]))
    await placed(inventory, a_wish(confirm=False, key="key-1111111111111111"))
    clock.advance(1_000)
    before = await everything(bytes_connection)

    found = await inventory.events.read_event(CONCERT)

    stock = {PoolId("floor"): PoolStock(capacity=100, available=97, held=1, sold=2)}
    assert found == (OpenedEvent(an_event(), SellingStatus.OPEN, 1, stock), clock.now_ms())
    assert await everything(bytes_connection) == before


async def test_an_event_that_was_never_opened_is_nothing(inventory: Inventory) -> None:
    assert await inventory.events.read_event(CONCERT) is None
