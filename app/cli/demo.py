"""The demo of `./taquilla dev`: an admin key with every scope, a free and a paid event on sale."""

import os

from app.domain.events import EventConfiguration, Pool, TicketType
from app.domain.ids import EventId, OrganiserId, PoolId, TicketTypeId
from app.ledger import ApiKeys, Scope
from app.runtime.clock import SystemClock
from app.runtime.settings import Settings
from app.selling import Organising
from app.wiring import open_organising
from payments import Money

ORGANISER = OrganiserId("demo")
ADMIN_KEY_LABEL = "development"
STARTS_IN_DAYS = 90


async def seed_demo(settings: Settings) -> None:
    """Once Redis can be written to. Does nothing for what is there already."""
    async with open_organising(settings) as organising:
        starts_at_ms = SystemClock().now_ms() + STARTS_IN_DAYS * 86_400_000
        for event in (demo_event(starts_at_ms), paid_demo_event(starts_at_ms)):
            await _open(organising, event)


async def write_admin_key(settings: Settings, api_keys: ApiKeys) -> None:
    """`$TAQUILLA_DATA_DIR/admin-key`, 0600; a key that still works is kept."""
    path = settings.data_dir / "admin-key"
    if path.exists() and await api_keys.find(path.read_text().strip()):
        return
    now_ms = SystemClock().now_ms()
    created = await api_keys.create(ORGANISER, ADMIN_KEY_LABEL, frozenset(Scope), now_ms)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(created.secret_text + "\n")
    draft.replace(path)


async def _open(organising: Organising, configuration: EventConfiguration) -> None:
    await organising.create(configuration)
    if (event := await organising.read(ORGANISER, configuration.id)) and event.status is None:
        await organising.open(ORGANISER, configuration.id)


def demo_event(starts_at_ms: int) -> EventConfiguration:
    """20,000 units in two pools, three ticket types; the concession shares the field's pool."""

    return EventConfiguration(
        id=EventId("demo"),
        organiser_id=ORGANISER,
        name="Free concert in the park",
        starts_at_ms=starts_at_ms,
        currency="EUR",
        hold_seconds=600,
        pools=(Pool(PoolId("field"), 18_000), Pool(PoolId("stand"), 2_000)),
        ticket_types=(
            _ticket_type("general", "General admission", "field", 0),
            _ticket_type("concession", "Concession", "field", 0),
            _ticket_type("stand", "Seat in the stand", "stand", 0),
        ),
    )


def paid_demo_event(starts_at_ms: int) -> EventConfiguration:
    """1,000 units at two prices; paid with the sandbox."""
    return EventConfiguration(
        id=EventId("demo-paid"),
        organiser_id=ORGANISER,
        name="Night of the guitars",
        starts_at_ms=starts_at_ms,
        currency="EUR",
        hold_seconds=600,
        pools=(Pool(PoolId("hall"), 900), Pool(PoolId("balcony"), 100)),
        ticket_types=(
            _ticket_type("standing", "Standing", "hall", 2500),
            _ticket_type("balcony", "Seat on the balcony", "balcony", 4000),
        ),
    )


def _ticket_type(name: str, title: str, pool: str, price_minor: int) -> TicketType:
    return TicketType(
        id=TicketTypeId(name),
        name=title,
        price=Money(price_minor, "EUR"),
        pools=(PoolId(pool),),
        min_per_order=1,
        max_per_order=10,
        max_per_customer=10,
        on_sale_from_ms=None,
        on_sale_until_ms=None,
    )
