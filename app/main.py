"""The ASGI application of one API process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import Exposure, build_application
from app.runtime.settings import Settings
from app.storefront import build_shop
from app.wiring import open_services


def create_app(settings: Settings, *, internal: bool = False) -> FastAPI:
    """`internal`: the listener for operators and the old system, never for the public."""

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
    return build_application(lifespan, exposure, pages)
