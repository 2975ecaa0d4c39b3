"""The one composition root: everything that is opened is opened, and closed, here."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from app.bus import Bus, RedisStreamsBus, decode_fact, open_kinesis_bus
from app.domain.ticket_codes import PublicKeys, TicketKeys
from app.inventory import HoldCaps, Inventory, ServerTime, open_inventory
from app.ledger import ApiKeys, Ledger, open_ledger
from app.rollout import (
    FileToggles,
    KeptPayload,
    SellingGates,
    Toggles,
    Token,
    UnleashToggles,
    catalogue_of,
    kept_payload_path,
    open_unleash_server,
)
from app.runtime.clock import SystemClock
from app.runtime.embedded_redis import redis_url
from app.runtime.errors import ConfigurationError
from app.runtime.jobs import Job, run_jobs
from app.runtime.payment_methods import grant_audience, load_issuers, load_registry
from app.runtime.redis_connection import RedisConnection, TrustedRun
from app.runtime.secrets import Secrets, load_secrets, load_ticket_secrets
from app.runtime.settings import Settings
from app.selling import (
    AvailabilityBoard,
    Expiring,
    Granting,
    MethodHealth,
    Offering,
    Operating,
    Ordering,
    OrderingSecrets,
    Organising,
    Paying,
    PaymentDesk,
    Providers,
    Readiness,
    Recorded,
    Refunding,
    Services,
    Settling,
    SettlingTerms,
    Ticketing,
    Verifying,
    check_installation,
    has_served_production,
    make_payment_desk,
)
from app.workers import Forgetter, Projector, Reconciler, Relay, RelayLimits, Sweeper
from payments import Registry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resources:
    """What lies outside of the process, opened."""

    inventory: Inventory
    ledger: Ledger


@asynccontextmanager
async def open_resources(
    settings: Settings, trusted: TrustedRun | None = None
) -> AsyncIterator[Resources]:
    """Redis is reached at the first command, so that a process can start before Redis does.
    `trusted`: for whoever sells, or records what was sold; set by `Readiness`."""
    async with AsyncExitStack() as stack:
        connection = _connect_redis(settings, trusted=trusted)
        stack.push_async_callback(connection.aclose)
        ledger = await _open_ledger(settings)
        stack.push_async_callback(ledger.aclose)
        yield Resources(
            inventory=open_inventory(
                connection,
                ServerTime(timeout_seconds=settings.redis_timeout_seconds),
                partitions=settings.partitions,
            ),
            ledger=ledger,
        )


@asynccontextmanager
async def _open_bus(settings: Settings, trusted: TrustedRun) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as stack:
        if settings.kinesis_stream:
            yield await stack.enter_async_context(
                open_kinesis_bus(
                    settings.kinesis_stream,
                    endpoint_url=settings.kinesis_endpoint_url,
                    # So that a call that is not answered fails before the relay's step does.
                    timeout_seconds=settings.step_seconds_max / 2,
                )
            )
        else:
            connection = _connect_redis(settings, as_text=False, trusted=trusted)
            stack.push_async_callback(connection.aclose)
            yield RedisStreamsBus(connection, shards=settings.bus_shards)


def _connect_redis(
    settings: Settings, *, as_text: bool = True, trusted: TrustedRun | None
) -> RedisConnection:
    return RedisConnection(
        redis_url(settings),
        timeout_seconds=settings.redis_timeout_seconds,
        connections_max=settings.redis_connections_max,
        as_text=as_text,
        trusted=trusted,
    )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """What an API process sells with, while its own jobs run."""
    trusted = TrustedRun()
    async with AsyncExitStack() as stack:
        resources = await stack.enter_async_context(open_resources(settings, trusted))
        toggles = await stack.enter_async_context(open_toggles(settings))
        readiness = await stack.enter_async_context(_open_readiness(settings, resources, trusted))
        inventory, ledger = resources.inventory, resources.ledger
        secrets = load_secrets(settings)
        ordering_secrets = _ordering_secrets(secrets)
        await check_installation(ledger, ordering_secrets, partitions=settings.partitions)
        gates = SellingGates(toggles, inventory.events.read_organiser)
        expiring = Expiring(inventory.orders)
        ordering = Ordering(inventory, gates, expiring, ordering_secrets, _hold_caps(settings))
        registry = await stack.enter_async_context(_open_registry(settings, secrets, ledger))
        money = _payment_desk(settings, resources, registry, expiring)
        method_health = MethodHealth(registry, ledger.payments)
        ticket_keys = TicketKeys(secrets.tickets)
        board = AvailabilityBoard(inventory.events)
        services = Services(
            ordering=ordering,
            organising=Organising(inventory.events, ledger.drafts, SystemClock()),
            ticketing=Ticketing(ordering, board, ledger, ticket_keys),
            paying=Paying(
                ordering,
                inventory,
                ledger.payments,
                Offering(registry, toggles),
                money.advancing,
                money.commanding,
                money.claims,
                money.providers,
                toggles,
                money.clock,
                secrets.order_ids,
            ),
            noticing=money.noticing,
            refunding=Refunding(
                ledger.payments, money.providers, money.commanding, money.advancing, money.claims
            ),
            settling=Settling(
                inventory,
                ledger.payments,
                ledger.grants,
                money.providers,
                money.advancing,
                toggles,
                money.clock,
                SettlingTerms(load_issuers(settings), grant_audience(settings), secrets.order_ids),
            ),
            method_health=method_health,
            board=board,
            readiness=readiness,
            toggles=toggles,
            ledger=ledger,
            find_customer_ref=ordering_secrets.find_customer_ref,
        )
        # A process that opens its door before it has looked turns its first buyers away.
        await readiness.step()
        await method_health.step()
        await stack.enter_async_context(_running([gates, readiness, method_health], settings))
        yield services


@asynccontextmanager
async def open_toggles(settings: Settings) -> AsyncIterator[Toggles]:
    """From the file, or from Unleash: then it is asked once before anything is sold, so that a
    halt that was clicked while this process was down is felt by its first order."""
    catalogue = catalogue_of(settings.payment_methods)
    if settings.unleash_url is None:
        yield FileToggles(settings.toggles_path, catalogue)
        return
    if settings.unleash_token is None:
        raise ConfigurationError("TAQUILLA_UNLEASH_URL is set: TAQUILLA_UNLEASH_TOKEN is needed")
    token = Token.of(settings.unleash_token.get_secret_value(), "TAQUILLA_UNLEASH_TOKEN")
    kept = KeptPayload(kept_payload_path(settings.data_dir, settings.unleash_url, token.value))
    async with open_unleash_server(
        settings.unleash_url,
        token,
        timeout_seconds=settings.unleash_timeout_seconds,
        instance_id=_process_name(),
    ) as server:
        toggles = UnleashToggles(
            server,
            kept,
            refresh_seconds=settings.unleash_refresh_seconds,
            catalogue=catalogue,
        )
        await toggles.step()
        toggles.refresh()
        async with _running([toggles], settings):
            yield toggles


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
    async with (
        open_resources(settings, trusted) as resources,
        _open_bus(settings, trusted) as bus,
        _open_readiness(settings, resources, trusted) as readiness,
    ):
        await readiness.step()
        secrets = load_secrets(settings)
        async with _open_registry(settings, secrets, resources.ledger) as registry:
            yield {readiness.name: readiness, **_build_jobs(resources, bus, registry, settings)}


@asynccontextmanager
async def open_verifying(settings: Settings) -> AsyncIterator[Verifying]:
    async with open_resources(settings) as resources:
        yield Verifying(resources.inventory, resources.ledger, decode_fact)


@asynccontextmanager
async def open_organising(settings: Settings) -> AsyncIterator[Organising]:
    async with open_resources(settings) as resources:
        yield Organising(resources.inventory.events, resources.ledger.drafts, SystemClock())


@asynccontextmanager
async def open_operating(settings: Settings) -> AsyncIterator[Operating]:
    """What operators do about payments; as careful with a Redis that started anew as a worker."""
    trusted = TrustedRun()
    async with (
        open_resources(settings, trusted) as resources,
        _open_readiness(settings, resources, trusted) as readiness,
    ):
        await readiness.step()
        async with _open_registry(settings, load_secrets(settings), resources.ledger) as registry:
            expiring = Expiring(resources.inventory.orders)
            yield _payment_desk(settings, resources, registry, expiring).operating


@asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[Providers]:
    """The accounts of payment methods, as a server process would have them now."""
    ledger = await _open_ledger(settings)
    try:
        async with _open_registry(settings, load_secrets(settings), ledger) as registry:
            yield Providers(registry, settings.listener_url)
    finally:
        await ledger.aclose()


@asynccontextmanager
async def open_granting(settings: Settings) -> AsyncIterator[Granting]:
    async with open_resources(settings) as resources:
        yield Granting(resources.inventory, grant_audience(settings))


@asynccontextmanager
async def open_api_keys(settings: Settings) -> AsyncIterator[ApiKeys]:
    ledger = await _open_ledger(settings)
    try:
        yield ledger.api_keys
    finally:
        await ledger.aclose()


def load_public_keys(settings: Settings) -> PublicKeys:
    """Of tickets, from the secrets; nothing is opened. Raises ConfigurationError."""
    return TicketKeys(load_ticket_secrets(settings)).public


async def _open_ledger(settings: Settings) -> Ledger:
    return await open_ledger(
        settings.database_url,
        data_dir=settings.data_dir,
        timeout_seconds=settings.database_timeout_seconds,
    )


@asynccontextmanager
async def _open_readiness(
    settings: Settings, resources: Resources, trusted: TrustedRun
) -> AsyncIterator[Readiness]:
    """With a reader of the bus of its own, where the bus can know more than the ledger and Redis:
    one such object serves one reader of a shard."""
    async with AsyncExitStack() as stack:
        bus = None
        if settings.kinesis_stream:
            bus = await stack.enter_async_context(_open_bus(settings, trusted))
        recorded = Recorded(resources.ledger, bus, Projector.reader)
        yield Readiness(resources.inventory, recorded, trusted)


def _payment_desk(
    settings: Settings, resources: Resources, registry: Registry, expiring: Expiring
) -> PaymentDesk:
    providers = Providers(registry, settings.listener_url)
    return make_payment_desk(
        resources.inventory, resources.ledger, providers, expiring, SystemClock()
    )


@asynccontextmanager
async def _open_registry(
    settings: Settings, secrets: Secrets, ledger: Ledger
) -> AsyncIterator[Registry]:
    mark = await has_served_production(ledger, is_production=settings.is_production)
    registry = load_registry(settings, secrets, has_production_mark=mark)
    for each in registry.broken:
        log.error("a payment method cannot be used", reason=str(each))
    try:
        yield registry
    finally:
        await registry.aclose()


def _build_jobs(
    resources: Resources, bus: Bus, registry: Registry, settings: Settings
) -> dict[str, Job]:
    limits = RelayLimits(
        lease_seconds=settings.lease_seconds,
        step_seconds_max=settings.step_seconds_max,
        outbox_tail_max=settings.outbox_tail_max,
    )
    expiring = Expiring(resources.inventory.orders)
    money = _payment_desk(settings, resources, registry, expiring)
    jobs: list[Job] = [
        Relay(resources.inventory, bus, resources.ledger.customers, _process_name(), limits),
        Projector(bus, resources.ledger),
        Sweeper(resources.inventory, expiring),
        Reconciler(
            resources.inventory, resources.ledger, money.advancing, money.noticing, money.clock
        ),
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


def _hold_caps(settings: Settings) -> HoldCaps:
    return HoldCaps(
        per_customer=settings.live_holds_per_customer_max,
        per_address=settings.live_holds_per_address_max,
    )


def _process_name() -> str:
    """Of this process, to whoever tells several apart: a lease, a server of toggles."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _ordering_secrets(secrets: Secrets) -> OrderingSecrets:
    return OrderingSecrets(secrets.order_ids, secrets.customer_ref, secrets.order_tokens)
