"""The sweeper: ends overdue holds, so that their units can be sold again though nobody asks."""

from app.inventory import Inventory
from app.runtime.jobs import Progress
from app.selling import Expiring


class Sweeper:
    """One step is one batch of one event: at most 100 holds."""

    name = "sweeper"
    idle_seconds = 0.5

    def __init__(self, inventory: Inventory, expiring: Expiring) -> None:
        self._inventory = inventory
        self._expiring = expiring

    async def step(self) -> Progress:
        orders = self._inventory.orders
        for partition in await orders.overdue_partitions(self._inventory.partitions):
            for event_id in await orders.overdue_events(partition):
                await self._expiring.expire_batch(partition, event_id)
                return Progress.MORE
        return Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing."""
