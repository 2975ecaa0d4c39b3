"""Somebody puts an old copy of Redis's data back: nothing is sold from it, and it is said why."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.conftest import Service, running_service, until
from tests.flows.crowd import connected, rush
from tests.servers.redis import RedisServer, start_redis

pytestmark = pytest.mark.slow

EVENT = "restored"
BUYERS = 200
HAMMER_SECONDS = 2.0
"""Twice as long as between two looks at most, and then some."""


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    server = start_redis(appendonly=True)
    yield server
    server.stop()


def _put_back(server: RedisServer, copy: Path) -> None:
    server.kill()
    shutil.rmtree(server.folder / "appendonlydir")
    shutil.copytree(copy, server.folder / "appendonlydir")
    server.start()


async def test_an_old_copy_is_not_sold_from_and_the_newest_is_again_without_a_restart(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    with running_service(
        tmp_path / "data", TAQUILLA_REDIS_URL=own_redis.url, TAQUILLA_API_PROCESSES="2"
    ) as service:
        async with service.client() as client, connected(service.base_url, 32) as crowd:
            pools = [{"id": "floor", "capacity": 10_000}]
            await service.open_event(client, EVENT, pools=pools)
            answers = await rush(crowd, EVENT, [(buyer, 1) for buyer in range(BUYERS)])
            shutil.copytree(own_redis.folder / "appendonlydir", tmp_path / "old")
            answers += await rush(crowd, EVENT, [(buyer, 1) for buyer in range(BUYERS, 2 * BUYERS)])
            assert Counter(each.status for each in answers) == {201: 2 * BUYERS}
            await until(30, lambda: _has_recorded(service, client, 2 * BUYERS))
            own_redis.kill()
            shutil.copytree(own_redis.folder / "appendonlydir", tmp_path / "newest")

            _put_back(own_redis, tmp_path / "old")
            told: Counter[int] = Counter()
            buyer, deadline = 1_000_000, time.monotonic() + HAMMER_SECONDS
            while time.monotonic() < deadline:
                some = await rush(crowd, EVENT, [(buyer + each, 1) for each in range(32)])
                told.update(each.status for each in some)
                buyer += 32
            print(f"on the old copy: {dict(told)}")
            assert told.keys() <= {503, 504}
            ready = await client.get("/readyz")
            assert ready.status_code == 503
            assert "Redis is behind the ledger in partition" in ready.json()["detail"]

            _put_back(own_redis, tmp_path / "newest")
            await until(30, lambda: _sells(client))
            replayed = await rush(crowd, EVENT, [(each, 1) for each in range(2 * BUYERS)])
            assert Counter(each.status for each in replayed) == {201: 2 * BUYERS}
            assert {each.body["id"] for each in replayed} == {each.body["id"] for each in answers}
            await until(30, lambda: _has_recorded(service, client, 2 * BUYERS + 1))
        verified = service.run("verify", EVENT, "--wait-seconds", "30")
        assert verified.returncode == 0, verified.stdout + verified.stderr


async def _has_recorded(service: Service, client: httpx.AsyncClient, units: int) -> bool:
    sales = await client.get(f"/v1/admin/events/{EVENT}/sales", headers=service.admin)
    return bool(sales.json()["sold"] == units)


async def _sells(client: httpx.AsyncClient) -> bool:
    body = {
        "customer": {"email": "late@example.com"},
        "lines": [{"ticket_type": "adult", "quantity": 1}],
    }
    answer = await client.post(
        f"/v1/events/{EVENT}/orders", json=body, headers={"Idempotency-Key": "key-of-the-late-one"}
    )
    return answer.status_code == 201
