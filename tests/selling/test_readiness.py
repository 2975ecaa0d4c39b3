"""Readiness: a Redis that could lose or has lost orders is not sold from, and says why."""

from collections.abc import Iterator

import pytest

from app.domain.facts import Position
from app.domain.ids import Partition
from app.inventory import ServerTime, open_inventory
from app.runtime.redis_connection import RedisConnection, TrustedRun
from app.selling import Readiness
from tests.builders import PARTITIONS, an_event
from tests.servers.redis import RedisServer, start_redis


class KnownHeads:
    """Stands for the archive: what the ledger says each partition has reached."""

    def __init__(self) -> None:
        self.known: dict[Partition, Position] = {}

    async def heads(self) -> dict[Partition, Position]:
        return self.known


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = start_redis(appendonly=True)
    yield server
    server.stop()


def _readiness(server: RedisServer, archive: KnownHeads) -> tuple[Readiness, RedisConnection]:
    trusted = TrustedRun()
    connection = RedisConnection(server.url, timeout_seconds=2, connections_max=4, trusted=trusted)
    inventory = open_inventory(connection, ServerTime(timeout_seconds=2), partitions=PARTITIONS)
    return Readiness(inventory, archive, trusted), connection


async def _reasons(readiness: Readiness) -> tuple[str, ...]:
    await readiness.step()
    return readiness.reasons


async def test_a_fresh_redis_is_started_and_ready_when_nothing_was_ever_recorded(
    server: RedisServer,
) -> None:
    readiness, connection = _readiness(server, KnownHeads())
    assert readiness.reasons
    await readiness.step()
    assert readiness.reasons == ()
    assert await connection.call("HGET", "{p00}:head", "epoch") == "1"
    await connection.aclose()


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [
        ("appendfsync", "everysec", "appendfsync"),
        ("appendonly", "no", "appendonly"),
        ("maxmemory-policy", "allkeys-lru", "maxmemory-policy"),
    ],
)
async def test_a_redis_that_could_lose_an_order_is_refused_by_name(
    server: RedisServer, setting: str, value: str, word: str
) -> None:
    readiness, connection = _readiness(server, KnownHeads())
    await readiness.step()
    await connection.call("CONFIG", "SET", setting, value)
    await readiness.step()
    assert len(readiness.reasons) == 1
    assert word in readiness.reasons[0]
    await connection.aclose()


async def test_an_emptied_redis_is_not_sold_from(server: RedisServer) -> None:
    archive = KnownHeads()
    archive.known = {Partition(3): Position(1, 7)}
    readiness, connection = _readiness(server, archive)
    await readiness.step()
    assert readiness.reasons == (
        "Redis is behind the ledger in partition 3: it has nothing, recorded is 1:7",
    )
    (exists,) = await connection.call_many([("EXISTS", "{p03}:head")], of_any_run=True)
    assert exists == 0
    await connection.aclose()


async def test_a_redis_that_came_back_with_less_is_noticed_when_its_run_changes(
    server: RedisServer,
) -> None:
    archive = KnownHeads()
    readiness, connection = _readiness(server, archive)
    assert await _reasons(readiness) == ()
    inventory = open_inventory(connection, ServerTime(timeout_seconds=2), partitions=PARTITIONS)
    await inventory.events.open_event(an_event())
    archive.known = {Partition(2): Position(1, 1)}
    server.kill()
    assert len(await _reasons(readiness)) == 1
    server.start()
    assert await _reasons(readiness) == ()
    archive.known = {Partition(2): Position(1, 2)}
    server.kill()
    server.start()
    assert await _reasons(readiness) == (
        "Redis is behind the ledger in partition 2: it has 1:1, recorded is 1:2",
    )
    await connection.aclose()
