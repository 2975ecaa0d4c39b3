"""Admin calls: a bearer API key with the scope that the call asks for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.api.dependencies import Caller, ServicesDep
from app.api.problems import ProblemRaised
from app.ledger import Scope

bearer = HTTPBearer(
    scheme_name="AdminKey",
    bearerFormat="tq_…",
    description="A key of one organiser, from `./taquilla keys create`. What stands behind its "
    "name at an operation is the scope that the key needs.",
    auto_error=False,
)


def require(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: 401 without a valid key, 403 when the key lacks the scope."""

    async def find_caller(
        services: ServicesDep,
        credentials: Annotated[
            HTTPAuthorizationCredentials | None, Security(bearer, scopes=[scope])
        ],
    ) -> Caller:
        if credentials is None:
            raise ProblemRaised("unauthenticated", "Send an API key: Authorization: Bearer tq_….")
        key = await services.ledger.api_keys.find(credentials.credentials)
        if key is None:
            raise ProblemRaised("unauthenticated", "This API key is not known, or was revoked.")
        if scope not in key.scopes:
            raise ProblemRaised("forbidden", f"This API key lacks {scope}.", scope=scope)
        return Caller(key.organiser_id, key.id)

    return find_caller


EventsReader = Annotated[Caller, Depends(require(Scope.EVENTS_READ))]
EventsWriter = Annotated[Caller, Depends(require(Scope.EVENTS_WRITE))]
OrdersReader = Annotated[Caller, Depends(require(Scope.ORDERS_READ))]
OrdersWriter = Annotated[Caller, Depends(require(Scope.ORDERS_WRITE))]
RefundsReader = Annotated[Caller, Depends(require(Scope.REFUNDS_READ))]
RefundsWriter = Annotated[Caller, Depends(require(Scope.REFUNDS_WRITE))]
ReportsReader = Annotated[Caller, Depends(require(Scope.REPORTS_READ))]
FactsReader = Annotated[Caller, Depends(require(Scope.FACTS_READ))]
