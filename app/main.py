"""The ASGI application of one API process."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from fastapi import FastAPI

from app.api import Exposure, build_application
from app.runtime.settings import Settings
from app.storefront import build_shop
from app.wiring import open_services


def create_app(
    settings: Settings,
    *,
    internal: bool = False,
    mounts: Mapping[str, Callable[..., Awaitable[None]]] = MappingProxyType({}),
) -> FastAPI:
    """`internal`: the listener for operators and the old system, never for the public. `mounts`:
    other applications, by their path."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            yield

    exposure = Exposure(
        is_internal=internal,
        has_metrics=not settings.is_production,
        cors_origins=settings.cors_origins,
        rate_limit_per_address=settings.rate_limit_per_address,
        return_urls=(*settings.return_urls, settings.listener_url),
    )
    pages = [] if internal else [build_shop()]
    application = build_application(lifespan, exposure, pages)
    for path, other in mounts.items():
        application.mount(path, other)
    return application
