"""One application with the short ways and one without them, sent the same requests.

Behind both stand services that do nothing but remember what they were asked, and answer as told.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from typing import Any, cast

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from app.api import Exposure, application, build_application
from app.domain.ids import OrderId
from app.runtime.metrics import HTTP_SECONDS
from app.selling import OrderRequest, Services

Header = tuple[bytes, bytes]

PLAIN = b'{"customer":{"email":"ana@example.com"},"lines":[{"ticket_type":"adult","quantity":2}]}'
HEADERS: Sequence[Header] = (
    (b"host", b"localhost"),
    (b"idempotency-key", b"key-0000000000000000"),
    (b"content-type", b"application/json"),
)


class _NoShortWay:
    """In the place of `QuickOrders` and `QuickReads`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


@dataclass
class Selling:
    """In the place of `Ordering` and `AvailabilityBoard`. Answers with these, or raises them."""

    placed: object
    order: object
    left: object
    asked: list[object] = field(default_factory=list)

    async def place(self, request: OrderRequest) -> object:
        return self._answer(request, self.placed)

    async def read(self, order_id: str, token: str) -> object:
        return self._answer((order_id, token), self.order)

    async def of_event(self, event_id: str) -> object:
        return self._answer(event_id, self.left)

    def _answer(self, asked: object, outcome: object) -> object:
        self.asked.append(asked)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def token_of(self, order_id: OrderId) -> str:
        return f"token-of-{order_id}"


@dataclass
class _Readiness:
    reasons: Sequence[str] = ()


@dataclass(frozen=True)
class Request:
    """`parts` of the body come one by one."""

    parts: Sequence[bytes] = (PLAIN,)
    headers: Sequence[Header] = HEADERS
    path: str = "/v1/events/concert/orders"
    method: str = "POST"
    reasons: Sequence[str] = ()
    root_path: str = ""


@dataclass(frozen=True)
class Seen:
    """All that anybody can see of a request: those who asked, the shop, the operators."""

    messages: Sequence[Message]
    asked: Sequence[object]
    logs: Sequence[Any]
    timed: Counter[tuple[str, str]]


@dataclass
class Pair:
    short: FastAPI
    long: FastAPI

    def compare(self, request: Request, outcome: object) -> Seen:
        short, long = (_send(app, request, outcome) for app in (self.short, self.long))
        assert short == long
        return short


def build_pair(rate_limit_per_address: int = 0) -> Pair:
    exposure = Exposure(
        is_internal=False,
        has_metrics=False,
        cors_origins=["https://shop.example.com"],
        rate_limit_per_address=rate_limit_per_address,
    )

    def build() -> FastAPI:
        return build_application(lambda _: nullcontext(), exposure)

    return Pair(build(), without_short_way(build))


def without_short_way(build: Callable[[], FastAPI]) -> FastAPI:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("QuickOrders", "QuickReads"):
            patch.setattr(application, name, _NoShortWay)
        return build()


def put_behind(app: FastAPI, selling: Selling, reasons: Sequence[str] = ()) -> None:
    others = dict.fromkeys(field.name for field in fields(Services))
    given = {"ordering": selling, "board": selling, "readiness": _Readiness(reasons)}
    app.state.services = Services(**cast("Any", others | given))


def _send(app: FastAPI, request: Request, outcome: object) -> Seen:
    selling = Selling(outcome, outcome, outcome)
    put_behind(app, selling, request.reasons)
    parts = [*request.parts]
    sent: list[Message] = []

    async def receive() -> Message:
        if not parts:
            return {"type": "http.disconnect"}
        body = parts.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": request.root_path,
        "headers": [*request.headers],
        "client": ("198.51.100.7", 4711),
        "server": ("localhost", 80),
        "state": {},
    }
    timed = times_observed()
    with capture_logs() as logs:
        asyncio.run(app(scope, receive, send))
    for entry in logs:
        entry.pop("exc_info", None)  # no two exceptions are equal
    return Seen(sent, selling.asked, logs, times_observed() - timed)


def times_observed() -> Counter[tuple[str, str]]:
    """How many answers each operation and status has had."""
    return Counter(
        {
            (sample.labels["operation"], sample.labels["status"]): int(sample.value)
            for family in HTTP_SECONDS.collect()
            for sample in family.samples
            if sample.name.endswith("_count")
        }
    )
