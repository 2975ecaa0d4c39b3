"""What a listener sells with: built by the wiring, used by the routes."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.ids import CustomerRef
from app.ledger import Ledger
from app.rollout import Toggles
from app.selling.availability import AvailabilityBoard
from app.selling.ordering import Ordering
from app.selling.organising import Organising
from app.selling.paying import MethodHealth, Noticing, Paying, Refunding, Settling
from app.selling.readiness import Readiness
from app.selling.ticketing import Ticketing


@dataclass(frozen=True, slots=True)
class Services:
    ordering: Ordering
    organising: Organising
    ticketing: Ticketing
    paying: Paying
    noticing: Noticing
    refunding: Refunding
    settling: Settling
    method_health: MethodHealth
    board: AvailabilityBoard
    readiness: Readiness
    toggles: Toggles
    ledger: Ledger
    find_customer_ref: Callable[[str], CustomerRef]
