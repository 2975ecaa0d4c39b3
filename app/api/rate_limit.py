"""So many requests of one address in a second, and no more: 429 `rate-limited`, nothing changed.

    what counts                 every call of the public listener; writes, and reads beside them,
                                READS_A_WRITE times as many
    what does not               health and metrics; webhooks: a provider sends for all its buyers
    where it is counted         in the memory of each API process, so that the limit holds for each

It keeps one flood from taking the processor from everybody else. What must not be exceeded by a
single unit (stock, limits, live holds) is decided in Redis.
"""

import math
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.addresses import find_network
from app.api.problems import problem

BURST_SECONDS = 10.0
"""So many seconds' worth may come at once, after a pause: an office at the start of a sale."""
READS_A_WRITE = 10
"""Pages poll what is left, for each write that follows."""
ADDRESSES_MAX = 50_000
"""Kept in memory, about 200 bytes each; the one that has been silent the longest goes first."""
_UNCOUNTED = ("/v1/webhooks/", "/healthz", "/readyz", "/metrics")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def counts(path: str) -> bool:
    """Whether a request for this path counts at all."""
    return not path.startswith(_UNCOUNTED)


class Budget:
    """GCRA (as in ATM networks): of each address only the moment is kept at which it will have
    earned all that it has spent."""

    def __init__(self, per_second: float, *, addresses_max: int = ADDRESSES_MAX) -> None:
        self._interval = 1 / per_second
        self._addresses_max = addresses_max
        self._earned_at: OrderedDict[str, float] = OrderedDict()

    def spend(self, address: str, now: float) -> float:
        """One request at `now` (seconds, from any clock that only goes forward). 0 when it may
        pass; else the seconds to wait, and nothing was spent."""
        earned_at = max(self._earned_at.get(address, now), now) + self._interval
        wait_seconds = earned_at - now - BURST_SECONDS
        if wait_seconds > 0:
            return wait_seconds
        self._earned_at[address] = earned_at
        self._earned_at.move_to_end(address)
        if len(self._earned_at) > self._addresses_max:
            self._earned_at.popitem(last=False)
        return 0.0


class LimitRate:
    def __init__(self, app: ASGIApp, per_second: float, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._monotonic = monotonic
        self._writes = Budget(per_second)
        self._reads = Budget(per_second * READS_A_WRITE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and counts(scope["path"]):
            budget = self._reads if scope["method"] in _READS else self._writes
            network = find_network(scope)
            wait_seconds = budget.spend(network, self._monotonic()) if network else 0.0
            if wait_seconds > 0:
                answer = problem("rate-limited", "Too many requests from this address.")
                answer.headers["Retry-After"] = str(math.ceil(wait_seconds))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
