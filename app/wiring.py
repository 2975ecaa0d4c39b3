"""The one composition root: everything that is opened is opened, and closed, here."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app.bus import Bus, RedisStreamsBus, decode_fact
from app.inventory import Inventory, ServerTime, open_inventory
from app.ledger import ApiKeys, Ledger, open_ledger
from app.rollout import FileToggles, SellingGates
from app.runtime.clock import SystemClock
from app.runtime.embedded_redis import redis_url
from app.runtime.errors import ConfigurationError
from app.runtime.jobs import Job, run_jobs
from app.runtime.redis_connection import RedisConnection, TrustedRun
from app.runtime.secrets import load_secrets
from app.runtime.settings import Settings
from app.selling import (
    AvailabilityBoard,
    Expiring,
    Ordering,
    OrderingSecrets,
    Organising,
    Readiness,
    Recorded,
    Services,
    Verifying,
    check_installation,
)
from app.workers import Forgetter, Projector, Relay, RelayLimits, Sweeper


@dataclass(frozen=True, slots=True)
class Resources:
    """What lies outside of the process, opened."""

    inventory: Inventory
    bus: Bus
    ledger: Ledger


@asynccontextmanager
async def open_resources(
    settings: Settings, trusted: TrustedRun | None = None
) -> AsyncIterator[Resources]:
    """Redis is reached at the first command, so that a process can start before Redis does.
    `trusted`: for whoever sells, or records what was sold; set by `Readiness`."""
    async with AsyncExitStack() as stack:
        url = redis_url(settings)
        connections = {
            as_text: RedisConnection(
                url,
                timeout_seconds=settings.redis_timeout_seconds,
                connections_max=settings.redis_connections_max,
                as_text=as_text,
                trusted=trusted,
            )
            for as_text in (True, False)
        }
        for connection in connections.values():
            stack.push_async_callback(connection.aclose)
        ledger = await _open_ledger(settings)
        stack.push_async_callback(ledger.aclose)
        yield Resources(
            inventory=open_inventory(
                connections[True],
                ServerTime(timeout_seconds=settings.redis_timeout_seconds),
                partitions=settings.partitions,
            ),
            bus=RedisStreamsBus(connections[False], shards=settings.bus_shards),
            ledger=ledger,
        )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """What an API process sells with, while its own jobs run."""
    trusted = TrustedRun()
    async with open_resources(settings, trusted) as resources:
        inventory, ledger = resources.inventory, resources.ledger
        secrets = _ordering_secrets(settings)
        await check_installation(ledger, secrets, partitions=settings.partitions)
        toggles = FileToggles(settings.toggles_path)
        gates = SellingGates(toggles, inventory.events.read_organiser)
        readiness = _build_readiness(resources, trusted)
        services = Services(
            ordering=Ordering(inventory, gates, Expiring(inventory.orders), secrets),
            organising=Organising(inventory.events, ledger.drafts, SystemClock()),
            board=AvailabilityBoard(inventory.events),
            readiness=readiness,
            toggles=toggles,
            ledger=ledger,
            find_customer_ref=secrets.find_customer_ref,
        )
        # A process that opens its door before it has looked turns its first buyers away.
        await readiness.step()
        async with _running([gates, readiness], settings):
            yield services


async def run_worker(settings: Settings, names: Sequence[str], stop: asyncio.Event) -> None:
    """Runs the jobs of these names, or all of them, until `stop` is set."""
    async with open_jobs(settings) as jobs:
        unknown = set(names) - jobs.keys()
        if unknown:
            known = ", ".join(sorted(jobs))
            raise ConfigurationError(f"there is no job {', '.join(sorted(unknown))}; jobs: {known}")
        chosen = {Readiness.name, *names} if names else jobs.keys()
        running = [job for name, job in jobs.items() if name in chosen]
        await run_jobs(running, stop, drain_seconds=settings.drain_seconds)


@asynccontextmanager
async def open_jobs(settings: Settings) -> AsyncIterator[dict[str, Job]]:
    """Every background job by its name; the first look at Redis is done already."""
    trusted = TrustedRun()
    async with open_resources(settings, trusted) as resources:
        readiness = _build_readiness(resources, trusted)
        await readiness.step()
        yield {readiness.name: readiness, **_build_jobs(resources, settings)}


@asynccontextmanager
async def open_verifying(settings: Settings) -> AsyncIterator[Verifying]:
    async with open_resources(settings) as resources:
        yield Verifying(resources.inventory, resources.ledger, decode_fact)


@asynccontextmanager
async def open_organising(settings: Settings) -> AsyncIterator[Organising]:
    async with open_resources(settings) as resources:
        yield Organising(resources.inventory.events, resources.ledger.drafts, SystemClock())


@asynccontextmanager
async def open_api_keys(settings: Settings) -> AsyncIterator[ApiKeys]:
    ledger = await _open_ledger(settings)
    try:
        yield ledger.api_keys
    finally:
        await ledger.aclose()


async def _open_ledger(settings: Settings) -> Ledger:
    return await open_ledger(
        settings.database_url,
        data_dir=settings.data_dir,
        timeout_seconds=settings.database_timeout_seconds,
    )


def _build_readiness(resources: Resources, trusted: TrustedRun) -> Readiness:
    bus = None if isinstance(resources.bus, RedisStreamsBus) else resources.bus
    return Readiness(
        resources.inventory, Recorded(resources.ledger, bus, Projector.reader), trusted
    )


def _build_jobs(resources: Resources, settings: Settings) -> dict[str, Job]:
    limits = RelayLimits(
        lease_seconds=settings.lease_seconds,
        step_seconds_max=settings.step_seconds_max,
        outbox_tail_max=settings.outbox_tail_max,
    )
    owner = f"{socket.gethostname()}:{os.getpid()}"
    jobs: list[Job] = [
        Relay(resources.inventory, resources.bus, resources.ledger.customers, owner, limits),
        Projector(resources.bus, resources.ledger),
        Sweeper(resources.inventory, Expiring(resources.inventory.orders)),
        Forgetter(resources.ledger.customers, SystemClock()),
    ]
    return {job.name: job for job in jobs}


@asynccontextmanager
async def _running(jobs: Sequence[Job], settings: Settings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_jobs(jobs, stop, drain_seconds=settings.drain_seconds))
    try:
        yield
    finally:
        stop.set()
        await running


def _ordering_secrets(settings: Settings) -> OrderingSecrets:
    secrets = load_secrets(settings)
    return OrderingSecrets(secrets.order_ids, secrets.customer_ref, secrets.order_tokens)
