"""`./taquilla worker`: the background jobs, all of them or those named, and their metrics."""

import asyncio
import os
import signal
from typing import Annotated

import typer
import uvloop
from prometheus_client import start_http_server

from app.runtime.lifeline import watch
from app.runtime.logs import configure_logging
from app.runtime.ports import bind_port
from app.runtime.settings import Settings, load_settings
from app.wiring import run_worker


def worker(
    jobs: Annotated[list[str] | None, typer.Argument(help="Names; without any: all.")] = None,
) -> None:
    """Run the background jobs; metrics on TAQUILLA_METRICS_PORT."""
    watch(os.environ)
    settings = load_settings()
    configure_logging(settings)
    refuse_metrics_port_in_use(settings)
    start_http_server(settings.metrics_port, settings.http_host)
    uvloop.run(_work(settings, jobs or []))


async def _work(settings: Settings, names: list[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_worker(settings, names, stop)


def refuse_metrics_port_in_use(settings: Settings) -> None:
    """Raises ConfigurationError that names the setting."""
    bind_port(settings.http_host, settings.metrics_port, "TAQUILLA_METRICS_PORT").close()
