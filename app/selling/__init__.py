"""The verbs of the business: ordering, expiring, organising, verifying. No HTTP, no Redis words, no
SQL."""

from app.selling.availability import AvailabilityBoard
from app.selling.expiring import Expiring
from app.selling.installation import check_installation
from app.selling.ordering import Ordering, OrderingSecrets, OrderRequest
from app.selling.organising import AdminCapacityOutcome, AdminEvent, AdminOutcome, Organising
from app.selling.readiness import Readiness
from app.selling.recorded import Recorded
from app.selling.services import Services
from app.selling.ticketing import (
    CheckedTicket,
    CodedTicket,
    NoTickets,
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
    "NoTickets",
    "OrderRequest",
    "Ordering",
    "OrderingSecrets",
    "Organising",
    "Readiness",
    "Recorded",
    "RevokedTickets",
    "Services",
    "TicketCheck",
    "Ticketing",
    "Verdict",
    "Verifying",
    "check_installation",
    "check_ticket",
]
