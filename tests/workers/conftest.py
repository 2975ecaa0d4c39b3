"""The pipeline of one process: outbox, relay, bus, projector, a ledger file; stepped by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.bus import Bus, RedisStreamsBus
from app.domain.ids import Partition
from app.inventory import Inventory
from app.ledger import Ledger, open_ledger, upgrade_ledger
from app.runtime.jobs import Job, Progress
from app.runtime.redis_connection import RedisConnection
from app.workers import Projector, Relay, RelayLimits

LIMITS = RelayLimits(lease_seconds=5, step_seconds_max=2, outbox_tail_max=3)


@dataclass
class Pipeline:
    inventory: Inventory
    bus: Bus
    ledger: Ledger

    def relay(self, owner: str = "relay-1") -> Relay:
        return Relay(self.inventory, self.bus, self.ledger.customers, owner, LIMITS)

    def projector(self) -> Projector:
        return Projector(self.bus, self.ledger)

    async def archived(self, partition: Partition) -> int:
        """How many facts of a partition the archive has."""
        heads = await self.ledger.archive.heads()
        return heads[partition].seq if partition in heads else 0


async def drain(job: Job) -> None:
    while await job.step() is Progress.MORE:
        pass


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """Empty, in a file."""
    await upgrade_ledger(None, tmp_path)
    ledger = await open_ledger(None, data_dir=tmp_path, timeout_seconds=30)
    yield ledger
    await ledger.aclose()


@pytest.fixture
def pipeline(inventory: Inventory, bytes_connection: RedisConnection, ledger: Ledger) -> Pipeline:
    return Pipeline(inventory, RedisStreamsBus(bytes_connection, shards=4), ledger)
