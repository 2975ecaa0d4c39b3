"""The ceiling: our own `place_order` script, as fast as Redis takes it, with no service in between.

`redis-benchmark` sends it where there is one; else a pipelined client of our own does, and says so.
"""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from app.domain.ids import EventId, PoolId, partition_of
from app.inventory import Inventory, ServerTime, open_inventory
from app.inventory.keys import keys_of_event
from app.inventory.scripts import Script, load_scripts
from app.runtime.redis_connection import Argument, RedisConnection
from tests.bench.load import EVENT
from tests.builders import PARTITIONS, an_event
from tests.servers.redis import RedisServer

EVENT_ID = EventId(EVENT)
CAPACITY = 100_000_000
NEVER_LATE_MS = 9_999_999_999_999
RANDOM = "__rand_int__"
"""redis-benchmark puts twelve random digits here, others at each place."""
RANDOM_MAX = 2_000_000_000
SECONDS_MAX = 30.0
OWN_CLIENT_PIPELINE = 64


@dataclass(frozen=True, slots=True)
class Pushed:
    """`p*_ms` are None where the client does not measure them."""

    placed: int
    asked: int
    seconds: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


async def open_stock(server: RedisServer) -> None:
    """One event on sale with more stock than anybody asks for."""
    async with selling(server) as inventory:
        await inventory.outbox.start_partition(partition_of(EVENT_ID, PARTITIONS))
        await inventory.events.open_event(an_event(EVENT, pools={"floor": CAPACITY}))


@asynccontextmanager
async def selling(server: RedisServer) -> AsyncIterator[Inventory]:
    """The inventory on this server, for as long as it is looked at."""
    connection = RedisConnection(server.url, timeout_seconds=5, connections_max=1)
    try:
        yield open_inventory(connection, ServerTime(timeout_seconds=5), partitions=PARTITIONS)
    finally:
        await connection.aclose()


def has_redis_benchmark() -> bool:
    return shutil.which("redis-benchmark") is not None


def push(server: RedisServer, orders: int, *, connections: int, pipeline: int) -> Pushed:
    """By redis-benchmark. RuntimeError with its own words when it fails."""
    orders = -(-orders // pipeline) * pipeline  # it sends whole pipelines, whatever it is told
    before = asyncio.run(_prepare(server))
    ran = subprocess.run(
        [
            *("redis-benchmark", "-s", str(server.socket_path), "--csv", "-r", str(RANDOM_MAX)),
            *("-c", str(connections), "-P", str(pipeline), "-n", str(orders)),
            *(str(each) for each in _place_order(load_scripts()["place_order"], RANDOM)),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    # The first field is the command itself, its quotes as they are.
    figures = re.search(r'((?:,"[\d.]+"){7})\n$', ran.stdout)
    if ran.returncode != 0 or figures is None:
        raise RuntimeError(f"redis-benchmark: {ran.stdout}{ran.stderr}")
    rate, _average, _least, p50, p95, p99, _most = (
        float(each) for each in re.findall(r"[\d.]+", figures[1])
    )
    return Pushed(
        placed=asyncio.run(_sold(server)) - before,
        asked=orders,
        seconds=orders / rate,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
    )


def push_ourselves(server: RedisServer, orders: int) -> Pushed:
    """The same orders in pipelines of OWN_CLIENT_PIPELINE, without redis-benchmark."""
    return asyncio.run(_push_ourselves(server, orders))


async def _push_ourselves(server: RedisServer, orders: int) -> Pushed:
    before = await _prepare(server)
    connection = RedisConnection(server.url, timeout_seconds=5, connections_max=2)
    script = load_scripts()["place_order"]

    async def send(pipelines: int) -> None:
        for _ in range(pipelines):
            await connection.call_many(
                [
                    _place_order(script, f"{uuid4().int % 10**12:012d}")
                    for _ in range(OWN_CLIENT_PIPELINE)
                ]
            )

    started = time.perf_counter()
    pipelines = max(1, orders // (2 * OWN_CLIENT_PIPELINE))
    await asyncio.gather(send(pipelines), send(pipelines))
    seconds = time.perf_counter() - started
    await connection.aclose()
    asked = 2 * pipelines * OWN_CLIENT_PIPELINE
    return Pushed(await _sold(server) - before, asked, seconds)


async def _prepare(server: RedisServer) -> int:
    """Redis knows the script. Returns what is sold already."""
    connection = RedisConnection(server.url, timeout_seconds=5, connections_max=1)
    await connection.call("SCRIPT", "LOAD", load_scripts()["place_order"].source)
    await connection.aclose()
    return await _sold(server)


async def _sold(server: RedisServer) -> int:
    async with selling(server) as inventory:
        found = await inventory.events.read_event(EVENT_ID)
        assert found is not None
        return found[0].stock[PoolId("floor")].sold


def _place_order(script: Script, number: str) -> tuple[Argument, ...]:
    """The command that `Orders.place_order` sends, for a buyer and an order of this number; the
    key and the argument may name different orders, which costs the same."""
    keys = keys_of_event(EVENT_ID, PARTITIONS)
    partition = keys.partition
    order_id = f"{partition.partition:02d}.{EVENT}.aa{number}{number}"
    return (
        *("EVALSHA", script.sha, script.keys.count),
        *(partition.head, partition.outbox, keys.event, keys.customers),
        *(keys.due_orders, partition.due_events, keys.holders),
        f"{partition.tag}:order:{order_id}",
        *(0, NEVER_LATE_MS, order_id, EVENT, f"aa{number}{number}", "0" * 32, "confirm", "", ""),
        f'{{"email":"buyer{number}@example.com","name":null}}',
        *("", 0, 0),
        *("adult", 1),
    )
