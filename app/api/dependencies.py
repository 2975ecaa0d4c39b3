"""What the routes are handed by FastAPI: the services, and who is calling.

All of it is asynchronous: FastAPI sends other dependencies through a thread, which costs more than
the order.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.types import Scope

from app.api.addresses import find_network
from app.domain.ids import OrganiserId
from app.runtime.errors import Reason, Unavailable
from app.selling import Services


@dataclass(frozen=True, slots=True)
class Caller:
    """Who an admin call is made for, and by which key."""

    organiser_id: OrganiserId
    key_id: str


def services_of(scope: Scope) -> Services:
    """What the lifespan opened."""
    services = scope["app"].state.services
    if not isinstance(services, Services):
        raise TypeError("the application was not opened by its lifespan")
    return services


async def find_services(request: Request) -> Services:
    return services_of(request.scope)


ServicesDep = Annotated[Services, Depends(find_services)]


async def find_buyer_address(request: Request) -> str | None:
    return find_network(request.scope)


BuyerAddress = Annotated[str | None, Depends(find_buyer_address)]


async def find_selling_services(request: Request) -> Services:
    """For calls that read or change orders: refuses while this process may not sell. A dependency
    of a dependency would cost as much again as this one."""
    services = await find_services(request)
    if services.readiness.reasons:
        raise Unavailable("; ".join(services.readiness.reasons), Reason.NOT_READY)
    return services


SellingDep = Annotated[Services, Depends(find_selling_services)]


@dataclass(frozen=True, slots=True)
class AllowedReturns:
    """Origins that a buyer's browser may be sent back to; "*" is any."""

    origins: frozenset[str]

    def allow(self, url: str) -> bool:
        parts = urlsplit(url)
        return "*" in self.origins or f"{parts.scheme}://{parts.netloc}".lower() in self.origins


async def find_return_urls(request: Request) -> AllowedReturns:
    allowed = request.app.state.allowed_returns
    if not isinstance(allowed, AllowedReturns):
        raise TypeError("the application was not built by build_application")
    return allowed


ReturnUrls = Annotated[AllowedReturns, Depends(find_return_urls)]
