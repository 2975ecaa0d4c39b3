"""Two hundred paid orders under every weather: each ends right, and once."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsals.paying.breaks import kill_api, kill_redis, kill_worker, restart_postgresql
from tests.rehearsals.paying.rehearsal import describe, rehearse
from tests.servers.postgresql import (
    PostgresqlServer,
    fresh_database_url,
    keep_commits,
    start_postgresql,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(560)]

ORDERS = 200


async def test_in_every_weather_each_order_ends_right_and_once(tmp_path: Path) -> None:
    found = await rehearse(tmp_path, ORDERS, seed=random.SystemRandom().randrange(2**32))
    print("\n".join(describe(found)))
    print(f"{found.seconds:.0f} s")
    assert found.faults == [], "\n".join(found.faults)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    server = start_postgresql()
    yield server
    server.stop()


@pytest.mark.soak
async def test_and_while_redis_the_api_and_the_worker_are_killed(tmp_path: Path) -> None:
    breaks = (kill_redis, kill_worker, kill_api, kill_redis)
    found = await rehearse(tmp_path, ORDERS, breaks=breaks)
    print("\n".join(describe(found)))
    print(f"{found.seconds:.0f} s")
    assert found.faults == [], "\n".join(found.faults)


@pytest.mark.soak
async def test_and_while_redis_is_killed_and_postgresql_crashes(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    url = fresh_database_url(postgresql)
    keep_commits(postgresql, url)
    restart = restart_postgresql(postgresql)
    breaks = (restart, kill_redis, restart, kill_redis, kill_api)
    found = await rehearse(tmp_path, ORDERS, breaks=breaks, database_url=url)
    print("\n".join(describe(found)))
    print(f"{found.seconds:.0f} s")
    assert found.faults == [], "\n".join(found.faults)
