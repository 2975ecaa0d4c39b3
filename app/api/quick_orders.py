"""The plain order, read without the framework: what nearly everybody sends in a rush.

FastAPI's routing, dependencies and validation cost more than all the rest of an order. Here the
same request is read by hand, but only if it is as plain as can be. Whatever is unusual about it,
and everything that is wrong with it, goes on to the route as if nothing had been here: the route
alone says what is refused and how, and without this file only the speed would change.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import orders
from app.api.addresses import find_network
from app.api.body_limit import replay
from app.api.dependencies import services_of
from app.api.forms import IDEMPOTENCY_KEY_PATTERN
from app.api.order_forms import AskedOrder
from app.api.problems import answer_dependency_error
from app.api.routes import route_of
from app.domain.ids import SLUG_PATTERN
from app.runtime.errors import DependencyError

_PATH = re.compile(rf"/v1/events/({SLUG_PATTERN})/orders")
_KEY = re.compile(IDEMPOTENCY_KEY_PATTERN.encode())


@dataclass(frozen=True, slots=True)
class _PlainOrder:
    """What the route would have made of the request."""

    event_id: str
    key: str
    asked: AskedOrder


class QuickOrders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._route = route_of(orders.router, orders.place_order)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = None
        if scope["type"] == "http" and scope["method"] == "POST" and not scope.get("root_path"):
            place = _PATH.fullmatch(scope["path"])
        if place is None or (services := services_of(scope)).readiness.reasons:
            await self._app(scope, receive, send)
            return
        message = await receive()
        plain = _read(place[1], scope["headers"], message)
        if plain is None:
            await self._app(scope, replay(message, receive), send)
            return
        scope["route"] = self._route
        try:
            answer = await orders.place_order(
                plain.event_id, plain.asked, plain.key, services, find_network(scope)
            )
        except DependencyError as error:
            answer = answer_dependency_error(scope["path"], error)
        await answer(scope, receive, send)


def _read(
    event_id: str, headers: Sequence[tuple[bytes, bytes]], message: Message
) -> _PlainOrder | None:
    """None for all but what the route would certainly place, or refuse for want of stock."""
    key = _plain_key(headers)
    body = message.get("body", b"")
    if key is None or message.get("more_body", False):
        return None
    try:
        asked = AskedOrder.model_validate_json(body)
    except ValidationError:
        return None
    if body.count(b'"') != 2 * _count_texts(asked):
        return None  # a name stands twice in one object
    return _PlainOrder(event_id, key, asked)


def _plain_key(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """The Idempotency-Key of a request that says in one way that its body is JSON, as it is."""
    keys, media_types = [], []
    for name, value in headers:
        if name == b"idempotency-key":
            keys.append(value)
        elif name == b"content-type":
            media_types.append(value)
        elif name == b"content-encoding":
            return None
    if media_types != [b"application/json"] or len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        return None
    return keys[0].decode("ascii")


def _count_texts(asked: AskedOrder) -> int:
    """How many JSON texts say this, names included, if each name stands once. There are two
    quotation marks to each of them, and more if a name stands twice or one is a part of a text."""
    customer = asked.customer
    names = len(asked.model_fields_set) + len(customer.model_fields_set) + 2 * len(asked.lines)
    values = 1 + (customer.name is not None) + len(asked.lines)
    return names + values
