"""Events as the read models have them; compared by `verify`."""

from dataclasses import dataclass

from sqlalchemy import select

from app.domain.events import SellingStatus
from app.domain.ids import EventId, OrganiserId
from app.ledger.database import Database
from app.ledger.tables import events


@dataclass(frozen=True, slots=True)
class EventRow:
    """An opened event, as its newest projected fact left it."""

    id: EventId
    organiser_id: OrganiserId
    name: str
    starts_at_ms: int
    currency: str
    status: SellingStatus
    version: int


class Events:
    """Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, event_id: EventId) -> EventRow | None:
        """None: no fact of this event has come here yet."""
        async with self._database.read() as connection:
            query = select(events).where(events.c.event_id == event_id)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return EventRow(
            id=EventId(row.event_id),
            organiser_id=OrganiserId(row.organiser_id),
            name=row.name,
            starts_at_ms=row.starts_at_ms,
            currency=row.currency,
            status=SellingStatus(row.status),
            version=row.version,
        )
