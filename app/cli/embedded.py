"""For commands that look at a running service: without an address it is the one of `dev`."""

import os

from app.runtime.logs import configure_logging
from app.runtime.settings import Settings, load_settings


def load_settings_of_running() -> Settings:
    """Settings, logging made ready. Where no Redis is named it can only be the embedded one of a
    running `dev`."""
    if "TAQUILLA_REDIS_URL" not in os.environ:
        os.environ.setdefault("TAQUILLA_ENV", "development")
    settings = load_settings()
    configure_logging(settings)
    return settings
