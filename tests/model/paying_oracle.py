"""The seller of `oracle` with its till: what a payment may do to an order. As plain, and written
from the rules of paying, not from the scripts."""

from dataclasses import dataclass, replace

from app.domain import outcomes as say
from app.domain.ids import OrderAddress, PaymentId
from app.domain.orders import Order, OrderStatus, Settlement
from payments import Money
from tests.model.oracle import (
    CLOSED,
    CONFIRMED,
    EXPIRED,
    HELD,
    PAYING,
    RELEASED,
    Seller,
)

RETRY_MS = 120_000


@dataclass(slots=True)
class PaidSeller(Seller):
    def begin_payment(self, address: OrderAddress, payment_id: PaymentId, at_ms: int) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if order.payment_id == payment_id:
            return say.OrderIs(order)
        if order.status is PAYING:
            return say.PaymentOpen()
        if self._shown(order).status is EXPIRED:
            return say.HoldExpired()
        if order.status is not HELD or order.total.is_zero:
            return say.OrderTransitionRefused(order)
        self.paying[order.id] = at_ms
        order = replace(order, payment_id=payment_id)
        return say.OrderIs(self._become(order, PAYING, "OrderPaymentBegan"))

    def fail_payment(self, address: OrderAddress, payment_id: PaymentId) -> object:
        refusal = self._refuse_end(address, payment_id)
        if refusal is not None:
            return refusal
        order = self.orders[address.order_id]
        born_ms, deadline_ms = order.created_at_ms, order.birth.expires_at_ms
        assert deadline_ms is not None
        assert order.expires_at_ms is not None
        wished_ms = max(order.expires_at_ms, self.clock.now_ms() + RETRY_MS)
        until_ms = min(wished_ms, born_ms + 2 * (deadline_ms - born_ms))
        del self.paying[order.id]
        order = replace(order, payment_id=None, expires_at_ms=until_ms)
        return say.OrderIs(self._shown(self._become(order, HELD, "OrderPaymentFailed")))

    def expire_payment(self, address: OrderAddress, payment_id: PaymentId) -> object:
        refusal = self._refuse_end(address, payment_id)
        if refusal is not None:
            return refusal
        order = self.orders[address.order_id]
        del self.paying[order.id]
        order = replace(order, payment_id=None)
        return say.OrderIs(self._become(order, EXPIRED, "OrderExpired"))

    def pin_hold(self, address: OrderAddress, payment_id: PaymentId) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if not _is_paying_by(order, payment_id):
            return say.OrderGone(self._shown(order))
        self.pins.add(order.id)
        return say.HoldPinned(order)

    def unpin_hold(self, address: OrderAddress, payment_id: PaymentId) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if _is_paying_by(order, payment_id):
            self.pins.discard(order.id)
        return say.OrderIs(self._shown(order))

    def confirm_payment(
        self, address: OrderAddress, payment_id: PaymentId, settlement: Settlement
    ) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if order.status is CONFIRMED and order.payment_id == payment_id:
            return say.OrderIs(order)
        is_direct = settlement is Settlement.HACK and order.status is HELD
        if order.total.is_zero or not (is_direct or _is_paying_by(order, payment_id)):
            return say.OrderGone(self._shown(order))
        self.paying.pop(order.id, None)
        self.pins.discard(order.id)
        return self._settle(order, payment_id, settlement)

    def reacquire_order(
        self, address: OrderAddress, payment_id: PaymentId, settlement: Settlement
    ) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if order.status is CONFIRMED and order.payment_id == payment_id:
            return say.OrderIs(order)
        if order.total.is_zero:
            return say.OrderGone(self._shown(order))
        if order.status is HELD and self._shown(order).status is EXPIRED:
            return say.HoldsOverdue()
        if order.status not in {EXPIRED, RELEASED}:
            return say.OrderGone(order)
        if self.events[order.event_id].status is CLOSED:
            return say.SaleClosed(say.ClosedReason.CLOSED)
        quantities = {line.ticket_type: line.quantity for line in order.lines}
        refusal = self._refuse_customer(order.event_id, order.customer_ref, quantities)
        refusal = refusal or self._refuse_stock(order.event_id, quantities)
        return refusal or self._settle(order, payment_id, settlement)

    def refund_order(
        self, address: OrderAddress, payment_id: PaymentId, refunded_minor: int
    ) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        is_mine = order.payment_id == payment_id
        has_ended = order.status in {EXPIRED, RELEASED}
        if has_ended or (order.status is OrderStatus.CANCELLED and not is_mine):
            return say.OrderIs(order)
        refunded = Money(refunded_minor, order.total.currency)
        is_ours = order.status in {CONFIRMED, OrderStatus.CANCELLED} and is_mine
        if not is_ours or order.total < refunded:
            return say.OrderTransitionRefused(self._shown(order))
        if refunded <= order.refunded:
            return say.OrderIs(order)
        status = OrderStatus.CANCELLED if refunded == order.total else order.status
        return say.OrderIs(self._become(replace(order, refunded=refunded), status, "OrderRefunded"))

    def _refuse_end(self, address: OrderAddress, payment_id: PaymentId) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if not _is_paying_by(order, payment_id):
            return say.OrderIs(self._shown(order))
        return say.HoldPinned(order) if order.id in self.pins else None

    def _settle(self, order: Order, payment_id: PaymentId, settlement: Settlement) -> object:
        order = replace(
            order,
            expires_at_ms=None,
            confirmed_at_ms=self.clock.now_ms(),
            payment_id=payment_id,
            settlement=settlement,
        )
        return say.OrderIs(self._become(order, CONFIRMED, "OrderConfirmed"))


def _is_paying_by(order: Order, payment_id: PaymentId) -> bool:
    return order.status is PAYING and order.payment_id == payment_id
