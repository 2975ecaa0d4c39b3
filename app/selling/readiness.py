"""Whether this process may sell now, and if not, why.

A Redis that was restarted may have come back with less than was acknowledged. So whenever its run
id changes, every partition is compared with the archive before anything is sold from it again.
"""

from collections.abc import Mapping
from typing import Protocol

import structlog

from app.domain.facts import START, Position
from app.domain.ids import Partition
from app.inventory import Inventory
from app.runtime.errors import DependencyError
from app.runtime.jobs import Progress

NO_ANSWER = "Redis or the ledger does not answer"
"""Everybody may read it; what exactly is wrong, with which address, is in the log."""

log = structlog.get_logger(__name__)


class KnowsHeads(Protocol):
    """What readiness needs of the archive."""

    async def heads(self) -> Mapping[Partition, Position]: ...


class Readiness:
    """A job: one step is one look. `reasons` is empty while the process may sell."""

    name = "readiness"
    idle_seconds = 1.0

    def __init__(self, inventory: Inventory, archive: KnowsHeads) -> None:
        self.reasons: tuple[str, ...] = ("not looked yet",)
        self._inventory = inventory
        self._archive = archive
        self._trusted_run_id: str | None = None

    async def step(self) -> Progress:
        try:
            self.reasons = await self._look()
        except DependencyError as error:
            if self.reasons != (NO_ANSWER,):
                log.warning("not ready", error=str(error))
            self.reasons = (NO_ANSWER,)
        return Progress.IDLE

    async def aclose(self) -> None:
        self.reasons = ("stopping",)

    async def _look(self) -> tuple[str, ...]:
        server = await self._inventory.server.read()
        if not server.faults and server.run_id != self._trusted_run_id:
            faults = await self._compare_with_archive()
            if not faults:
                self._trusted_run_id = server.run_id
            return faults
        return server.faults

    async def _compare_with_archive(self) -> tuple[str, ...]:
        archived = await self._archive.heads()
        faults = []
        for partition, head in (await self._inventory.outbox.read_heads()).items():
            known = archived.get(partition, START)
            if head is None and known == START:
                await self._inventory.outbox.start_partition(partition)
            elif head is None or head.position < known:
                here = head.position if head else "nothing"
                faults.append(
                    f"Redis is behind the ledger in partition {partition}: it has {here}, the "
                    f"ledger {known}"
                )
        return tuple(faults)
