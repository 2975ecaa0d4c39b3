"""The verbs of the business: ordering, expiring, organising, verifying. No HTTP, no Redis words, no
SQL."""

from app.selling.availability import AvailabilityBoard
from app.selling.expiring import Expiring
from app.selling.installation import check_installation
from app.selling.ordering import Ordering, OrderingSecrets, OrderRequest
from app.selling.organising import AdminCapacityOutcome, AdminEvent, AdminOutcome, Organising
from app.selling.readiness import Readiness
from app.selling.services import Services
from app.selling.ticketing import (
    CheckedTicket,
    CodedTicket,
    NoTicketsYet,
    RevokedTickets,
    TicketCheck,
    Ticketing,
    check_ticket,
)
from app.selling.verifying import Verdict, Verifying

__all__ = [
    "AdminCapacityOutcome",
    "AdminEvent",
    "AdminOutcome",
    "AvailabilityBoard",
    "CheckedTicket",
    "CodedTicket",
    "Expiring",
    "NoTicketsYet",
    "OrderRequest",
    "Ordering",
    "OrderingSecrets",
    "Organising",
    "Readiness",
    "RevokedTickets",
    "Services",
    "TicketCheck",
    "Ticketing",
    "Verdict",
    "Verifying",
    "check_installation",
    "check_ticket",
]
