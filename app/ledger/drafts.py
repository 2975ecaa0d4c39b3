"""Drafts: events until they are opened. Then Redis owns the event, and the draft is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from app.domain.events import EventConfiguration
from app.domain.ids import EventId, OrganiserId
from app.ledger.configuration_json import read_configuration, write_configuration
from app.ledger.database import Database, insert_into
from app.ledger.tables import drafts


@dataclass(frozen=True, slots=True)
class Draft:
    """`configuration` is what the event was opened with, or would be; `version` counts from 1."""

    configuration: EventConfiguration
    is_opened: bool
    version: int
    created_at_ms: int


class Drafts:
    """All methods raise Unavailable or OutcomeUnknown, and ContractError for a row that is not
    ours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, configuration: EventConfiguration, at_ms: int) -> bool:
        """False: somebody, whoever it is, has an event of this id."""
        async with self._database.write() as connection:
            made = await connection.execute(
                insert_into(connection, drafts).on_conflict_do_nothing(),
                {
                    "event_id": configuration.id,
                    "organiser_id": configuration.organiser_id,
                    "configuration": write_configuration(configuration),
                    "is_opened": False,
                    "version": 1,
                    "created_at_ms": at_ms,
                },
            )
            return made.rowcount == 1

    async def read(self, event_id: EventId) -> Draft | None:
        async with self._database.read() as connection:
            found = await connection.execute(select(drafts).where(drafts.c.event_id == event_id))
            return _draft(found.one_or_none())

    async def list(
        self, organiser_id: OrganiserId, after: EventId | None, limit: int
    ) -> Sequence[Draft]:
        """By event id; opened ones too."""
        query = (
            select(drafts)
            .where(drafts.c.organiser_id == organiser_id, drafts.c.event_id > (after or ""))
            .order_by(drafts.c.event_id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = await connection.execute(query)
            return [each for row in found if (each := _draft(row))]

    async def replace(
        self, event_id: EventId, expected_version: int, configuration: EventConfiguration
    ) -> bool:
        """False: it was changed or opened meanwhile, or is not there. The organiser stays."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(drafts)
                .where(
                    drafts.c.event_id == event_id,
                    drafts.c.organiser_id == configuration.organiser_id,
                    drafts.c.version == expected_version,
                    drafts.c.is_opened.is_(False),
                )
                .values(
                    configuration=write_configuration(configuration),
                    version=expected_version + 1,
                )
            )
            return changed.rowcount == 1

    async def mark_opened(self, event_id: EventId) -> Draft | None:
        """Locks the draft for ever and answers what is to be opened. May be repeated."""
        async with self._database.write() as connection:
            found = await connection.execute(
                update(drafts)
                .where(drafts.c.event_id == event_id)
                .values(is_opened=True)
                .returning(*drafts.c)
            )
            return _draft(found.one_or_none())


def _draft(row: Row[Any] | None) -> Draft | None:
    if row is None:
        return None
    configuration = read_configuration(row.configuration)
    return Draft(configuration, row.is_opened, row.version, row.created_at_ms)
