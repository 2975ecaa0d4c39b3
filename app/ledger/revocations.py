"""Which tickets of an event are revoked: those of its cancelled orders, in the order of their
cancelling. A cancelled order stays cancelled, so this list only ever grows at its end."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from sqlalchemy import Row, select, tuple_

from app.domain.events import LINES_MAX
from app.domain.facts import START, Position
from app.domain.ids import EventId, OrderId
from app.domain.orders import OrderStatus
from app.domain.tickets import TicketId, ticket_ids_of
from app.ledger.database import Database
from app.ledger.paging import UnknownPage
from app.ledger.tables import order_lines, orders

_TOKEN = re.compile(r"([0-9]{1,9})\.([0-9]{1,18})\.([0-9]{1,6})")
"""The position of the cancelling, and the number of the last ticket in that order."""

_Place = tuple[Position, int]


@dataclass(frozen=True, slots=True)
class RevokedPage:
    """`next` is None on the last page so far."""

    ticket_ids: Sequence[TicketId]
    next: str | None


class Revocations:
    """Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, event_id: EventId, after: str | None, limit: int) -> RevokedPage:
        """Earliest cancelled first. Raises UnknownPage."""
        position, number = _parse(after)
        # Each line is one ticket at least; the order that `after` stands in is read again whole.
        query = (
            select(orders.c.epoch, orders.c.seq, orders.c.order_id, order_lines.c.quantity)
            .join(order_lines, order_lines.c.order_id == orders.c.order_id)
            .where(
                orders.c.event_id == event_id,
                orders.c.status == OrderStatus.CANCELLED.value,
                tuple_(orders.c.epoch, orders.c.seq) >= (position.epoch, position.seq),
            )
            .order_by(orders.c.epoch, orders.c.seq, order_lines.c.position)
            .limit(LINES_MAX + limit + 1)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        unread = (each for each in _tickets(rows) if each[0] > (position, number))
        found = list(islice(unread, limit + 1))
        page = found[:limit]
        last = page[-1][0] if len(found) > limit else None
        return RevokedPage([each for _, each in page], _write(last) if last else None)


def _tickets(rows: Iterable[Row[int, int, str, int]]) -> Iterator[tuple[_Place, TicketId]]:
    for position, lines in groupby(rows, key=lambda row: Position(row.epoch, row.seq)):
        of_order = list(lines)
        ids = ticket_ids_of(OrderId(of_order[0].order_id), [row.quantity for row in of_order])
        for number, ticket_id in enumerate(ids, 1):
            yield (position, number), ticket_id


def _parse(token: str | None) -> _Place:
    if token is None:
        return START, 0
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise UnknownPage(f"{token!r} was never the next of a page of revoked tickets")
    return Position(int(match[1]), int(match[2])), int(match[3])


def _write(place: _Place) -> str:
    position, number = place
    return f"{position.epoch}.{position.seq}.{number}"
