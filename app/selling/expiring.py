"""Ends overdue holds of one event, a batch at a time.

Used by the sweeper, and by a buyer's request that found stock or a limit blocked by a hold whose
time is over; in one process only one of them does it for an event at a time, the others wait.
"""

import asyncio

from app.domain.ids import EventId, Partition
from app.inventory import Orders
from app.runtime.metrics import EXPIRED_HOLDS


class Expiring:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._running: dict[EventId, asyncio.Task[int]] = {}

    async def expire_batch(self, partition: Partition, event_id: EventId) -> int:
        """One batch of at most 100 holds; returns how many were ended, 0 when none is overdue.

        Raises Unavailable or OutcomeUnknown; then some may have been ended, and asking again is
        right.
        """
        running = self._running.get(event_id)
        if running is None:
            running = asyncio.create_task(self._expire(partition, event_id))
            self._running[event_id] = running
            running.add_done_callback(lambda _: self._running.pop(event_id, None))
        # Shielded: one waiting buyer who hangs up must not end the batch of all the others.
        return await asyncio.shield(running)

    async def _expire(self, partition: Partition, event_id: EventId) -> int:
        order_ids = await self._orders.overdue_orders(partition, event_id)
        if not order_ids:
            return 0
        ended = await self._orders.expire_orders(partition, event_id, order_ids)
        EXPIRED_HOLDS.inc(ended)
        return ended
