"""Ticketing: the tickets of an order, which of an event are revoked, and what a gate decides.

A gate decides alone: with the public keys and a list of revoked tickets, both fetched before.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from app.domain.ids import EventId
from app.domain.orders import OrderStatus
from app.domain.outcomes import UnknownEvent, UnknownOrder
from app.domain.ticket_codes import (
    ForeignCode,
    MalformedCode,
    PublicKeys,
    TicketCode,
    TicketKeys,
    read_code,
)
from app.domain.tickets import OwnedTicket, Ticket, TicketId, tickets_of
from app.ledger import Ledger, RevokedPage
from app.selling.availability import AvailabilityBoard
from app.selling.ordering import Ordering


@dataclass(frozen=True, slots=True)
class NoTicketsYet:
    """The order is neither confirmed nor cancelled."""

    status: OrderStatus


@dataclass(frozen=True, slots=True)
class CodedTicket:
    owned: OwnedTicket
    code: TicketCode


@dataclass(frozen=True, slots=True)
class RevokedTickets:
    """What the ledger knows. `as_of_ms`: of the newest fact that it counts; None while it has not
    heard of the event. The list only grows, so `total` says whether it changed."""

    as_of_ms: int | None
    total: int


class Ticketing:
    """All methods but those about codes raise Unavailable or OutcomeUnknown."""

    def __init__(
        self, ordering: Ordering, board: AvailabilityBoard, ledger: Ledger, keys: TicketKeys
    ) -> None:
        self._ordering = ordering
        self._board = board
        self._ledger = ledger
        self._keys = keys

    @property
    def public_keys(self) -> PublicKeys:
        """The one that signs now comes first."""
        return self._keys.public

    def is_ours(self, code: str) -> bool:
        return isinstance(read_code(code, self._keys.public), Ticket)

    async def tickets(
        self, order_id: str, token: str
    ) -> Sequence[CodedTicket] | UnknownOrder | NoTicketsYet:
        order = await self._ordering.read(order_id, token)
        if order is None:
            return UnknownOrder()
        found = tickets_of(order)
        if found is None:
            return NoTicketsYet(order.status)
        return [CodedTicket(each, self._keys.make_code(each.ticket)) for each in found]

    async def revoked(self, event_id: EventId) -> RevokedTickets | UnknownEvent:
        """Cheap: a few rows, however many tickets."""
        report = await self._ledger.sales.report(event_id)
        if report is not None:
            return RevokedTickets(report.as_of_ms, report.cancelled_quantity)
        if await self._board.of_event(event_id) is None:
            return UnknownEvent()
        return RevokedTickets(None, 0)

    async def read_revoked(self, event_id: EventId, after: str | None, limit: int) -> RevokedPage:
        """Earliest revoked first. Raises UnknownPage."""
        return await self._ledger.revocations.read(event_id, after, limit)


class TicketCheck(StrEnum):
    """What a gate says."""

    VALID = "valid"
    REVOKED = "revoked"
    OTHER_EVENT = "other event"
    NOT_OURS = "not ours"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class CheckedTicket:
    """`ticket` is None where the code is not ours: what it says is then worth nothing."""

    check: TicketCheck
    ticket: Ticket | None


def check_ticket(
    code: str, keys: PublicKeys, revoked: Container[TicketId], event_id: EventId | None
) -> CheckedTicket:
    """Needs no network. `event_id` None: whatever event it is for."""
    outcome = read_code(code, keys)
    match outcome:
        case MalformedCode():
            return CheckedTicket(TicketCheck.MALFORMED, None)
        case ForeignCode():
            return CheckedTicket(TicketCheck.NOT_OURS, None)
        case Ticket() if event_id is not None and outcome.event_id != event_id:
            return CheckedTicket(TicketCheck.OTHER_EVENT, outcome)
        case Ticket() if outcome.id in revoked:
            return CheckedTicket(TicketCheck.REVOKED, outcome)
        case Ticket():
            return CheckedTicket(TicketCheck.VALID, outcome)
        case _:
            assert_never(outcome)
