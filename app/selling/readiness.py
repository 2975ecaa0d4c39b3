"""Whether this process may sell now, and if not, why.

A Redis that started anew may have come back with less than was acknowledged: a lost tail, an old
copy put back by somebody. So nothing is asked of a new run of it (`TrustedRun`) before every
partition has been compared with what was recorded of it elsewhere. Workers look as well: an old
hold that was expired once more would stand in the ledger's way for ever.
"""

from collections.abc import Mapping
from typing import Protocol

import structlog

from app.domain.facts import START, Position
from app.domain.ids import Partition
from app.inventory import Inventory
from app.runtime.errors import DependencyError
from app.runtime.jobs import Progress
from app.runtime.redis_connection import TrustedRun

log = structlog.get_logger(__name__)

NO_ANSWER = "Redis, the ledger or the bus does not answer"
"""Everybody may read it; what exactly is wrong, with which address, is in the log."""


class KnowsHeads(Protocol):
    """What readiness needs of `Recorded`."""

    async def heads(self) -> Mapping[Partition, Position]: ...


class Readiness:
    """A job: one step is one look. `reasons` is empty while the process may sell."""

    name = "readiness"
    idle_seconds = 0.25
    """A restart of Redis that lost nothing costs this much more than the restart itself."""

    def __init__(self, inventory: Inventory, recorded: KnowsHeads, trusted: TrustedRun) -> None:
        """`trusted` is that of the inventory's own connections."""
        self.reasons: tuple[str, ...] = ("not looked yet",)
        self._inventory = inventory
        self._recorded = recorded
        self._trusted = trusted
        self._settled_run_id: str | None = None

    async def step(self) -> Progress:
        before = self.reasons
        try:
            self.reasons = await self._look()
        except DependencyError as error:
            if before != (NO_ANSWER,):
                log.warning("no answer", error=str(error))
            self.reasons = (NO_ANSWER,)
        if self.reasons != before:
            tell = log.warning if self.reasons else log.info
            tell("readiness changed", may_sell=not self.reasons, reasons=self.reasons)
        return Progress.IDLE

    async def aclose(self) -> None:
        self.reasons = ("stopping",)

    async def _look(self) -> tuple[str, ...]:
        server = await self._inventory.server.read()
        if not server.faults and server.run_id != self._settled_run_id:
            return await self._compare(server.run_id)
        return server.faults

    async def _compare(self, run_id: str) -> tuple[str, ...]:
        """Heads that are read here may be of a later run than `run_id`: then this one is gone, and
        to trust it harms nobody."""
        recorded = await self._recorded.heads()
        faults, unstarted = [], []
        for partition, head in (await self._inventory.outbox.read_heads()).items():
            known = recorded.get(partition, START)
            if head is None and known == START:
                unstarted.append(partition)
            elif head is None or head.position < known:
                here = head.position if head else "nothing"
                faults.append(
                    f"Redis is behind the ledger in partition {partition}: it has {here}, "
                    f"recorded is {known}"
                )
        if not faults:
            self._trusted.run_id = run_id
            for partition in unstarted:
                await self._inventory.outbox.start_partition(partition)
            self._settled_run_id = run_id
        return tuple(faults)
