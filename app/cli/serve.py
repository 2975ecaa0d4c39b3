"""`./taquilla serve`: the HTTP API, in one process or TAQUILLA_API_PROCESSES of them."""

import asyncio
import gc
import math
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from importlib import import_module
from ipaddress import ip_network
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn
import uvloop

from app.cli.api_processes import api_processes, shared_metrics
from app.cli.http_protocol import KEEP_ALIVE_SECONDS, BoundedHttpProtocol
from app.main import create_app
from app.runtime.data_directory import make_data_directory
from app.runtime.lifeline import watch
from app.runtime.logs import configure_logging
from app.runtime.payment_methods import sandbox_books_file
from app.runtime.ports import BACKLOG, bind_port
from app.runtime.settings import Settings, load_settings
from app.runtime.supervisor import Supervisor

INTERNAL_HOST = "127.0.0.1"
KILL_AFTER_DRAIN_SECONDS = 1.0
YOUNG_OBJECTS_MAX = 10_000
"""So many more are made than freed before the collector looks at them. Python's own 700 comes with
every few orders, and finds nothing."""

log = structlog.get_logger(__name__)


def serve(
    *,
    internal: Annotated[
        bool, typer.Option("--internal", help="The listener for operators, on 127.0.0.1.")
    ] = False,
    listener_descriptor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the HTTP API (TAQUILLA_HTTP_PORT, or TAQUILLA_INTERNAL_PORT)."""
    watch(os.environ)
    settings = load_settings()
    configure_logging(settings)
    if listener_descriptor is not None:
        _serve_alone(settings, socket.socket(fileno=listener_descriptor), internal=internal)
        return
    with bind_listener(settings, internal=internal) as listener:
        if settings.api_processes == 1:
            _serve_alone(settings, listener, internal=internal)
        else:
            asyncio.run(_serve_together(settings, listener, internal=internal))


def bind_listener(settings: Settings, *, internal: bool = False) -> socket.socket:
    if internal:
        return bind_port(INTERNAL_HOST, settings.internal_port, "TAQUILLA_INTERNAL_PORT")
    return bind_port(settings.http_host, settings.http_port, "TAQUILLA_HTTP_PORT")


async def _serve_together(settings: Settings, listener: socket.socket, *, internal: bool) -> None:
    make_data_directory(settings.data_dir)
    stop_seconds = settings.drain_seconds + KILL_AFTER_DRAIN_SECONDS
    with shared_metrics(settings.data_dir) as metrics_folder:
        async with Supervisor(stop_seconds=stop_seconds) as supervisor:
            for spec in api_processes(
                settings, listener.fileno(), metrics_folder, internal=internal
            ):
                await supervisor.start(spec)
            await supervisor.wait()


def _serve_alone(settings: Settings, listener: socket.socket, *, internal: bool) -> None:
    _on_signals(_leave)
    uvloop.run(_serve(settings, listener, internal=internal))


async def _serve(settings: Settings, listener: socket.socket, *, internal: bool) -> None:
    """The lifespan is entered here and not by uvicorn, which would turn a wrong setting into a
    trace."""
    mounts = {} if internal else _sandbox_pages(settings)
    application = create_app(settings, internal=internal, mounts=mounts)
    if settings.is_production and not (internal or settings.trusted_proxies):
        log.warning("no trusted proxies: limits count the addresses of direct connections")
    server = uvicorn.Server(server_configuration(settings, application))
    async with application.router.lifespan_context(application):
        _settle_garbage_collection()
        # uvicorn takes these signals as well, and raises them again when it is done.
        _on_signals(server.handle_exit)
        await server.serve(sockets=[listener])


def _settle_garbage_collection() -> None:
    """What stands by now stays, so it is not looked through again and again; and an order leaves no
    circles behind, so they are looked for seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, *gc.get_threshold()[1:])


def server_configuration(
    settings: Settings, application: Callable[..., Awaitable[None]]
) -> uvicorn.Config:
    """No limit of connections (`limit_concurrency`): whoever opened that many would shut everybody
    else out. Each of them ends in time instead (`app.cli.http_protocol`)."""
    return uvicorn.Config(
        application,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[*_as_seen(settings.trusted_proxies)],
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
    )


def _as_seen(networks: Sequence[str]) -> Iterator[str]:
    """A socket that listens on IPv6 as well shows an IPv4 peer as ::ffff:a.b.c.d."""
    for each in networks:
        yield each
        network = ip_network(each)
        if network.version == 4:
            yield f"::ffff:{network.network_address}/{96 + network.prefixlen}"


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _sandbox_pages(settings: Settings) -> Mapping[str, Callable[..., Awaitable[None]]]:
    """Loaded by name: an image for production has neither the sandbox nor that module."""
    if sandbox_books_file(settings) is None:
        return {}
    pages: Mapping[str, Callable[..., Awaitable[None]]] = import_module(
        "app.cli.sandbox"
    ).sandbox_pages(settings)
    return pages
