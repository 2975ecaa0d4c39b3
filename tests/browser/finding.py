"""Which browser the tests drive, and what it means that there is none."""

import os
import shutil
from collections.abc import Callable, Mapping

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "CHROMIUM"
HOW_TO = (
    f"no browser for the shop's tests: install chromium (apt-get install chromium) or name one "
    f"in {VARIABLE}"
)


def find_browser(
    environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> str | None:
    """The path of a Chromium: the one that is named, or the first that is installed."""
    candidates = [environment[VARIABLE]] if environment.get(VARIABLE) else NAMES
    return next((path for path in map(which, candidates) if path), None)


def must_have_browser(environment: Mapping[str, str], user_id: int) -> bool:
    """Where it could have been installed, a run without one proves nothing: it fails."""
    return bool(environment.get("CI")) or user_id == 0


def browser_arguments() -> list[str]:
    """Chromium as root has no sandbox; containers have a small /dev/shm."""
    return ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.getuid() == 0 else [])]
