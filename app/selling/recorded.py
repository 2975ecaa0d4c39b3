"""What is known of each partition outside of Redis: in the ledger, and on the bus behind it."""

from app.bus import Bus
from app.domain.facts import START, Position
from app.domain.ids import Partition
from app.ledger import Ledger
from app.runtime.errors import Unavailable

RECORDS_A_READ = 50
READS_A_SHARD_MAX = 40
"""Up to a million facts behind the ledger, in some ten seconds; further behind, the projector has
to come nearer first."""


class Recorded:
    """`bus` is None where the bus cannot be ahead of the outbox: streams in the same Redis, whose
    entries stand in its append-only file behind the outbox entries that they were made of."""

    def __init__(self, ledger: Ledger, bus: Bus | None, reader: str) -> None:
        """`reader`: whose cursors say how much of the bus the ledger has."""
        self._ledger = ledger
        self._bus = bus
        self._reader = reader

    async def heads(self) -> dict[Partition, Position]:
        """The newest fact that anybody has of each partition. Raises Unavailable or OutcomeUnknown,
        also when the ledger is too far behind the bus for this to be found out now."""
        unread = await self._unread_heads(self._bus) if self._bus else {}
        # Asked last: what the projector takes from the bus meanwhile is then seen here.
        archived = await self._ledger.archive.heads()
        return {
            each: max(unread.get(each, START), archived.get(each, START))
            for each in unread.keys() | archived.keys()
        }

    async def _unread_heads(self, bus: Bus) -> dict[Partition, Position]:
        heads: dict[Partition, Position] = {}
        for shard in await bus.shards():
            position = await self._ledger.cursors.read(self._reader, shard.id)
            for _ in range(READS_A_SHARD_MAX):
                batch = await bus.read(shard.id, position, RECORDS_A_READ)
                for recorded in batch.facts:
                    fact = recorded.fact
                    heads[fact.partition] = max(fact.position, heads.get(fact.partition, START))
                if batch.is_ended or batch.position == position:
                    break
                position = batch.position
            else:
                raise Unavailable(
                    f"the ledger is too far behind the bus in shard {shard.id} to say whether "
                    "Redis has all of it"
                )
        return heads
