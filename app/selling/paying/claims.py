"""What a payment does to its order, in Redis: each step idempotent, each answering the order as it
stands afterwards. ContractError: an order that is nowhere, though it was paid for.
"""

from dataclasses import dataclass
from typing import assert_never

from app.domain.ids import OrderAddress, parse_order_id
from app.domain.orders import Order, Settlement
from app.domain.outcomes import (
    HoldExpired,
    HoldPinned,
    HoldsOverdue,
    LimitExceeded,
    OrderGone,
    OrderIs,
    OrderTransitionRefused,
    PaymentOpen,
    SaleClosed,
    SoldOut,
    UnknownOrder,
)
from app.inventory import Inventory
from app.ledger import PaymentRow
from app.runtime.errors import ContractError
from app.selling.expiring import Expiring


@dataclass(frozen=True, slots=True)
class Pinned:
    """It keeps its units now, whatever the time."""

    order: Order


@dataclass(frozen=True, slots=True)
class NoStock:
    """What came too late cannot have its units, or its place in the limits, again."""


class Claims:
    """Methods raise Unavailable and OutcomeUnknown, and may be repeated."""

    def __init__(self, inventory: Inventory, expiring: Expiring) -> None:
        self._inventory = inventory
        self._commands = inventory.payments
        self._expiring = expiring

    async def read(self, payment: PaymentRow) -> Order:
        order = await self.find(payment)
        if order is None:
            raise _lost(payment)
        return order

    async def find(self, payment: PaymentRow) -> Order | None:
        """None: Redis has lost it."""
        return await self._inventory.orders.read_order(self._address(payment))

    async def begin(self, payment: PaymentRow, look_up_at_ms: int) -> Order:
        """The order waits for this payment, if it still can."""
        outcome = await self._commands.begin_payment(
            self._address(payment), payment.payment_id, look_up_at_ms=look_up_at_ms
        )
        match outcome:
            case OrderIs(order) | OrderTransitionRefused(order):
                return order
            case HoldExpired() | PaymentOpen():
                return await self.read(payment)
            case UnknownOrder():
                raise _lost(payment)
            case _:
                assert_never(outcome)

    async def pin(self, payment: PaymentRow) -> Pinned | OrderGone:
        """Before money is taken: from here on nobody else may end the hold."""
        outcome = await self._commands.pin_hold(self._address(payment), payment.payment_id)
        match outcome:
            case HoldPinned(order):
                return Pinned(order)
            case OrderGone():
                return outcome
            case UnknownOrder():
                raise _lost(payment)
            case _:
                assert_never(outcome)

    async def confirm(self, payment: PaymentRow, settlement: Settlement) -> Order:
        outcome = await self._commands.confirm_payment(
            self._address(payment), payment.payment_id, settlement
        )
        match outcome:
            case OrderIs(order) | OrderGone(order):
                return order
            case UnknownOrder():
                raise _lost(payment)
            case _:
                assert_never(outcome)

    async def reacquire(self, payment: PaymentRow, settlement: Settlement) -> Order | NoStock:
        """An order that was not confirmed by it is worth another look."""
        address = self._address(payment)
        outcome = await self._commands.reacquire_order(address, payment.payment_id, settlement)
        match outcome:
            case OrderIs(order):
                return order
            case OrderGone() | HoldsOverdue():
                # It is seen as expired and was not swept yet, or somebody else's hold is.
                await self._expiring.expire_batch(address.partition, address.event_id)
                return await self.read(payment)
            case SoldOut() | LimitExceeded() | SaleClosed():
                return NoStock()
            case UnknownOrder():
                raise _lost(payment)
            case _:
                assert_never(outcome)

    async def give_back(self, payment: PaymentRow) -> Order:
        """No money came: a hold again."""
        return await self._end(payment, is_expired=False)

    async def expire(self, payment: PaymentRow) -> Order:
        """No money came, and its time is over."""
        return await self._end(payment, is_expired=True)

    async def reflect_refund(self, payment: PaymentRow, refunded_minor: int) -> Order:
        outcome = await self._commands.refund_order(
            self._address(payment), payment.payment_id, refunded_minor=refunded_minor
        )
        match outcome:
            case OrderIs(order) | OrderTransitionRefused(order):
                return order
            case UnknownOrder():
                raise _lost(payment)
            case _:
                assert_never(outcome)

    async def _end(self, payment: PaymentRow, *, is_expired: bool) -> Order:
        """The mark of an authorisation that was let go is taken off first."""
        address = self._address(payment)
        end = self._commands.expire_payment if is_expired else self._commands.fail_payment
        outcome = await end(address, payment.payment_id)
        if isinstance(outcome, HoldPinned):
            await self._commands.unpin_hold(address, payment.payment_id)
            outcome = await end(address, payment.payment_id)
        match outcome:
            case OrderIs(order) | HoldPinned(order):
                return order
            case UnknownOrder():
                raise _lost(payment)
            case _:
                assert_never(outcome)

    def _address(self, payment: PaymentRow) -> OrderAddress:
        address = parse_order_id(payment.order_id, self._inventory.partitions)
        if address is None:
            raise _lost(payment)
        return address


def _lost(payment: PaymentRow) -> ContractError:
    return ContractError(f"{payment.payment_id} is of {payment.order_id}, which is nowhere")
