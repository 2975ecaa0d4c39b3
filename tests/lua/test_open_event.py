"""open_event: an event goes on sale with all that it is, once; a paused one goes on."""

from dataclasses import replace

from app.domain.events import OpenedEvent, Pool, PoolStock, SellingStatus
from app.domain.facts import EventOpened
from app.domain.ids import PoolId
from app.domain.outcomes import EventIs, EventTransitionRefused
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_ticket_type, a_wish, an_event
from tests.inventory.conservation import facts_of
from tests.lua.acts import CONCERT, event_now, everything, last_fact, opened, placed, stem

BOUNDED = a_ticket_type(
    "early", price=1050, pools=("floor", "roof"), on_sale_from_ms=1, on_sale_until_ms=2
)
CONFIGURATION = an_event(
    pools={"floor": 100, "roof": 0}, ticket_types=(a_ticket_type(), BOUNDED), currency="EUR"
)


async def test_an_event_goes_on_sale_with_its_whole_configuration_and_stock(
    inventory: Inventory, clock: SettableClock
) -> None:
    outcome = await inventory.events.open_event(CONFIGURATION)

    stock = {
        PoolId("floor"): PoolStock(capacity=100, available=100, held=0, sold=0),
        PoolId("roof"): PoolStock(capacity=0, available=0, held=0, sold=0),
    }
    assert outcome == EventIs(OpenedEvent(CONFIGURATION, SellingStatus.OPEN, 1, stock))
    assert await inventory.events.opened_event_ids() == [CONCERT]
    fact = EventOpened(**stem(1, clock.now_ms(), 1), configuration=CONFIGURATION)
    assert await facts_of(inventory, CONCERT) == [fact]


async def test_an_open_event_stays_as_it_was_opened(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory, CONFIGURATION)
    first = EventIs(await event_now(inventory))
    before = await everything(bytes_connection)

    assert await inventory.events.open_event(an_event(pools={"floor": 7})) == first
    assert await everything(bytes_connection) == before


async def test_a_paused_event_goes_on_with_the_stock_and_the_changes_it_had(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    await placed(inventory, a_wish([("adult", 2)]))
    await inventory.events.change_capacity(CONCERT, PoolId("floor"), 50)
    await inventory.events.pause_event(CONCERT)
    clock.advance(1_000)

    outcome = await inventory.events.open_event(an_event(pools={"floor": 7}))

    configuration = replace(an_event(), pools=(Pool(PoolId("floor"), 50),))
    stock = {PoolId("floor"): PoolStock(capacity=50, available=48, held=0, sold=2)}
    assert outcome == EventIs(OpenedEvent(configuration, SellingStatus.OPEN, 4, stock))
    fact = EventOpened(**stem(5, clock.now_ms(), 4), configuration=configuration)
    assert await last_fact(inventory) == fact


async def test_a_closed_event_is_never_opened_again(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await inventory.events.close_event(CONCERT)
    before = await everything(bytes_connection)

    refused = EventTransitionRefused(SellingStatus.CLOSED)
    assert await inventory.events.open_event(an_event()) == refused
    assert await everything(bytes_connection) == before


async def test_the_largest_event_there_can_be_is_opened_and_resumed(inventory: Inventory) -> None:
    pools = {f"pool-{each}": 10_000_000 for each in range(50)}
    types = tuple(a_ticket_type(f"type-{each}", pools=tuple(pools)) for each in range(50))
    configuration = an_event(pools=pools, ticket_types=types)

    await opened(inventory, configuration)
    await inventory.events.pause_event(CONCERT)
    await opened(inventory)

    assert (await event_now(inventory)).configuration == configuration
    await placed(inventory, a_wish([(f"type-{each}", 5) for each in range(20)]))
