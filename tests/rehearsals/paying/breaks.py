"""What is broken in the middle of paid orders: kill -9 of Redis, an API process, the worker; and a
PostgreSQL that is stopped at once and started again."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.rehearsals.paying.stage import Stage
from tests.servers.postgresql import PostgresqlServer, crash, start_again

AWAY_SECONDS = 1.0


async def kill_redis(stage: Stage) -> str:
    at = time.monotonic()
    stage.redis.kill()
    await asyncio.sleep(AWAY_SECONDS)
    stage.redis.start()
    return f"Redis was killed and away for {time.monotonic() - at:.1f} s"


async def kill_api(stage: Stage) -> str:
    at = time.monotonic()
    stage.end(stage.public)
    await stage.start_api()
    return f"the API was killed and away for {time.monotonic() - at:.1f} s"


async def kill_worker(stage: Stage) -> str:
    at = time.monotonic()
    stage.end(stage.workers[0])
    await stage.start_worker()
    return f"the worker was killed and away for {time.monotonic() - at:.1f} s"


def restart_postgresql(server: PostgresqlServer) -> Callable[[Stage], Awaitable[str]]:
    """At once, as after a crash: it replays its log when it starts."""

    async def restart(_stage: Stage) -> str:
        at = time.monotonic()
        crash(server)
        await asyncio.sleep(AWAY_SECONDS)
        start_again(server)
        return f"PostgreSQL crashed and was away for {time.monotonic() - at:.1f} s"

    return restart
