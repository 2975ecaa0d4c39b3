"""What the routes use. Built by the wiring, found by FastAPI's dependencies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.domain.ids import CustomerRef, OrganiserId
from app.ledger import Ledger
from app.rollout import Toggles
from app.runtime.errors import Unavailable
from app.selling import AvailabilityBoard, Ordering, Organising, Readiness


@dataclass(frozen=True, slots=True)
class Services:
    ordering: Ordering
    organising: Organising
    board: AvailabilityBoard
    readiness: Readiness
    toggles: Toggles
    ledger: Ledger
    find_customer_ref: Callable[[str], CustomerRef]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who an admin call is made for."""

    organiser_id: OrganiserId


async def find_services(request: Request) -> Services:
    """Asynchronous, as all dependencies here: FastAPI sends others through a thread."""
    services = request.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the application was not opened by its lifespan")
    return services


ServicesDep = Annotated[Services, Depends(find_services)]


async def find_selling_services(services: ServicesDep) -> Services:
    """For calls that change orders: refuses while this process may not sell."""
    if services.readiness.reasons:
        raise Unavailable("; ".join(services.readiness.reasons))
    return services


SellingDep = Annotated[Services, Depends(find_selling_services)]
