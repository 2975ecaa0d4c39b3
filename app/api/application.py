"""The application: its routers, its middleware, its OpenAPI document, its offline /docs."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from app.api import admin_events, admin_orders, admin_reports, events, health, orders, tickets
from app.api.middleware import ObserveRequests
from app.api.problems import Problem, install_problem_handlers

TITLE = "Taquilla"
VERSION = "0.1.0"
DESCRIPTION = """Sells tickets in the minute when everybody wants one.

**Retrying.** Send a fresh random `Idempotency-Key` with every new wish. 503 and 429: this request
changed nothing. 504: it may have; the same key is safe to send again.

**Money** is whole minor units: `{"amount": 1050, "currency": "EUR"}` is 10.50 EUR.
**Times** are RFC 3339, UTC. **Errors** are problem documents with a stable `type` and `code`."""

PUBLIC_ROUTERS: Sequence[APIRouter] = (
    events.router,
    orders.router,
    tickets.router,
    admin_events.router,
    admin_orders.router,
    admin_reports.router,
    health.router,
)
INTERNAL_ROUTERS: Sequence[APIRouter] = (health.router, health.metrics_router)

OpenServices = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What this listener shows. `has_metrics`: /metrics on a public listener, in development."""

    is_internal: bool
    has_metrics: bool
    cors_origins: Sequence[str]


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
    )
    routers = [*_routers(exposure), *pages]
    for router in routers:
        app.include_router(router)
    install_problem_handlers(app, routers)
    if exposure.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(exposure.cors_origins),
            allow_methods=["GET", "POST", "PATCH"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Order-Token"],
            expose_headers=["Idempotency-Replayed", "Retry-After"],
        )
    app.add_middleware(ObserveRequests)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _routers(exposure: Exposure) -> Sequence[APIRouter]:
    if exposure.is_internal:
        return INTERNAL_ROUTERS
    return (*PUBLIC_ROUTERS, health.metrics_router) if exposure.has_metrics else PUBLIC_ROUTERS


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document frontends are generated from: our problems, not the framework's own errors."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = Problem.model_json_schema()
        for path in document["paths"].values():
            for operation in path.values():
                _drop_framework_errors(operation["responses"])
        app.openapi_schema = document
    return app.openapi_schema


def _drop_framework_errors(responses: dict[str, Any]) -> None:
    """FastAPI puts its own 422 on every operation that has a parameter; ours has another form."""
    invalid = responses.get("422", {}).get("content", {})
    if set(invalid) == {"application/json"}:
        del responses["422"]
