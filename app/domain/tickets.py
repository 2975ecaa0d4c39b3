"""Tickets: one for each unit of an order. Nothing of them is stored, all follows from the order.

The tickets of an order are numbered from 1 along its lines, which never change, so the same ticket
has the same number at every reading.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from app.domain.ids import EventId, OrderId, TicketTypeId
from app.domain.orders import Order, OrderStatus

TicketId = NewType("TicketId", str)
"""`<order_id>.<number>`: what a gate remembers, and what a list of revoked tickets names."""


class TicketStatus(StrEnum):
    VALID = "valid"
    REVOKED = "revoked"


TICKET_STATUSES = {
    OrderStatus.CONFIRMED: TicketStatus.VALID,
    OrderStatus.CANCELLED: TicketStatus.REVOKED,
}
"""An order in any other state has no tickets."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a code says. `number` counts the tickets of the order from 1."""

    order_id: OrderId
    event_id: EventId
    number: int
    ticket_type: TicketTypeId

    @property
    def id(self) -> TicketId:
        return make_ticket_id(self.order_id, self.number)


@dataclass(frozen=True, slots=True)
class OwnedTicket:
    """A ticket as its buyer sees it. `name`: of its type, when the order was placed."""

    ticket: Ticket
    name: str
    status: TicketStatus


def tickets_of(order: Order) -> tuple[OwnedTicket, ...] | None:
    """None for an order whose state has no tickets."""
    status = TICKET_STATUSES.get(order.status)
    if status is None:
        return None
    units = ((line.ticket_type, line.name) for line in order.lines for _ in range(line.quantity))
    return tuple(
        OwnedTicket(Ticket(order.id, order.event_id, number, ticket_type), name, status)
        for number, (ticket_type, name) in enumerate(units, 1)
    )


def ticket_ids_of(order_id: OrderId, quantities: Iterable[int]) -> Iterator[TicketId]:
    """Of all its lines, in their order."""
    return (make_ticket_id(order_id, number) for number in range(1, sum(quantities) + 1))


def make_ticket_id(order_id: OrderId, number: int) -> TicketId:
    return TicketId(f"{order_id}.{number}")
