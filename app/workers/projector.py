"""The projector: bus to ledger. What a slice tells, and the cursor behind it, are one transaction,
so every fact is applied exactly once however often it comes."""

from collections.abc import Set

import structlog

from app.bus import Batch, Bus, Shard
from app.ledger import CursorMoved, Ledger, ProjectionBatch
from app.runtime.errors import ContractError, DependencyError
from app.runtime.jobs import Progress
from app.runtime.metrics import PROJECTED_FACTS, REPEATED_FACTS, STOPPED_SHARDS

log = structlog.get_logger(__name__)

RECORDS_MAX = 4
"""Slices a transaction: up to 2,000 facts, some 100 ms of SQL."""


class Projector:
    """One step takes one batch of every shard. A shard whose facts contradict the archive is left
    where it stands, and alarms, while the others go on; so they do if one cannot be read for now.

    That a shard has ended is not stored: after a restart it is read once more from its cursor, and
    says so again, or is no longer listed."""

    name = "projector"
    reader = "projector"
    """Whose cursors in the ledger these are."""
    idle_seconds = 0.05

    def __init__(self, bus: Bus, ledger: Ledger) -> None:
        self._bus = bus
        self._ledger = ledger
        self._cursors: dict[str, str | None] = {}
        self._ended: set[str] = set()
        self._stopped: dict[str, str] = {}

    async def step(self) -> Progress:
        shards = await self._bus.shards()
        listed = {each.id for each in shards}
        unread: list[DependencyError] = []
        applied = 0
        for shard in shards:
            if self._is_due(shard, listed):
                applied += await self._step_shard(shard.id, unread)
        if applied:
            return Progress.MORE  # what is wrong with others is said when these have nothing more
        if unread:
            raise unread[0]
        if self._stopped:
            detail = "; ".join(f"shard {each}: {why}" for each, why in self._stopped.items())
            raise ContractError(f"facts contradict the archive, a person must look: {detail}")
        return Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing: the cursors are in the ledger."""

    async def _step_shard(self, shard_id: str, unread: list[DependencyError]) -> int:
        cursor = await self._cursor(shard_id)
        try:
            batch = await self._read(shard_id, cursor, unread)
            return await self._apply(shard_id, cursor, batch)
        except ContractError as error:
            why = str(error)
            log.error("a shard is stopped, a person must look", shard=shard_id, why=why)
            self._stopped[shard_id] = why
            STOPPED_SHARDS.set(len(self._stopped))
            return 0

    async def _read(
        self, shard_id: str, cursor: str | None, unread: list[DependencyError]
    ) -> Batch:
        try:
            return await self._bus.read(shard_id, cursor, RECORDS_MAX)
        except DependencyError as error:
            unread.append(error)
            return Batch([], cursor)

    async def _apply(self, shard_id: str, cursor: str | None, batch: Batch) -> int:
        if batch.position is not None and batch.position != cursor:
            try:
                applied = await self._ledger.projection.apply(
                    ProjectionBatch(self.reader, shard_id, cursor, batch.position, batch.facts)
                )
            except CursorMoved:
                # Another projector was here: go on from where it is.
                del self._cursors[shard_id]
                raise
            self._cursors[shard_id] = batch.position
            PROJECTED_FACTS.inc(applied.applied)
            REPEATED_FACTS.inc(applied.repeated)
            await self._bus.keep_from(self.reader, shard_id, batch.position)
        if batch.is_ended:
            self._ended.add(shard_id)
        return len(batch.facts)

    async def _cursor(self, shard_id: str) -> str | None:
        if shard_id not in self._cursors:
            self._cursors[shard_id] = await self._ledger.cursors.read(self.reader, shard_id)
            await self._bus.keep_from(self.reader, shard_id, self._cursors[shard_id])
        return self._cursors[shard_id]

    def _is_due(self, shard: Shard, listed: Set[str]) -> bool:
        """Parents first: the facts behind a reshard follow those before it. One that has stopped
        has not ended."""
        is_over = shard.id in self._ended or shard.id in self._stopped
        return not is_over and all(
            each in self._ended or each not in listed for each in shard.parents
        )
