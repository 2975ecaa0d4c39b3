"""One order, three ways, side by side: the script alone, a naive seller, and ours over HTTP.

All of them on Redis servers of the same make and configuration (`appendfsync always`, unix socket).
They take turns, round by round, so that a neighbour's load meets all of them; figures are medians.
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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from tests.bench import ceiling, load
from tests.bench.load import EVENT, Burst, Crowd
from tests.bench.processes import (
    descendants,
    family_seconds,
    machine_seconds,
    processor_seconds,
    refuse_without_proc,
)
from tests.bench.table import Measured, describe
from tests.flows.conftest import Service, free_ports, running_service
from tests.servers.redis import ROOT, RedisServer, start_redis

CONNECTIONS = 32
START_SECONDS_MAX = 30.0
DRAIN_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
CROWD_SHARE_MAX = 0.8
"""Of one core: a crowd that works harder than that is what is measured."""
CEILING_TRY_ORDERS = 512
"""redis-benchmark counts and does not time, so these tell how many fit the seconds of a round."""
PIPELINE = 16
ROUNDS_SECONDS_MAX = 55.0
"""No round begins after these: on a busy machine there are fewer, and the command still ends."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Each contender in each round: `orders` at most, for `seconds` at most."""

    rounds: int
    orders: int
    seconds: float

    def burst(self, port: int, first_buyer: int) -> Burst:
        return Burst(port, self.orders, self.seconds, CONNECTIONS, first_buyer)


def measure_sale(plan: Plan) -> bool:
    """Prints the table. False when something was wrong, so that nothing is compared."""
    refuse_without_proc()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taquilla-bench-")))
        contenders = list(_contenders(stack, folder))
        engine = contenders[0].server.engine
        ours, all_of_it, began = family_seconds(), machine_seconds(), time.perf_counter()
        measured: list[Measured] = []
        rounds = 0
        while rounds < plan.rounds and time.perf_counter() - began < ROUNDS_SECONDS_MAX:
            measured += [each.measure(plan) for each in contenders]
            rounds += 1
        seconds = (time.perf_counter() - began) * (os.cpu_count() or 1)
        others = (machine_seconds() - all_of_it - (family_seconds() - ours)) / seconds
    done = asdict(plan) | {"connections": CONNECTIONS, "rounds": rounds}
    text, is_sound = describe(measured, engine, done, others)
    print(text)
    return is_sound


def _contenders(stack: ExitStack, folder: Path) -> "Iterator[_OnRedis]":
    server = stack.enter_context(_redis())
    asyncio.run(ceiling.open_stock(server))
    yield _Ceiling(server, pipeline=1)
    yield _Ceiling(server, pipeline=PIPELINE)
    server = stack.enter_context(_redis())
    yield stack.enter_context(_naive(server))
    for processes in (1, 2):
        server = stack.enter_context(_redis())
        service = stack.enter_context(
            running_service(
                folder / str(processes),
                TAQUILLA_REDIS_URL=server.url,
                TAQUILLA_API_PROCESSES=str(processes),
                TAQUILLA_LOG_LEVEL="warning",
            )
        )
        yield _Ours(server, service, processes)


@contextmanager
def _redis() -> Iterator[RedisServer]:
    server = start_redis(appendonly=True)
    try:
        yield server
    finally:
        server.stop()


class _OnRedis:
    """`name` stays the same from round to round."""

    name: str

    def __init__(self, server: RedisServer) -> None:
        self.server = server

    def measure(self, plan: Plan) -> Measured:
        raise NotImplementedError


class _Ceiling(_OnRedis):
    def __init__(self, server: RedisServer, *, pipeline: int) -> None:
        super().__init__(server)
        self._pipeline = pipeline
        self._pushes = 0
        client = "redis-benchmark" if ceiling.has_redis_benchmark() else "own pipelined client"
        self.name = f"script alone: {client}, {self._depth} a time"

    @property
    def _depth(self) -> int:
        return self._pipeline if ceiling.has_redis_benchmark() else ceiling.OWN_CLIENT_PIPELINE

    def measure(self, plan: Plan) -> Measured:
        tried = self._push(min(plan.orders, CEILING_TRY_ORDERS))
        fitting = int(plan.seconds * tried.asked / tried.seconds)
        used = processor_seconds([self.server.pid])
        pushed = self._push(min(plan.orders, fitting))
        used = processor_seconds([self.server.pid]) - used
        missing = pushed.asked - pushed.placed
        return Measured(
            name=self.name,
            orders_per_second=pushed.placed / pushed.seconds,
            p50_ms=pushed.p50_ms,
            p95_ms=pushed.p95_ms,
            p99_ms=pushed.p99_ms,
            redis_us=used / pushed.placed * 1e6,
            faults=[f"{missing} of {pushed.asked} were not placed"] if missing else [],
        )

    def _push(self, orders: int) -> ceiling.Pushed:
        self._pushes += 1
        number = self._pushes
        if ceiling.has_redis_benchmark():
            return ceiling.push(
                self.server,
                orders,
                connections=CONNECTIONS,
                pipeline=self._pipeline,
                push_number=number,
            )
        return ceiling.push_ourselves(self.server, orders, push_number=number)


class _Seller(_OnRedis):
    """Speaks HTTP on `port`; `api` are the processes that do."""

    def __init__(self, server: RedisServer, port: int, api: list[int]) -> None:
        super().__init__(server)
        self._port = port
        self._api = api
        self._placed = 0
        self._buyers = 0
        assert api, "no API process was found"

    def measure(self, plan: Plan) -> Measured:
        if not self._buyers:
            self._send(Burst(self._port, CONNECTIONS * 4, plan.seconds, CONNECTIONS, 0))
        api, redis = processor_seconds(self._api), processor_seconds([self.server.pid])
        began = time.perf_counter()
        crowd = self._send(plan.burst(self._port, self._buyers))
        api = processor_seconds(self._api) - api
        redis = processor_seconds([self.server.pid]) - redis
        placed = max(crowd.placed, 1)
        faults = [f"{count} answers were {answer}" for answer, count in crowd.errors.items()]
        drained = self.wait_until_all_is_told(began)
        if not self.agrees():
            faults.append("the stock does not agree with the answers")
        if (share := crowd.processor_seconds / crowd.seconds) > CROWD_SHARE_MAX:
            faults.append(f"the crowd itself was the bottleneck: {share:.0%} of a core")
        return Measured(
            name=self.name,
            orders_per_second=crowd.placed / crowd.seconds,
            p50_ms=crowd.p50_ms,
            p95_ms=crowd.p95_ms,
            p99_ms=crowd.p99_ms,
            api_us=api / placed * 1e6,
            redis_us=redis / placed * 1e6,
            crowd_share=share,
            facts_per_second=placed / drained if drained else None,
            faults=faults,
        )

    def agrees(self) -> bool:
        """Whether what is left fits what was answered."""
        raise NotImplementedError

    def is_told(self) -> bool | None:
        """Whether the ledger has all that was placed; None for a seller that has no ledger."""
        raise NotImplementedError

    def wait_until_all_is_told(self, began: float) -> float | None:
        """Seconds since the first order; None for a seller that tells nobody."""
        deadline = time.perf_counter() + DRAIN_SECONDS_MAX
        while (told := self.is_told()) is not True:
            if told is None:
                return None
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{self.name}: the ledger is still behind")
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - began

    def _send(self, burst: Burst) -> Crowd:
        ran = subprocess.run(
            [sys.executable, "-m", load.__name__, json.dumps(asdict(burst))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            timeout=burst.seconds + 2 * load.ANSWER_SECONDS_MAX,
            check=True,
        )
        crowd = Crowd(**json.loads(ran.stdout))
        self._buyers += burst.orders
        self._placed += crowd.placed
        return crowd


class _Naive(_Seller):
    name = "naive seller: FastAPI + redis-py, 1 process"

    def __init__(self, server: RedisServer, port: int, api: list[int]) -> None:
        super().__init__(server, port, api)
        self._client = Redis.from_url(server.url, decode_responses=True)
        self._client.set(f"stock:{EVENT}:adult", ceiling.CAPACITY)

    def agrees(self) -> bool:
        left = self._client.get(f"stock:{EVENT}:adult")
        return left == str(ceiling.CAPACITY - self._placed)

    def is_told(self) -> None:
        return None


class _Ours(_Seller):
    def __init__(self, server: RedisServer, service: Service, processes: int) -> None:
        port = int(service.base_url.rpartition(":")[2])
        super().__init__(
            server, port, descendants(service.process.pid, "serve", without="--internal")
        )
        self.name = f"ours, TAQUILLA_API_PROCESSES={processes}"
        self._service = service
        asyncio.run(self._open())
        assert len(self._api) == processes

    async def _open(self) -> None:
        async with self._service.client() as client:
            pools = [{"id": "floor", "capacity": 1_000_000}]
            await self._service.open_event(client, EVENT, pools=pools)

    def agrees(self) -> bool:
        pool = self._ask(f"/v1/admin/events/{EVENT}")["pools"][0]
        return bool(pool["sold"] == self._placed)

    def is_told(self) -> bool:
        return bool(self._ask(f"/v1/admin/events/{EVENT}/sales")["sold"] == self._placed)

    def _ask(self, path: str) -> Any:
        url = f"{self._service.base_url}{path}"
        answer = httpx.get(url, headers=self._service.admin, timeout=load.ANSWER_SECONDS_MAX)
        return answer.raise_for_status().json()


@contextmanager
def _naive(server: RedisServer) -> Iterator[_Naive]:
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "tests.bench.naive_seller:app"),
            *("--port", str(port), "--no-access-log", "--log-level", "warning"),
        ],
        cwd=ROOT,
        env=os.environ | {"BENCH_REDIS_URL": server.url},
    )
    try:
        _wait_until_it_answers(port, process)
        yield _Naive(server, port, [process.pid])
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/openapi.json", timeout=5).raise_for_status()
        except httpx.TransportError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the naive seller did not start") from error
            time.sleep(POLL_SECONDS)
        else:
            return
