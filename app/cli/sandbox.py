"""What the sandbox does besides answering calls, in development alone: as a process of its own it
delivers the notices that stand in its books, and on the public listener it has its page.

Not in an image for production, as little as the sandbox: it is run, and loaded, by its name.
"""

import asyncio
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from app.runtime.jobs import Progress, run_jobs
from app.runtime.lifeline import watch
from app.runtime.logs import configure_logging
from app.runtime.payment_methods import (
    SANDBOX_ACCOUNT,
    SANDBOX_PAGES,
    sandbox_books_file,
    sandbox_secret,
)
from app.runtime.secrets import load_secrets
from app.runtime.settings import Settings, load_settings
from payments.testing import Books, Provider
from payments.testing.sandbox import Courier, PayPage

SEND_SECONDS_MAX: Final = 5.0
IDLE_SECONDS: Final = 0.2


class CourierJob:
    """Delivers what is due; a step takes a hundred notices at most."""

    name = "sandbox"
    idle_seconds = IDLE_SECONDS

    def __init__(self, books_file: Path, secret: bytes) -> None:
        self._courier = Courier(Books(books_file), _send, {SANDBOX_ACCOUNT: [secret]}, _now)

    async def step(self) -> Progress:
        return Progress.MORE if await self._courier.step() else Progress.IDLE

    async def aclose(self) -> None:
        """Nothing is open."""


def sandbox() -> None:
    """Deliver the notices of development's sandbox, until it is ended."""
    watch(os.environ)
    settings = load_settings()
    configure_logging(settings)
    books_file = sandbox_books_file(settings)
    if books_file is None:
        sys.exit("taquilla: this installation has no sandbox of its own")
    secret = sandbox_secret(load_secrets(settings)).encode()
    uvloop.run(_deliver(CourierJob(books_file, secret), settings.drain_seconds))


def sandbox_pages(settings: Settings) -> Mapping[str, PayPage]:
    """By the path where each is mounted; none where there is no such sandbox, as in production."""
    books_file = sandbox_books_file(settings)
    if books_file is None:
        return {}
    books = Books(books_file)
    return {f"{SANDBOX_PAGES}/pay": PayPage(books, Provider(books, _now))}


async def _deliver(job: CourierJob, drain_seconds: float) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_jobs([job], stop, drain_seconds=drain_seconds)


async def _send(url: str, headers: Mapping[str, str], body: bytes) -> int:
    return await asyncio.to_thread(_post, url, headers, body)


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status; 0 where nobody answered in time."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=SEND_SECONDS_MAX) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sandbox()
