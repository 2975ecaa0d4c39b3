"""What is known of each partition outside of Redis: in the ledger, and on the bus behind it."""

from app.bus import Bus
from app.domain.facts import START, Position
from app.domain.ids import Partition
from app.ledger import Ledger
from app.runtime.errors import Unavailable

RECORDS_A_READ = 50
READS_A_SHARD_MAX = 20
"""In one look: up to half a million facts, in some seconds. The next look goes on behind them."""


class Recorded:
    """`bus` is None where the bus cannot be ahead of the outbox: streams in the same Redis, whose
    entries stand in its append-only file behind the outbox entries that they were made of.
    Otherwise it is one that nobody else reads with."""

    def __init__(self, ledger: Ledger, bus: Bus | None, reader: str) -> None:
        """`reader`: whose cursors say how much of the bus the ledger has."""
        self._ledger = ledger
        self._bus = bus
        self._reader = reader
        self._begin()

    async def heads(self) -> dict[Partition, Position]:
        """The newest fact that anybody has of each partition. Raises Unavailable or OutcomeUnknown,
        also while the bus is not read to its end; ask again, and it goes on from there."""
        if self._bus is not None:
            await self._read(self._bus)
        unread = self._unread
        # Asked last: what the projector takes from the bus meanwhile is then seen here.
        archived = await self._ledger.archive.heads()
        self._begin()
        return {
            each: max(unread.get(each, START), archived.get(each, START))
            for each in unread.keys() | archived.keys()
        }

    def _begin(self) -> None:
        self._positions: dict[str, str | None] = {}
        self._at_end: set[str] = set()
        self._unread: dict[Partition, Position] = {}

    async def _read(self, bus: Bus) -> None:
        shards = [each.id for each in await bus.shards()]
        for shard_id in shards:
            if shard_id not in self._at_end:
                await self._read_shard(bus, shard_id)
        if waiting := set(shards) - self._at_end:
            raise Unavailable(
                f"the bus is not read to its end yet, in shards {', '.join(sorted(waiting))}: "
                "Redis cannot be compared with it"
            )

    async def _read_shard(self, bus: Bus, shard_id: str) -> None:
        if shard_id not in self._positions:
            self._positions[shard_id] = await self._ledger.cursors.read(self._reader, shard_id)
        for _ in range(READS_A_SHARD_MAX):
            before = self._positions[shard_id]
            batch = await bus.read(shard_id, before, RECORDS_A_READ)
            self._positions[shard_id] = batch.position
            for recorded in batch.facts:
                fact = recorded.fact
                known = self._unread.get(fact.partition, START)
                self._unread[fact.partition] = max(fact.position, known)
            if batch.is_at_end or batch.is_ended:
                self._at_end.add(shard_id)
            if shard_id in self._at_end or batch.position == before:
                return
