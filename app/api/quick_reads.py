"""What pages poll, read without the framework: what is left of an event, and one's own order.

As in `app.api.quick_orders`: only what is as plain as can be, answered by the operation itself; the
rest goes on to the route.
"""

import re
from collections.abc import Sequence

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import events, orders
from app.api.dependencies import services_of
from app.api.problems import answer_dependency_error
from app.api.routes import route_of
from app.domain.ids import SLUG_PATTERN
from app.runtime.errors import DependencyError

_AVAILABILITY = re.compile(rf"/v1/events/({SLUG_PATTERN})/availability")
_ORDER = re.compile(r"/v1/orders/([a-z0-9.-]+)")


class QuickReads:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._availability_route = route_of(events.router, events.read_availability)
        self._order_route = route_of(orders.router, orders.read_order)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["method"] == "GET" and not scope.get("root_path"):
            try:
                answer = await self._answer(scope)
            except DependencyError as error:
                answer = answer_dependency_error(scope["path"], error)
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        """None: nothing was done yet."""
        if place := _AVAILABILITY.fullmatch(scope["path"]):
            scope["route"] = self._availability_route
            return await events.read_availability(place[1], services_of(scope))
        if place := _ORDER.fullmatch(scope["path"]):
            token, services = _only_token(scope["headers"]), services_of(scope)
            if token and not services.readiness.reasons:
                scope["route"] = self._order_route
                return await orders.read_order(place[1], token, services)
        return None


def _only_token(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    tokens = [value for name, value in headers if name == b"order-token"]
    return tokens[0].decode("latin-1") if len(tokens) == 1 else None
