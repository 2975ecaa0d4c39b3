"""What is known of each partition outside of Redis: in the ledger, and on the bus behind it."""

from app.bus import Bus
from app.domain.facts import START, Position
from app.domain.ids import Partition
from app.ledger import Ledger
from app.runtime.errors import Unavailable

RECORDS_A_READ = 50
READS_A_SHARD_MAX = 40
"""Of one call: up to a million facts; further behind, the next call goes on."""


class Recorded:
    """`bus` is None where the bus cannot be ahead of the outbox: streams in the same Redis, whose
    entries stand in its append-only file behind the outbox entries that they were made of.
    Otherwise it is one that nobody else reads with."""

    def __init__(self, ledger: Ledger, bus: Bus | None, reader: str) -> None:
        """`reader`: whose cursors say how much of the bus the ledger has."""
        self._ledger = ledger
        self._bus = bus
        self._reader = reader
        self._positions: dict[str, str | None] = {}
        self._unread: dict[Partition, Position] = {}

    async def heads(self) -> dict[Partition, Position]:
        """The newest fact that anybody has of each partition. Raises Unavailable or OutcomeUnknown,
        also while the bus has not been read to its end: then the next call goes on."""
        if self._bus:
            await self._read_bus(self._bus)
        # Asked last: what the projector takes from the bus meanwhile is then seen here.
        archived = await self._ledger.archive.heads()
        return {
            each: max(self._unread.get(each, START), archived.get(each, START))
            for each in self._unread.keys() | archived.keys()
        }

    async def _read_bus(self, bus: Bus) -> None:
        shards = await bus.shards()
        unfinished = [each.id for each in shards if not await self._read_to_end(bus, each.id)]
        if unfinished:
            raise Unavailable(
                f"shards {', '.join(unfinished)} of the bus are not read to their end yet; until "
                "then nobody knows whether Redis has all that was sold"
            )

    async def _read_to_end(self, bus: Bus, shard_id: str) -> bool:
        """Whether the end was reached; False too when the bus wants to be read more slowly."""
        if shard_id not in self._positions:
            self._positions[shard_id] = await self._ledger.cursors.read(self._reader, shard_id)
        for _ in range(READS_A_SHARD_MAX):
            batch = await bus.read(shard_id, self._positions[shard_id], RECORDS_A_READ)
            for recorded in batch.facts:
                fact = recorded.fact
                newest = self._unread.get(fact.partition, START)
                self._unread[fact.partition] = max(fact.position, newest)
            self._positions[shard_id] = batch.position
            if batch.is_ended or batch.is_latest:
                return True
            if not batch.facts:
                return False
        return False
