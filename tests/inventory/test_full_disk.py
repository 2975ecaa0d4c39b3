"""The disk is full in the middle of a sale: Redis ends rather than promise what it cannot keep.

A limit on the size of its files stands for the disk: what goes beyond is not written, as on a full
one. It needs no mount and no root. Linux only: other systems cannot set it on a running process.
"""

import asyncio
import resource
import sys
from collections.abc import Iterator

import pytest

from app.domain.events import PoolStock
from app.domain.ids import Partition, PoolId
from app.domain.outcomes import OrderPlaced
from app.inventory import ServerTime, open_inventory
from app.runtime.errors import DependencyError
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish, an_event
from tests.servers.redis import RedisServer, start_redis

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's own")

LEFT_BYTES = 60_000
"""Room for some forty orders."""
BUYERS = 400
AT_ONCE = 8


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = start_redis(appendonly=True)
    yield server
    server.stop()


def _fill_disk(server: RedisServer) -> None:
    """But for LEFT_BYTES in the append-only file; for this run of the server."""
    written = max(each.stat().st_size for each in (server.folder / "appendonlydir").glob("*.incr*"))
    limit = written + LEFT_BYTES
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (limit, limit))


async def test_what_was_acknowledged_before_the_disk_was_full_is_there_after_a_restart(
    server: RedisServer,
) -> None:
    connection = RedisConnection(server.url, timeout_seconds=5, connections_max=AT_ONCE)
    inventory = open_inventory(connection, ServerTime(timeout_seconds=5), partitions=PARTITIONS)
    for each in range(PARTITIONS):
        await inventory.outbox.start_partition(Partition(each))
    await inventory.events.open_event(an_event(pools={"floor": BUYERS}))
    wishes = [
        a_wish(email=f"buyer{number}@example.com", key=f"key-{number:016d}")
        for number in range(BUYERS)
    ]
    waiting, acknowledged = iter(wishes), []

    async def buy() -> None:
        for wish in waiting:
            try:
                outcome = await inventory.orders.place_order(wish)
            except DependencyError:
                return
            assert isinstance(outcome, OrderPlaced), outcome
            acknowledged.append(outcome.order)

    _fill_disk(server)
    await asyncio.gather(*(buy() for _ in range(AT_ONCE)))
    assert server.process is not None
    assert server.process.wait(10) != 0, "it ends by itself"
    assert 0 < len(acknowledged) < BUYERS

    server.kill()
    server.start()
    kept = await inventory.orders.read_orders([each.address for each in wishes])
    by_id = {each.id: each for each in kept if each}
    assert [by_id.get(each.id) for each in acknowledged] == acknowledged
    found = await inventory.events.read_event(an_event().id)
    assert found is not None
    sold = sum(each is not None for each in kept)
    assert found[0].stock[PoolId("floor")] == PoolStock(BUYERS, BUYERS - sold, 0, sold)
    print(f"{len(acknowledged)} acknowledged, {sold} kept")
    await connection.aclose()
