"""The forgetter: erases e-mail and name of people who have nothing confirmed and pay nothing."""

from app.ledger import Customers
from app.runtime.clock import Clock
from app.runtime.jobs import Progress

KEPT_MS = 30 * 86_400_000
"""Long enough to answer a question about an order that came to nothing."""
PEOPLE_MAX = 500


class Forgetter:
    """One step erases at most PEOPLE_MAX rows. Orders stay; their customer_ref names nobody."""

    name = "forgetter"
    idle_seconds = 3_600.0

    def __init__(self, customers: Customers, clock: Clock) -> None:
        self._customers = customers
        self._clock = clock

    async def step(self) -> Progress:
        before_ms = self._clock.now_ms() - KEPT_MS
        erased = await self._customers.delete_without_confirmed_order(before_ms, PEOPLE_MAX)
        return Progress.MORE if erased == PEOPLE_MAX else Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing."""
