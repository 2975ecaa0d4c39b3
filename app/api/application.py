"""The application: its routers, its middleware, its OpenAPI document, its offline /docs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline

from app.api import (
    admin_events,
    admin_orders,
    admin_payments,
    admin_reports,
    events,
    health,
    internal_orders,
    orders,
    payments,
    tickets,
)
from app.api.body_limit import LimitBodies
from app.api.dependencies import AllowedReturns
from app.api.middleware import AnswerBugs, CrossOrigin, ObserveRequests
from app.api.openapi import describe, write_document
from app.api.problems import install_problem_handlers
from app.api.quick_orders import QuickOrders
from app.api.quick_reads import QuickReads
from app.api.rate_limit import LimitRate

TITLE = "Taquilla"
VERSION = "0.2.0"
DESCRIPTION = """Sells tickets in the minute when everybody wants one.

**Retrying.** Send a fresh random `Idempotency-Key` with every new wish. 503 and 429: this request
changed nothing. 504: it may have; the same key is safe to send again.

**Money** is whole minor units: `{"amount": 1050, "currency": "EUR"}` is 10.50 EUR.
**Times** are RFC 3339, UTC. **Errors** are problem documents with a stable `type` and `code`."""

PUBLIC_ROUTERS: Sequence[APIRouter] = (
    orders.router,  # looked through in this order: the rush first
    events.router,
    payments.router,
    payments.webhook_router,
    tickets.router,
    admin_events.router,
    admin_orders.router,
    admin_payments.router,
    admin_reports.router,
    health.router,
)
INTERNAL_ROUTERS: Sequence[APIRouter] = (
    internal_orders.router,
    health.router,
    health.metrics_router,
)

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""Of OpenTelemetry, that is: FastAPI looks for it at every request."""

OpenServices = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What this listener shows. `has_metrics`: /metrics on a public listener, in development.
    `rate_limit_per_address`: writes a second; 0 = no limit. `return_urls`: origins that a buyer who
    pays may be sent back to."""

    is_internal: bool
    has_metrics: bool
    cors_origins: Sequence[str]
    rate_limit_per_address: int = 0
    return_urls: Sequence[str] = ()


def build_application(
    open_services: OpenServices, exposure: Exposure, pages: Sequence[APIRouter] = ()
) -> FastAPI:
    """`open_services` is the lifespan: it sets `app.state.services` while the application runs.
    `pages`: what this listener serves besides the API."""
    app = FastAPIOffline(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,  # an address is known or it is not
        lifespan=open_services,
        separate_input_output_schemas=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.allowed_returns = AllowedReturns(frozenset(exposure.return_urls))
    routers = [*_routers(exposure), *pages]
    for router in routers:
        app.include_router(router)
    install_problem_handlers(app, routers)
    # The last that is added is the first that is asked: a refusal has its CORS headers, too.
    if not exposure.is_internal:
        app.add_middleware(QuickReads)
        app.add_middleware(QuickOrders)
    app.add_middleware(AnswerBugs)
    app.add_middleware(LimitBodies)
    if exposure.rate_limit_per_address and not exposure.is_internal:
        app.add_middleware(
            LimitRate, per_second=exposure.rate_limit_per_address, monotonic=monotonic
        )
    if exposure.cors_origins:
        app.add_middleware(
            CrossOrigin,
            allow_origins=list(exposure.cors_origins),
            allow_methods=["GET", "POST", "PATCH"],
            allow_headers=[
                *("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"),
                "Order-Token",
            ],
            expose_headers=["ETag", "Idempotency-Replayed", "Retry-After"],
        )
    app.add_middleware(ObserveRequests)
    app.openapi = lambda: _describe_once(app, routers)  # type: ignore[method-assign]
    return app


def write_public_document() -> str:
    """The OpenAPI document of the public listener, as it is committed. Opens nothing."""
    exposure = Exposure(is_internal=False, has_metrics=False, cors_origins=())
    return write_document(build_application(lambda _: nullcontext(), exposure))


def _routers(exposure: Exposure) -> Sequence[APIRouter]:
    if exposure.is_internal:
        return INTERNAL_ROUTERS
    return (*PUBLIC_ROUTERS, health.metrics_router) if exposure.has_metrics else PUBLIC_ROUTERS


def _describe_once(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app, routers)
    return app.openapi_schema
