"""Fixtures that many folders use: one real Redis a run, flushed for each test; a settable clock."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.ids import Partition
from app.inventory import Inventory, TestTime, open_inventory
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS
from tests.servers.kinesalite import ENVIRONMENT, KinesaliteServer, start_kinesalite
from tests.servers.redis import RedisServer, start_redis


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, rehearsals before all: two workers that share the files end
    together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.parent.name != "rehearsals", item.path not in slow))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """In memory only; tests of crashes start their own."""
    server = start_redis()
    yield server
    server.stop()


@pytest.fixture
async def connection(redis_server: RedisServer) -> AsyncIterator[RedisConnection]:
    """To an empty Redis; answers in text."""
    connection = RedisConnection(redis_server.url, timeout_seconds=5, connections_max=64)
    await connection.call("FLUSHALL")
    yield connection
    await connection.aclose()


@pytest.fixture
async def bytes_connection(redis_server: RedisServer) -> AsyncIterator[RedisConnection]:
    """To the same Redis; answers in bytes, as the bus wants them."""
    connection = RedisConnection(
        redis_server.url, timeout_seconds=5, connections_max=8, as_text=False
    )
    yield connection
    await connection.aclose()


@pytest.fixture(scope="session")
def kinesalite() -> Iterator[KinesaliteServer]:
    """Each test makes a stream of its own."""
    server = start_kinesalite()
    yield server
    server.stop()


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and region as an AWS program finds them, and none of this machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def clock() -> SettableClock:
    """The clock of Redis too: the scripts are handed its time."""
    return SettableClock()


@pytest.fixture
async def inventory(connection: RedisConnection, clock: SettableClock) -> Inventory:
    """Every partition started, no event opened."""
    inventory = open_inventory(connection, TestTime(clock), partitions=PARTITIONS)
    for each in range(PARTITIONS):
        await inventory.outbox.start_partition(Partition(each))
    return inventory
