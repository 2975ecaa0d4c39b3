"""Facts a second through the pipeline: outbox, relay, bus, projector, ledger. One process, one core
for Python; Redis on the disk (`appendfsync always`), PostgreSQL as the tests run it."""

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.bus import RedisStreamsBus
from app.domain.ids import Partition
from app.inventory import Inventory, ServerTime, open_inventory
from app.ledger import open_ledger, upgrade_ledger
from app.runtime.jobs import Job, Progress
from app.runtime.redis_connection import RedisConnection
from app.workers import Projector, Relay, RelayLimits
from tests.builders import PARTITIONS, a_wish, an_event
from tests.servers.postgresql import fresh_database_url, start_postgresql
from tests.servers.redis import start_redis

EVENTS = 8
AT_ONCE = 64
LIMITS = RelayLimits(lease_seconds=30, step_seconds_max=14, outbox_tail_max=10_000)


async def measure_facts(orders: int) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    postgresql = start_postgresql()
    try:
        with tempfile.TemporaryDirectory() as folder:
            await _measure("SQLite", f"sqlite+aiosqlite:///{folder}/ledger.sqlite3", orders)
        await _measure("PostgreSQL (fsync off)", fresh_database_url(postgresql), orders)
    finally:
        postgresql.stop()


async def _measure(name: str, database_url: str, orders: int) -> None:
    await upgrade_ledger(database_url, Path())
    server = start_redis(appendonly=True)
    try:
        async with _pipeline(server.url, database_url) as (inventory, relay, projector):
            started = time.perf_counter()
            await _sell(inventory, orders)
            sold = time.perf_counter() - started
            relayed = await _drain(relay)
            projected = await _drain(projector)
        print(
            f"{name}: {orders} orders placed at {orders / sold:,.0f}/s; "
            f"relay {orders / relayed:,.0f} facts/s, projector {orders / projected:,.0f} facts/s, "
            f"one after the other {orders / (relayed + projected):,.0f} facts/s"
        )
    finally:
        server.stop()


@asynccontextmanager
async def _pipeline(
    redis_url: str, database_url: str
) -> AsyncIterator[tuple[Inventory, Relay, Projector]]:
    text = RedisConnection(redis_url, timeout_seconds=5, connections_max=AT_ONCE)
    binary = RedisConnection(redis_url, timeout_seconds=5, connections_max=4, as_text=False)
    inventory = open_inventory(text, ServerTime(timeout_seconds=5), partitions=PARTITIONS)
    for each in range(PARTITIONS):
        await inventory.outbox.start_partition(Partition(each))
    ledger = await open_ledger(database_url, data_dir=Path(), timeout_seconds=30)
    bus = RedisStreamsBus(binary, shards=4)
    try:
        yield (
            inventory,
            Relay(inventory, bus, ledger.customers, "bench", LIMITS),
            Projector(bus, ledger),
        )
    finally:
        await ledger.aclose()
        await text.aclose()
        await binary.aclose()


async def _sell(inventory: Inventory, orders: int) -> None:
    for number in range(EVENTS):
        await inventory.events.open_event(an_event(f"bench-{number}", pools={"floor": orders}))
    numbers = iter(range(orders))

    async def buy() -> None:
        for number in numbers:
            await inventory.orders.place_order(
                a_wish(
                    event_id=f"bench-{number % EVENTS}",
                    email=f"buyer{number}@example.com",
                    key=f"key-{number:016d}",
                )
            )

    await asyncio.gather(*(buy() for _ in range(AT_ONCE)))


async def _drain(job: Job) -> float:
    started = time.perf_counter()
    while await job.step() is Progress.MORE:
        pass
    return time.perf_counter() - started
