"""The ASGI application of one API process."""

from fastapi import FastAPI

from app.api import Exposure, build_application
from app.runtime.settings import Settings
from app.wiring import serving


def create_app(settings: Settings, *, internal: bool = False) -> FastAPI:
    """`internal`: the listener for operators and the old system, never for the public."""
    exposure = Exposure(
        is_internal=internal,
        has_metrics=not settings.is_production,
        cors_origins=settings.cors_origins,
    )
    return build_application(serving(settings), exposure)
