"""change_event: names, prices, windows and limits change; what was sold from, does not."""

from dataclasses import replace

import pytest

from app.domain.events import EventConfiguration, SellingStatus
from app.domain.facts import EventChanged
from app.domain.ids import OrganiserId
from app.domain.outcomes import (
    EventChangedMeanwhile,
    EventIs,
    EventTransitionRefused,
    LimitExceeded,
    LimitKind,
    UnknownEvent,
)
from app.inventory import Inventory, ScriptLibrary
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection
from payments import Money
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.lua.acts import CONCERT, event_now, everything, last_fact, opened, placed, stem

RENAMED = replace(an_event(), name="Otro nombre")


async def test_everything_that_may_change_changes(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    before = await event_now(inventory)
    clock.advance(1_000)
    adult = replace(
        a_ticket_type(price=1050, max_per_customer=4, max_per_order=3, min_per_order=2),
        name="Grown-up",
        on_sale_from_ms=1,
        on_sale_until_ms=2,
    )
    changed = replace(
        RENAMED,
        starts_at_ms=5,
        hold_seconds=60,
        organiser_id=OrganiserId("club"),
        ticket_types=(adult,),
    )

    outcome = await inventory.events.change_event(before, changed)

    assert outcome == EventIs(replace(before, configuration=changed, version=2))
    fact = EventChanged(**stem(2, clock.now_ms(), 2), configuration=changed)
    assert await last_fact(inventory) == fact


async def test_a_change_is_felt_by_the_next_order_and_not_by_those_before(
    inventory: Inventory,
) -> None:
    await opened(inventory)
    old = await placed(inventory, a_wish([("adult", 2)]))
    dear = replace(an_event(), ticket_types=(a_ticket_type(price=700, max_per_order=1),))
    await inventory.events.change_event(await event_now(inventory), dear)

    wish = a_wish([("adult", 2)], email="bob@example.com")
    refused = LimitExceeded(LimitKind.MAX_PER_ORDER, old.lines[0].ticket_type, 1)
    assert await inventory.orders.place_order(wish) == refused
    new = await placed(inventory, a_wish(email="bob@example.com"))
    assert (new.total, new.status) == (Money(700, "EUR"), "held")
    assert await inventory.orders.read_order(a_wish().address) == old


async def test_a_change_that_changes_nothing_asks_nobody(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    event = await event_now(inventory)
    before = await everything(bytes_connection)

    outcome = await inventory.events.change_event(event, event.configuration)

    assert outcome == EventIs(event)
    assert await everything(bytes_connection) == before


async def test_a_change_computed_from_an_older_version_is_stale(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    old = await event_now(inventory)
    await inventory.events.change_event(old, RENAMED)
    before = await everything(bytes_connection)

    outcome = await inventory.events.change_event(old, replace(an_event(), hold_seconds=60))

    assert outcome == EventChangedMeanwhile()
    assert await everything(bytes_connection) == before


async def test_a_paused_event_changes_and_stays_paused(inventory: Inventory) -> None:
    await opened(inventory)
    await inventory.events.pause_event(CONCERT)
    paused = await event_now(inventory)

    outcome = await inventory.events.change_event(paused, RENAMED)

    assert outcome == EventIs(replace(paused, configuration=RENAMED, version=3))
    assert paused.status is SellingStatus.PAUSED


async def test_a_closed_event_does_not_change(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    await inventory.events.close_event(CONCERT)
    closed, before = await event_now(inventory), await everything(bytes_connection)

    outcome = await inventory.events.change_event(closed, RENAMED)

    assert outcome == EventTransitionRefused(SellingStatus.CLOSED)
    assert await everything(bytes_connection) == before


async def test_an_event_that_was_never_opened_is_unknown(inventory: Inventory) -> None:
    await opened(inventory, an_event("other"))
    other = await event_now(inventory, an_event("other").id)
    never = replace(other, configuration=an_event())

    assert await inventory.events.change_event(never, RENAMED) == UnknownEvent()


@pytest.mark.parametrize(
    "after",
    [
        an_event(currency="USD"),
        an_event(pools={"floor": 101}),
        an_event(ticket_types=(a_ticket_type(pools=("roof",)),)),
        an_event(ticket_types=(a_ticket_type(), a_ticket_type("child"))),
        an_event(ticket_types=(a_ticket_type("child"),)),
        an_event(pools={"roof": 100}),
    ],
    ids=["currency", "capacity", "a type's pools", "one more type", "another type", "pool"],
)
async def test_what_was_sold_from_does_not_change(
    after: EventConfiguration, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    event, before = await event_now(inventory), await everything(bytes_connection)

    with pytest.raises(ContractError, match="change_event answers MALFORMED"):
        await inventory.events.change_event(event, after)

    assert await everything(bytes_connection) == before


@pytest.mark.parametrize(
    "fields",
    [
        ["name", "x", "status", "paused"],
        ["name", "x", "version", "9"],
        ["name", "x", "pool:floor:available", "9"],
        ["name", "x", "nothing", "9"],
        ["name", "x", "hold_seconds"],
        ["name"],
    ],
    ids=lambda fields: fields[-1],
)
async def test_a_field_that_is_not_to_change_spoils_the_whole_change(
    fields: list[str],
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await opened(inventory)
    keys, before = keys_of_event(CONCERT, PARTITIONS), await everything(bytes_connection)

    reply = await scripts.write(
        "change_event",
        [keys.partition.head, keys.partition.outbox, keys.event],
        [CONCERT, 1, *fields],
    )

    assert reply.word == "MALFORMED"
    assert await everything(bytes_connection) == before
