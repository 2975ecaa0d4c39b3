"""The reconciler: finishes whatever of a payment a crash, a silence or a notice has left.

One step takes the notices and payments whose time has come, and the paying orders that nobody looks
after. One that fails is looked at later and harms no other.
"""

import asyncio
import contextlib
from typing import Final

import structlog

from app.domain.ids import OrderAddress, PaymentId, parse_order_id
from app.inventory import Inventory
from app.ledger import Ledger, NoticeRow
from app.runtime.clock import Clock
from app.runtime.errors import DependencyError, TaquillaError
from app.runtime.jobs import Progress
from app.selling import Advancing, Noticing

BATCH_MAX: Final = 20
RETRY_MS: Final = 5_000
ORPHAN_LOOK_MS: Final = 30_000

log = structlog.get_logger(__name__)


class Reconciler:
    """A step makes at most 2 * BATCH_MAX calls of providers, side by side."""

    name = "reconciler"
    idle_seconds = 0.5

    def __init__(
        self,
        inventory: Inventory,
        ledger: Ledger,
        advancing: Advancing,
        noticing: Noticing,
        clock: Clock,
    ) -> None:
        self._inventory = inventory
        self._ledger = ledger
        self._advancing = advancing
        self._noticing = noticing
        self._clock = clock

    async def step(self) -> Progress:
        now_ms = self._clock.now_ms()
        notices = await self._ledger.notices.due(now_ms, BATCH_MAX)
        await asyncio.gather(*(self._follow_up(each) for each in notices))
        due = await self._ledger.payments.due(now_ms, BATCH_MAX)
        await asyncio.gather(*(self._advance(each) for each in due))
        orphans = await self._look_after_orders(now_ms)
        return Progress.MORE if notices or due or orphans else Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing."""

    async def _follow_up(self, notice: NoticeRow) -> None:
        try:
            await self._noticing.follow_up(notice)
        except Exception as error:  # noqa: BLE001 - see _advance
            log.error("a notice could not be followed up", error=_told(error))
            with contextlib.suppress(DependencyError):
                await self._ledger.notices.retry(notice.key, self._clock.now_ms() + RETRY_MS)

    async def _advance(self, payment_id: PaymentId) -> None:
        """Whatever is wrong with one payment, a fault of ours or a row that cannot be read, keeps
        nobody else's money waiting."""
        try:
            payment = await self._ledger.payments.read(payment_id)
            if payment is not None:
                await self._advancing.advance(payment)
        except Exception as error:  # noqa: BLE001 - told, and looked at again
            log.error("a payment did not advance", payment=payment_id, error=_told(error))
            with contextlib.suppress(TaquillaError):
                await self._advancing.put_off(payment_id, self._clock.now_ms() + RETRY_MS)

    async def _look_after_orders(self, now_ms: int) -> int:
        """Paying orders whose look-up is due, whatever the ledger remembers of them. Each has a
        payment there, which was committed first; one that has none waits for a person."""
        seen = 0
        payments = self._inventory.payments
        for partition in await payments.partitions_to_look_up(self._inventory.partitions):
            for order_id in await payments.due_look_ups(partition):
                address = parse_order_id(order_id, self._inventory.partitions)
                if address is None:
                    log.error("what is paying is no order of ours", order=order_id)
                    continue
                seen += 1
                await self._look_after(address, now_ms)
        return seen

    async def _look_after(self, address: OrderAddress, now_ms: int) -> None:
        # First, so that one that fails does not come first for ever.
        await self._inventory.payments.postpone_look_up(address, now_ms + ORPHAN_LOOK_MS)
        order = await self._inventory.orders.read_order(address)
        if order is None or order.payment_id is None:
            log.error("an order is paying by nothing", order=address.order_id)
            return
        payment = await self._ledger.payments.read(order.payment_id)
        if payment is None:
            log.error("an order waits for a payment that the ledger lacks", order=address.order_id)
            return
        await self._advance(payment.payment_id)


def _told(error: Exception) -> str:
    """What another than us says in an exception may be a secret."""
    return repr(error) if isinstance(error, TaquillaError) else type(error).__name__
