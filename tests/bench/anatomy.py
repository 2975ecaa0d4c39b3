"""What one paid checkout is made of: the API in this process, one buyer at a time, every call that
leaves it counted and timed. `BENCH_PROFILE=N` adds the N functions that take longest (cProfile).

Times are of a checkout that nobody disturbs; waiting for the disk is part of them.
"""

import cProfile
import io
import os
import pstats
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.ledger.database import Database
from app.main import create_app
from app.rollout import catalogue_of, write_development_toggles
from app.runtime.redis_connection import RedisConnection
from app.runtime.settings import Settings
from app.selling import Organising
from app.wiring import open_organising
from payments.testing.sandbox import Sandbox
from tests.builders import a_ticket_type, an_event
from tests.servers.postgresql import fresh_database_url, start_postgresql
from tests.servers.redis import start_redis

CHECKOUTS = 100
WARM_UP = 10
PRICE_MINOR = 2_500
PROFILE = "BENCH_PROFILE"


@dataclass
class _Tally:
    """By what it is: how often, and for how long together."""

    times: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.times[name] += 1
            self.seconds[name] += time.perf_counter() - began


async def describe_anatomy() -> str:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taquilla-bench-")))
        redis = start_redis(appendonly=True)
        stack.callback(redis.stop)
        postgresql = start_postgresql(is_durable=True)
        stack.callback(postgresql.stop)
        write_development_toggles(folder / "toggles.json", catalogue_of(("hack", "sandbox")))
        settings = Settings(
            env="development",
            data_dir=folder,
            redis_url=redis.url,
            database_url=fresh_database_url(postgresql),
            log_level="warning",
        )
        app = create_app(settings)
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://bench") as client,
        ):
            async with open_organising(settings) as organising:
                await _open_event(organising)
            for buyer in range(WARM_UP):
                await _check_out(client, buyer)
            return await _measure(client)


async def _measure(client: httpx.AsyncClient) -> str:
    tally, profile = _Tally(), cProfile.Profile()
    shown = int(os.environ.get(PROFILE, "0"))
    with _counted(tally):
        used, began = time.process_time(), time.perf_counter()
        if shown:
            profile.enable()
        for buyer in range(WARM_UP, WARM_UP + CHECKOUTS):
            await _check_out(client, buyer)
        profile.disable()
        seconds, used = time.perf_counter() - began, time.process_time() - used
    head = (
        f"One checkout, alone: {seconds / CHECKOUTS * 1e3:.1f} ms; processor, API and client "
        f"together: {used / CHECKOUTS * 1e3:.1f} ms"
    )
    lines = [head]
    for name, count in sorted(tally.times.items()):
        spent = tally.seconds[name]
        lines.append(
            f"  {name:<24}{count / CHECKOUTS:6.1f} times {spent / CHECKOUTS * 1e3:8.2f} ms "
            f"{spent / seconds:6.0%}"
        )
    if shown:
        text = io.StringIO()
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(shown)
        lines.append(text.getvalue())
    return "\n".join(lines)


async def _check_out(client: httpx.AsyncClient, buyer: int) -> None:
    key = {"Idempotency-Key": f"key-of-buyer-{buyer:012d}"}
    order = {
        "customer": {"email": f"buyer{buyer}@example.com"},
        "lines": [{"ticket_type": "adult", "quantity": 1}],
    }
    placed = await client.post("/v1/events/bench/orders", json=order, headers=key)
    assert placed.status_code == 201, placed.text
    told = placed.json()
    paid = await client.post(
        f"/v1/orders/{told['id']}/payments",
        json={"method": "sandbox"},
        headers=key | {"Order-Token": told["token"]},
    )
    assert paid.json()["status"] == "succeeded", paid.text


async def _open_event(organising: Organising) -> None:
    wanted = an_event(
        "bench",
        pools={"floor": 1_000_000},
        ticket_types=(a_ticket_type(price=PRICE_MINOR),),
    )
    await organising.create(wanted)
    await organising.open(wanted.organiser_id, wanted.id)


@contextmanager
def _counted(tally: _Tally) -> Iterator[None]:
    """Transactions are timed as a whole; statements within them only counted."""

    def count_statement(*_: object) -> None:
        tally.times["SQL statement"] += 1

    event.listen(Engine, "before_cursor_execute", count_statement)
    with ExitStack() as stack:
        for name in ("read", "write"):
            stack.enter_context(_timed_block(tally, Database, name, f"SQL transaction, {name}"))
        stack.enter_context(_timed_call(tally, RedisConnection, "call_many", "Redis call"))
        for name in ("initiate", "capture"):
            stack.enter_context(_timed_call(tally, Sandbox, name, f"sandbox, {name}"))
        try:
            yield
        finally:
            event.remove(Engine, "before_cursor_execute", count_statement)


def _timed_call(tally: _Tally, owner: type, name: str, told: str) -> Any:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def timed(*arguments: Any, **named: Any) -> Any:
        with tally.timed(told):
            return await original(*arguments, **named)

    return patch.object(owner, name, timed)


def _timed_block(tally: _Tally, owner: type, name: str, told: str) -> Any:
    original = getattr(owner, name)

    @asynccontextmanager
    async def timed(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
        with tally.timed(told):
            async with original(*arguments, **named) as connection:
                yield connection

    return patch.object(owner, name, timed)
