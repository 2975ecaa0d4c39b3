"""Paid checkouts a second, end to end: an order is placed and paid with the sandbox at once, over
HTTP, until it is confirmed. PostgreSQL with its default durability, Redis with `appendfsync
always`, the worker running beside.

Then what one checkout is made of: statements, transactions and calls counted, and timed alone.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.bench import load
from tests.bench.anatomy import describe_anatomy
from tests.bench.load import EVENT, Burst, Crowd
from tests.bench.processes import (
    descendants,
    family_seconds,
    machine_seconds,
    processor_seconds,
    refuse_without_proc,
)
from tests.bench.sale import CROWD_SHARE_MAX, ROUNDS_SECONDS_MAX, Plan
from tests.bench.table import PAID_COLUMNS, Measured, describe
from tests.flows.conftest import Service, running_service
from tests.servers.postgresql import PostgresqlServer, fresh_database_url, start_postgresql
from tests.servers.redis import ROOT, RedisServer, start_redis

CONNECTIONS = 16
WARM_UP_CHECKOUTS = 64
PRICE_MINOR = 2_500
CAPACITY = 1_000_000


def measure_paid(plan: Plan) -> bool:
    """Prints the table, then the anatomy. False when something was wrong."""
    refuse_without_proc()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taquilla-bench-")))
        tills = [stack.enter_context(_till(folder, processes)) for processes in (1, 2)]
        ours, all_of_it, began = family_seconds(), machine_seconds(), time.perf_counter()
        measured: list[Measured] = []
        rounds = 0
        while rounds < plan.rounds and time.perf_counter() - began < ROUNDS_SECONDS_MAX:
            measured += [each.measure(plan) for each in tills]
            rounds += 1
        seconds = (time.perf_counter() - began) * (os.cpu_count() or 1)
        others = (machine_seconds() - all_of_it - (family_seconds() - ours)) / seconds
        done = asdict(plan) | {"connections": CONNECTIONS, "rounds": rounds}
        engine = tills[0].redis.engine
    text, is_sound = describe(measured, engine, done, others, PAID_COLUMNS)
    print(text)
    print(asyncio.run(describe_anatomy()))
    return is_sound


@dataclass
class _Till:
    """A running service with servers of its own."""

    service: Service
    redis: RedisServer
    postgresql: PostgresqlServer
    processes: int
    buyers: int = 0
    paid: int = 0

    def measure(self, plan: Plan) -> Measured:
        port = int(self.service.base_url.rpartition(":")[2])
        burst = Burst(port, plan.orders, plan.seconds, CONNECTIONS, self.buyers, pays=True)
        if not self.buyers:
            self._send(replace(burst, orders=WARM_UP_CHECKOUTS))
            burst = replace(burst, first_buyer=self.buyers)
        assert self.postgresql.process is not None
        database = self.postgresql.process.pid
        groups = {
            "api": descendants(self.service.process.pid, "serve", without="--internal"),
            "worker": descendants(self.service.process.pid, "worker"),
            "database": [database, *descendants(database)],
            "redis": [self.redis.pid],
        }
        assert len(groups["api"]) == self.processes
        used = {name: processor_seconds(pids) for name, pids in groups.items()}
        crowd = self._send(burst)
        paid = max(crowd.placed, 1)
        us = {
            name: (processor_seconds(pids) - used[name]) / paid * 1e6
            for name, pids in groups.items()
        }
        faults = [f"{count} answers were {answer}" for answer, count in crowd.errors.items()]
        sold = asyncio.run(self._sold())
        if sold != self.paid:
            faults.append(f"{sold} tickets were sold, and {self.paid} paid")
        if (share := crowd.processor_seconds / crowd.seconds) > CROWD_SHARE_MAX:
            faults.append(f"the crowd itself was the bottleneck: {share:.0%} of a core")
        return Measured(
            name=f"place and pay, TAQUILLA_API_PROCESSES={self.processes}",
            orders_per_second=crowd.placed / crowd.seconds,
            p50_ms=crowd.p50_ms,
            p95_ms=crowd.p95_ms,
            p99_ms=crowd.p99_ms,
            api_us=us["api"],
            worker_us=us["worker"],
            database_us=us["database"],
            redis_us=us["redis"],
            crowd_share=share,
            faults=faults,
        )

    def _send(self, burst: Burst) -> Crowd:
        ran = subprocess.run(
            [sys.executable, "-m", load.__name__, json.dumps(asdict(burst))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            timeout=burst.seconds + 2 * load.ANSWER_SECONDS_MAX,
            check=True,
        )
        crowd = Crowd(**json.loads(ran.stdout))
        self.buyers += burst.orders
        self.paid += crowd.placed
        return crowd

    async def _sold(self) -> int:
        async with self.service.client() as client:
            url = f"/v1/admin/events/{EVENT}"
            event = (await client.get(url, headers=self.service.admin)).raise_for_status().json()
            return int(event["pools"][0]["sold"])


@contextmanager
def _till(folder: Path, processes: int) -> Iterator[_Till]:
    with ExitStack() as stack:
        redis = start_redis(appendonly=True)
        stack.callback(redis.stop)
        postgresql = start_postgresql(is_durable=True)
        stack.callback(postgresql.stop)
        service = stack.enter_context(
            running_service(
                folder / str(processes),
                TAQUILLA_REDIS_URL=redis.url,
                TAQUILLA_DATABASE_URL=fresh_database_url(postgresql),
                TAQUILLA_API_PROCESSES=str(processes),
                TAQUILLA_LOG_LEVEL="warning",
            )
        )
        till = _Till(service, redis, postgresql, processes)
        asyncio.run(_open_event(service))
        yield till


async def _open_event(service: Service) -> None:
    async with service.client() as client:
        ticket_type = {"id": "adult", "name": "Adult", "price": PRICE_MINOR, "pools": ["floor"]}
        await service.open_event(
            client,
            EVENT,
            pools=[{"id": "floor", "capacity": CAPACITY}],
            ticket_types=[ticket_type],
        )
