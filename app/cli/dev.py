"""`./taquilla dev`: the whole service on this machine, on embedded defaults, until Ctrl-C.

In this order: the lock of the data directory, Redis, the ledger's migrations, the API processes,
the worker, the sandbox, readiness, the demo. What the environment names (TAQUILLA_REDIS_URL, ...)
is used instead of the embedded default.
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.api_processes import api_processes, shared_metrics
from app.cli.demo import seed_demo, write_admin_key
from app.cli.serve import KILL_AFTER_DRAIN_SECONDS, bind_listener
from app.cli.worker import refuse_metrics_port_in_use
from app.ledger import upgrade_ledger
from app.rollout import catalogue_of, write_development_toggles
from app.runtime.data_directory import forget, lock_data_directory, redis_socket_folder
from app.runtime.embedded_redis import (
    claim_data,
    command_line,
    find_engine,
    redis_url,
    why_not_ready,
)
from app.runtime.errors import TaquillaError
from app.runtime.lifeline import wrapped
from app.runtime.logs import configure_logging
from app.runtime.payment_methods import sandbox_books_file
from app.runtime.settings import Settings, load_settings
from app.runtime.supervisor import ChildSpec, Supervisor
from app.wiring import open_api_keys

READY_SECONDS_MAX = 20.0
_PROBE_SECONDS = 1.0
_POLL_SECONDS = 0.05
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - only translated


@dataclass(frozen=True, slots=True)
class _Ground:
    """What stands before the first process starts, and is put away after the last."""

    lock_descriptor: int
    listener: socket.socket
    internal_listener: socket.socket
    metrics_folder: Path


def dev(
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the data directory first.")
    ] = False,
) -> None:
    """Run everything on this machine, with a demo event; Ctrl-C ends it."""
    os.environ.setdefault("TAQUILLA_ENV", "development")
    os.environ.setdefault("TAQUILLA_LOG_FORMAT", "console")
    settings = load_settings()
    configure_logging(settings)
    with contextlib.ExitStack() as stack:
        lock_descriptor = stack.enter_context(lock_data_directory(settings.data_dir))
        if fresh:
            forget(settings.data_dir)
        refuse_metrics_port_in_use(settings)
        ground = _Ground(
            lock_descriptor,
            stack.enter_context(bind_listener(settings)),
            stack.enter_context(bind_listener(settings, internal=True)),
            stack.enter_context(shared_metrics(settings.data_dir)),
        )
        stack.enter_context(redis_socket_folder(settings.data_dir))
        asyncio.run(_run(settings, ground))


async def _run(settings: Settings, ground: _Ground) -> None:
    stop_seconds = settings.drain_seconds + KILL_AFTER_DRAIN_SECONDS
    async with Supervisor(
        stop_seconds=stop_seconds, descriptors=(ground.lock_descriptor,)
    ) as supervisor:
        if settings.redis_url is None:
            await supervisor.start(_embedded_redis(settings))
        await upgrade_ledger(settings.database_url, settings.data_dir)
        async with open_api_keys(settings) as api_keys:
            await write_admin_key(settings, api_keys)
        if settings.unleash_url is None:
            write_development_toggles(settings.toggles_path, catalogue_of(settings.payment_methods))
        for spec in api_processes(settings, ground.listener.fileno(), ground.metrics_folder):
            await supervisor.start(spec)
        await supervisor.start(_internal_api(ground))
        await supervisor.start(ChildSpec("worker", [sys.executable, "-m", "app.cli", "worker"]))
        if sandbox_books_file(settings) is not None:
            await supervisor.start(ChildSpec("sandbox", [sys.executable, "-m", "app.cli.sandbox"]))
        await _wait_until_it_can_sell(settings)
        await seed_demo(settings)
        _greet(settings)
        await supervisor.wait()


def _internal_api(ground: _Ground) -> ChildSpec:
    """One process, however many the public has."""
    descriptor = ground.internal_listener.fileno()
    arguments = ["serve", "--internal", "--listener-descriptor", str(descriptor)]
    return ChildSpec(
        "internal api",
        [sys.executable, "-m", "app.cli", *arguments],
        descriptors=(descriptor,),
    )


def _embedded_redis(settings: Settings) -> ChildSpec:
    engine = find_engine()
    folder = settings.data_dir / "redis"
    claim_data(folder, engine)
    url = redis_url(settings)
    socket_path = Path(url.removeprefix("unix://"))
    return ChildSpec(
        name=f"{engine.name}",
        argv=wrapped(command_line(engine, folder, socket_path)),
        stops_last=True,
        why_not_ready=lambda: why_not_ready(url),
    )


async def _wait_until_it_can_sell(settings: Settings) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while reason := await asyncio.to_thread(_why_not_ready_to_sell, _base_url(settings)):
        if time.monotonic() > deadline:
            raise TaquillaError(f"not ready to sell after {READY_SECONDS_MAX:g} s: {reason}")
        await asyncio.sleep(_POLL_SECONDS)


def _why_not_ready_to_sell(base_url: str) -> str | None:
    """None once /readyz says yes; else its own words."""
    try:
        with urllib.request.urlopen(f"{base_url}/readyz", timeout=_PROBE_SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode(errors="replace")
    except OSError as error:
        return str(error)


def _base_url(settings: Settings) -> str:
    host = _EVERY_ADDRESS.get(settings.http_host, settings.http_host)
    return f"http://{host}:{settings.http_port}"


def _greet(settings: Settings) -> None:
    data_dir = settings.data_dir.absolute()
    toggles = f"{settings.toggles_path.absolute()}   (an edit is felt within 2 seconds)"
    typer.echo(f"""
Taquilla is open.

  shop        {_base_url(settings)}/
  API         {_base_url(settings)}/v1
  reference   {_base_url(settings)}/docs
  internal    http://127.0.0.1:{settings.internal_port}/internal/v1
  admin key   {data_dir / "admin-key"}
  toggles     {settings.unleash_url or toggles}

Ctrl-C ends it and keeps the data; `./taquilla dev --fresh` begins anew.
""")
