"""A Redis that started anew: what it lost, or an old copy of its data, is never sold from."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.bus import RedisStreamsBus, Slice
from app.domain.facts import Position
from app.domain.ids import partition_of
from app.domain.outcomes import OrderPlaced, PlaceOutcome
from app.inventory import Inventory, ServerTime, open_inventory
from app.ledger import Ledger, open_ledger, upgrade_ledger
from app.runtime.errors import DependencyError, OutcomeUnknown, Unavailable
from app.runtime.redis_connection import RedisConnection, TrustedRun
from app.selling import Expiring, Readiness, Recorded
from app.workers import Projector, Relay, RelayLimits, Sweeper
from tests.builders import PARTITIONS, a_wish, an_event
from tests.servers.redis import RedisServer, start_redis
from tests.workers.conftest import drain

LIMITS = RelayLimits(lease_seconds=5, step_seconds_max=2, outbox_tail_max=100)
PARTITION = partition_of(an_event().id, PARTITIONS)
BUYERS = 20


@dataclass(frozen=True)
class Seller:
    """One process, as the wiring puts it together, on a server of the test's own."""

    server: RedisServer
    inventory: Inventory
    ledger: Ledger
    bus: RedisStreamsBus
    readiness: Readiness

    async def place(self, number: int, *, confirm: bool = True) -> PlaceOutcome:
        wish = a_wish(email=f"buyer{number}@example.com", key=f"key-{number:016d}", confirm=confirm)
        return await self.inventory.orders.place_order(wish)

    async def relay(self) -> None:
        await drain(Relay(self.inventory, self.bus, self.ledger.customers, "relay", LIMITS))

    async def record(self) -> None:
        await self.relay()
        await drain(Projector(self.bus, self.ledger))

    async def head(self) -> Position:
        head = (await self.inventory.outbox.read_heads())[PARTITION]
        assert head is not None
        return head.position


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = start_redis(appendonly=True)
    yield server
    server.stop()


@pytest.fixture
def other_server() -> Iterator[RedisServer]:
    server = start_redis()
    yield server
    server.stop()


@asynccontextmanager
async def seller(
    server: RedisServer, folder: Path, bus_server: RedisServer | None = None
) -> AsyncIterator[Seller]:
    """`bus_server`: a bus that is not in the same Redis, as Kinesis is not."""
    trusted = TrustedRun()
    async with AsyncExitStack() as stack:
        text = RedisConnection(server.url, timeout_seconds=2, connections_max=8, trusted=trusted)
        binary = RedisConnection(
            (bus_server or server).url,
            timeout_seconds=2,
            connections_max=8,
            as_text=False,
            trusted=None if bus_server else trusted,
        )
        stack.push_async_callback(text.aclose)
        stack.push_async_callback(binary.aclose)
        await upgrade_ledger(None, folder)
        ledger = await open_ledger(None, data_dir=folder, timeout_seconds=5)
        stack.push_async_callback(ledger.aclose)
        inventory = open_inventory(text, ServerTime(timeout_seconds=2), partitions=PARTITIONS)
        bus = RedisStreamsBus(binary, shards=4)
        recorded = Recorded(ledger, bus if bus_server else None, Projector.reader)
        readiness = Readiness(inventory, recorded, trusted)
        await readiness.step()
        assert readiness.reasons == ()
        await inventory.events.open_event(an_event(hold_seconds=1))
        yield Seller(server, inventory, ledger, bus, readiness)


def restart_on(server: RedisServer, copy: Path | None = None) -> None:
    """As after a crash; `copy`: somebody has put an older append-only file back."""
    server.kill()
    if copy:
        shutil.rmtree(server.folder / "appendonlydir")
        shutil.copytree(copy, server.folder / "appendonlydir")
    server.start()


def copied(server: RedisServer, to: Path) -> Path:
    shutil.copytree(server.folder / "appendonlydir", to)
    return to


async def assert_nothing_is_sold(seller: Seller) -> None:
    before = await seller.head()
    for number in range(100, 100 + BUYERS):
        with pytest.raises(DependencyError):
            await seller.place(number)
    assert await seller.head() == before


async def test_a_redis_on_an_old_copy_sells_nothing_not_even_before_the_first_look(
    server: RedisServer, tmp_path: Path
) -> None:
    async with seller(server, tmp_path) as selling:
        await selling.place(1)
        copy = copied(server, tmp_path / "copy")
        await selling.place(2)
        await selling.record()
        restart_on(server, copy)
        assert await selling.head() == Position(1, 2)
        await assert_nothing_is_sold(selling)
        await selling.readiness.step()
        assert selling.readiness.reasons == (
            f"Redis is behind the ledger in partition {PARTITION}: it has 1:2, recorded is 1:3",
        )
        await assert_nothing_is_sold(selling)


async def test_an_old_hold_is_not_ended_again_by_a_worker_on_an_old_copy(
    server: RedisServer, tmp_path: Path
) -> None:
    """Its fact would stand where the ledger has another, and stop the shard for good."""
    async with seller(server, tmp_path) as selling:
        await selling.place(1, confirm=False)
        copy = copied(server, tmp_path / "copy")
        await selling.inventory.orders.release_order(
            a_wish(email="buyer1@example.com", key=f"key-{1:016d}").address
        )
        await selling.record()
        restart_on(server, copy)
        sweeper = Sweeper(selling.inventory, Expiring(selling.inventory.orders))
        with pytest.raises(DependencyError):
            await sweeper.step()
        await selling.readiness.step()
        with pytest.raises(Unavailable):
            await sweeper.step()
        assert await selling.head() == Position(1, 2)


async def test_a_restart_that_lost_nothing_costs_one_look(
    server: RedisServer, tmp_path: Path
) -> None:
    async with seller(server, tmp_path) as selling:
        await selling.place(1)
        await selling.record()
        restart_on(server)
        with pytest.raises(OutcomeUnknown, match="not compared with the ledger yet"):
            await selling.place(2)
        with pytest.raises(Unavailable, match="not compared with the ledger yet"):
            await selling.place(2)
        await selling.readiness.step()
        assert selling.readiness.reasons == ()
        outcome = await selling.place(2)
        assert isinstance(outcome, OrderPlaced)
        assert not outcome.replayed


async def test_facts_that_only_an_outside_bus_has_are_waited_for(
    server: RedisServer, other_server: RedisServer, tmp_path: Path
) -> None:
    async with seller(server, tmp_path, bus_server=other_server) as selling:
        await selling.place(1)
        copy = copied(server, tmp_path / "copy")
        await selling.place(2)
        await selling.relay()
        assert await selling.ledger.archive.heads() == {}, "the projector was not there yet"
        restart_on(server, copy)
        await selling.readiness.step()
        assert selling.readiness.reasons == (
            f"Redis is behind the ledger in partition {PARTITION}: it has 1:2, recorded is 1:3",
        )
        await assert_nothing_is_sold(selling)
        await drain(Projector(selling.bus, selling.ledger))
        await selling.readiness.step()
        assert len(selling.readiness.reasons) == 1, "read by now, and as far ahead"


async def test_a_bus_in_the_same_redis_is_never_ahead_of_the_outbox(
    server: RedisServer, tmp_path: Path
) -> None:
    """The relay is held off as well: what it read before a restart is not put onto a bus that an
    old copy has brought back, where it would be ahead of the outbox."""
    async with seller(server, tmp_path) as selling:
        await selling.place(1)
        copy = copied(server, tmp_path / "copy")
        await selling.place(2)
        after = Position(1, 2)
        read_before = await selling.inventory.outbox.read(PARTITION, after, 10)
        restart_on(server, copy)
        with pytest.raises(DependencyError):
            await selling.bus.publish([Slice(PARTITION, [each.fact for each in read_before])])
