"""Orders on the write side: place, confirm, release, expire, cancel, read. One method, one Lua
command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from app.domain.ids import (
    AddressRef,
    CustomerRef,
    EventId,
    OrderAddress,
    OrderId,
    Partition,
    TicketTypeId,
)
from app.domain.orders import Order, Person
from app.domain.outcomes import (
    CancelOutcome,
    ConfirmOutcome,
    HoldExpired,
    KeyReused,
    OrderPlaced,
    PaymentOpen,
    PlaceOutcome,
    ReleaseOutcome,
    SellingOff,
    UnknownEvent,
    UnknownTicketType,
)
from app.inventory.keys import EventKeys, PartitionKeys, keys_of_order
from app.inventory.order_fields import parse_order
from app.inventory.order_replies import order_of, order_outcome, stock_refusal
from app.inventory.replies import ScriptReply, pair_fields
from app.inventory.scripts import ScriptLibrary
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection

EXPIRE_ORDERS_MAX = 100
"""One script's worth: it holds up everybody else for about 2 ms."""


KEYS_A_SCAN = 1_000


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When the holds of an event end, and when the sweeper looks at the event next; in ms."""

    by_order: Mapping[OrderId, int]
    earliest_ms: int | None


@dataclass(frozen=True, slots=True)
class SellingGate:
    """Toggles that forbid the sale of free and of paid orders of one event; None lets it pass."""

    free_off: str | None
    paid_off: str | None


@dataclass(frozen=True, slots=True)
class HoldCaps:
    """Holds that one customer, and one address, may have of an event at a time; 0 = no cap."""

    per_customer: int = 0
    per_address: int = 0


NO_CAPS = HoldCaps()


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """What one buyer wishes. `lines` as they came: a type may stand in several, and counts once.
    `address_ref`: None where no buyer's address is known, or none is counted."""

    address: OrderAddress
    customer_ref: CustomerRef
    person: Person
    fingerprint: str
    lines: Sequence[tuple[TicketTypeId, int]]
    confirm: bool
    gate: SellingGate
    address_ref: AddressRef | None = None
    hold_caps: HoldCaps = NO_CAPS


class Orders:
    """Every method is one call of Redis and raises Unavailable or ContractError; one that writes,
    OutcomeUnknown too."""

    def __init__(self, scripts: ScriptLibrary, connection: RedisConnection) -> None:
        self._scripts = scripts
        self._connection = connection

    async def place_order(self, wish: PlaceOrder) -> PlaceOutcome:
        keys = keys_of_order(wish.address)
        person = orjson.dumps({"email": wish.person.email, "name": wish.person.name})
        reply = await self._scripts.write(
            "place_order",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
                *(keys.due_orders, keys.partition.due_events, keys.holders),
                keys.partition.order(wish.address.order_id),
            ],
            [
                *(wish.address.order_id, wish.address.event_id, wish.customer_ref),
                *(wish.fingerprint, "confirm" if wish.confirm else "hold"),
                *(wish.gate.free_off or "", wish.gate.paid_off or "", person.decode()),
                wish.address_ref or "",
                *(wish.hold_caps.per_customer, wish.hold_caps.per_address),
                *(part for line in wish.lines for part in line),
            ],
        )
        return _place_outcome(wish.address.event_id, reply)

    async def confirm_order(self, address: OrderAddress) -> ConfirmOutcome:
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "confirm_order",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event),
                *(keys.due_orders, keys.partition.due_events, keys.holders),
                keys.partition.order(address.order_id),
            ],
            [address.event_id],
        )
        return HoldExpired() if reply.word == "EXPIRED" else order_outcome(address, reply)

    async def release_order(self, address: OrderAddress) -> ReleaseOutcome:
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "release_order",
            [*_hold_keys(keys), keys.partition.order(address.order_id)],
            [address.event_id],
        )
        return PaymentOpen() if reply.word == "PAYING" else order_outcome(address, reply)

    async def cancel_order(self, address: OrderAddress) -> CancelOutcome:
        keys = keys_of_order(address)
        reply = await self._scripts.write(
            "cancel_order",
            [
                *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
                keys.partition.order(address.order_id),
            ],
            [address.event_id],
        )
        return order_outcome(address, reply)

    async def expire_orders(
        self, partition: Partition, event_id: EventId, order_ids: Sequence[OrderId]
    ) -> int:
        """At most EXPIRE_ORDERS_MAX ids of one event. Returns how many holds were ended."""
        keys = EventKeys(PartitionKeys(partition), event_id)
        reply = await self._scripts.write(
            "expire_orders",
            [*_hold_keys(keys), *(keys.partition.order(each) for each in order_ids)],
            [event_id, *order_ids],
        )
        return reply.whole(0) if reply.word == "DONE" else reply.fail()

    async def read_order(self, address: OrderAddress) -> Order | None:
        """An overdue hold is shown as expired, though nobody has swept it yet."""
        keys = PartitionKeys(address.partition)
        reply = await self._scripts.read("read_order", [keys.order(address.order_id)])
        return order_of(address, reply) if reply.word == "ORDER" else None

    async def read_orders(self, addresses: Sequence[OrderAddress]) -> list[Order | None]:
        """As they are stored, in one round trip; for comparing, at most some hundred at once."""
        found = await self._connection.ask_many(
            [("HGETALL", PartitionKeys(each.partition).order(each.order_id)) for each in addresses]
        )
        return [
            parse_order(each.event_id, pair_fields(flat)) if flat else None
            for each, flat in zip(addresses, found, strict=True)
        ]

    async def stored_orders(self, partition: Partition, event_id: EventId) -> list[OrderId]:
        """Of one event, in no order; walks all keys of the server, a thousand at a time."""
        prefix = PartitionKeys(partition).order(OrderId(f"{partition:02d}.{event_id}."))
        found: set[str] = set()
        cursor = "0"
        while True:
            reply = await self._connection.call(
                "SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", KEYS_A_SCAN
            )
            match reply:
                case [str() as cursor, list() as names]:
                    found |= {str(name) for name in names}
                case _:
                    raise ContractError(f"SCAN answers {reply!r}")
            if cursor == "0":
                start = len(PartitionKeys(partition).order(OrderId("")))
                return [OrderId(name[start:]) for name in found]

    async def read_deadlines(self, partition: Partition, event_id: EventId) -> Deadlines:
        """For comparing, not for serving."""
        keys = EventKeys(PartitionKeys(partition), event_id)
        flat, earliest = await self._connection.call_many(
            [
                ("ZRANGE", keys.due_orders, 0, -1, "WITHSCORES"),
                ("ZSCORE", keys.partition.due_events, event_id),
            ]
        )
        return Deadlines(
            {OrderId(name): int(score) for name, score in pair_fields(flat).items()},
            int(str(earliest)) if earliest is not None else None,
        )

    async def overdue_partitions(self, partitions: int) -> list[Partition]:
        """Those with an overdue hold, by our own guess of the server's time."""
        now_ms = self._scripts.time.now_ms()
        everywhere = [Partition(each) for each in range(partitions)]
        found = await self._connection.ask_many(
            [("ZCOUNT", PartitionKeys(each).due_events, "-inf", now_ms) for each in everywhere]
        )
        return [each for each, count in zip(everywhere, found, strict=True) if count]

    async def overdue_events(self, partition: Partition) -> list[EventId]:
        """At most 100 events with an overdue hold, the longest overdue first, by our own guess of
        the server's time: the script decides."""
        ids = await self._due(PartitionKeys(partition).due_events)
        return [EventId(each) for each in ids]

    async def overdue_orders(self, partition: Partition, event_id: EventId) -> list[OrderId]:
        """At most EXPIRE_ORDERS_MAX, the longest overdue first."""
        ids = await self._due(EventKeys(PartitionKeys(partition), event_id).due_orders)
        return [OrderId(each) for each in ids]

    async def _due(self, key: str) -> list[str]:
        now_ms, limit = self._scripts.time.now_ms(), EXPIRE_ORDERS_MAX
        found = await self._connection.ask(
            "ZRANGE", key, "-inf", now_ms, "BYSCORE", "LIMIT", 0, limit
        )
        return [str(each) for each in found] if isinstance(found, list) else []


def _hold_keys(keys: EventKeys) -> list[str]:
    """What release_order and expire_orders touch, before the order keys."""
    return [
        *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
        *(keys.due_orders, keys.partition.due_events, keys.holders),
    ]


def _place_outcome(event_id: EventId, reply: ScriptReply) -> PlaceOutcome:
    match reply.word:
        case "PLACED":
            return OrderPlaced(parse_order(event_id, reply.fields(0)), replayed=False)
        case "REPLAYED":
            order = parse_order(event_id, reply.fields(0))
            return OrderPlaced(order.at_birth(), replayed=True)
        case "KEY_REUSED":
            return KeyReused()
        case "UNKNOWN_EVENT":
            return UnknownEvent()
        case "SELLING_OFF":
            return SellingOff(reply.text(0))
        case "UNKNOWN_TYPE":
            return UnknownTicketType(TicketTypeId(reply.text(0)))
        case _:
            return stock_refusal(reply)
