"""Orders and their payments on the write side: begin, fail, pin, confirm, expire, reacquire,
refund. One method, one Lua command. To name a payment that is not the order's changes nothing.

    begin_payment -> pin_hold (authorised) -> confirm_payment
                  -> fail_payment | expire_payment            no money came
                     reacquire_order                          it came too late
"""

from collections.abc import Mapping

from app.domain.ids import OrderAddress, OrderId, Partition, PaymentId
from app.domain.orders import Settlement
from app.domain.outcomes import (
    BeginPaymentOutcome,
    ConfirmPaymentOutcome,
    EndPaymentOutcome,
    HoldExpired,
    HoldPinned,
    OrderGone,
    PaymentOpen,
    PinOutcome,
    ReacquireOutcome,
    RefundOutcome,
    UnknownOrder,
    UnpinOutcome,
)
from app.inventory.keys import PartitionKeys, keys_of_order
from app.inventory.order_replies import order_is, order_of, order_outcome, stock_refusal
from app.inventory.replies import pair_fields
from app.inventory.scripts import ScriptLibrary
from app.runtime.redis_connection import RedisConnection

LOOK_UPS_MAX = 100


class OrderPayments:
    """Every method is one call of Redis and raises Unavailable or ContractError; one that writes,
    OutcomeUnknown too."""

    def __init__(self, scripts: ScriptLibrary, connection: RedisConnection) -> None:
        self._scripts = scripts
        self._connection = connection

    async def begin_payment(
        self, address: OrderAddress, payment_id: PaymentId, *, look_up_at_ms: int
    ) -> BeginPaymentOutcome:
        """OrderIs: being paid, or settled, by this payment: look at its status."""
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "begin_payment",
            [
                *(keys.partition.head, keys.partition.outbox),
                *(keys.due_orders, keys.partition.due_events, keys.partition.paying),
                keys.partition.order(address.order_id),
            ],
            [address.event_id, payment_id, look_up_at_ms],
        )
        match reply.word:
            case "EXPIRED":
                return HoldExpired()
            case "PAYING":
                return PaymentOpen()
            case _:
                return order_outcome(address, reply)

    async def fail_payment(self, address: OrderAddress, payment_id: PaymentId) -> EndPaymentOutcome:
        """The order is a hold again, unless it is not this payment that is open."""
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "fail_payment",
            [
                *(keys.partition.head, keys.partition.outbox),
                *(keys.due_orders, keys.partition.due_events, keys.partition.paying),
                keys.partition.order(address.order_id),
            ],
            [address.event_id, payment_id],
        )
        if reply.word == "PINNED":
            return HoldPinned(order_of(address, reply))
        return order_is(address, reply)

    async def pin_hold(self, address: OrderAddress, payment_id: PaymentId) -> PinOutcome:
        keys = PartitionKeys(address.partition)
        reply = await self._scripts.write(
            "pin_hold", [keys.head, keys.order(address.order_id)], [payment_id]
        )
        match reply.word:
            case "PINNED":
                return HoldPinned(order_of(address, reply))
            case "GONE":
                return OrderGone(order_of(address, reply))
            case "UNKNOWN_ORDER":
                return UnknownOrder()
            case _:
                reply.fail()

    async def unpin_hold(self, address: OrderAddress, payment_id: PaymentId) -> UnpinOutcome:
        keys = PartitionKeys(address.partition)
        reply = await self._scripts.write(
            "unpin_hold", [keys.head, keys.order(address.order_id)], [payment_id]
        )
        return order_is(address, reply)

    async def confirm_payment(
        self, address: OrderAddress, payment_id: PaymentId, settlement: Settlement
    ) -> ConfirmPaymentOutcome:
        """`settlement`: PAID or HACK; by HACK a hold needs no payment begun before."""
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "confirm_payment",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event),
                *(keys.due_orders, keys.partition.due_events, keys.holders),
                *(keys.partition.paying, keys.partition.order(address.order_id)),
            ],
            [address.event_id, payment_id, settlement],
        )
        if reply.word == "GONE":
            return OrderGone(order_of(address, reply))
        return order_is(address, reply)

    async def expire_payment(
        self, address: OrderAddress, payment_id: PaymentId
    ) -> EndPaymentOutcome:
        """Only after the provider's no: the units are given back."""
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "expire_payment",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
                *(keys.holders, keys.partition.paying, keys.partition.order(address.order_id)),
            ],
            [address.event_id, payment_id],
        )
        if reply.word == "PINNED":
            return HoldPinned(order_of(address, reply))
        return order_is(address, reply)

    async def reacquire_order(
        self, address: OrderAddress, payment_id: PaymentId, settlement: Settlement
    ) -> ReacquireOutcome:
        """HoldsOverdue: nothing was decided; end the event's overdue holds, then ask again."""
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "reacquire_order",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
                *(keys.due_orders, keys.partition.order(address.order_id)),
            ],
            [address.event_id, payment_id, settlement],
        )
        match reply.word:
            case "GONE":
                return OrderGone(order_of(address, reply))
            case "ORDER" | "UNKNOWN_ORDER":
                return order_is(address, reply)
            case _:
                return stock_refusal(reply)

    async def refund_order(
        self, address: OrderAddress, payment_id: PaymentId, *, refunded_minor: int
    ) -> RefundOutcome:
        """`refunded_minor`: all that has gone back so far, in the order's currency."""
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "refund_order",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
                keys.partition.order(address.order_id),
            ],
            [address.event_id, payment_id, refunded_minor],
        )
        return order_outcome(address, reply)

    async def postpone_look_up(self, address: OrderAddress, look_up_at_ms: int) -> None:
        """When to look at a paying order next; at any other, nobody does."""
        paying = PartitionKeys(address.partition).paying
        await self._connection.call("ZADD", paying, "XX", look_up_at_ms, address.order_id)

    async def partitions_to_look_up(self, partitions: int) -> list[Partition]:
        """Those with an order whose look-up is due, by our own guess of the server's time."""
        now_ms = self._scripts.time.now_ms()
        everywhere = [Partition(each) for each in range(partitions)]
        found = await self._connection.ask_many(
            [("ZCOUNT", PartitionKeys(each).paying, "-inf", now_ms) for each in everywhere]
        )
        return [each for each, count in zip(everywhere, found, strict=True) if count]

    async def due_look_ups(self, partition: Partition) -> list[OrderId]:
        """At most LOOK_UPS_MAX paying orders, the longest due first, by the same guess."""
        found = await self._connection.ask(
            *("ZRANGE", PartitionKeys(partition).paying, "-inf", self._scripts.time.now_ms()),
            *("BYSCORE", "LIMIT", 0, LOOK_UPS_MAX),
        )
        return [OrderId(str(each)) for each in found] if isinstance(found, list) else []

    async def read_paying(self, partition: Partition) -> Mapping[OrderId, int]:
        """The paying orders of all its events, and when to look at each; for comparing."""
        flat = await self._connection.ask(
            "ZRANGE", PartitionKeys(partition).paying, 0, -1, "WITHSCORES"
        )
        return {OrderId(name): int(score) for name, score in pair_fields(flat).items()}
