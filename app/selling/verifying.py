"""Verifying: the facts of an event, folded, against Redis and against the ledger's read models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.facts import START, Fact, Position
from app.domain.fold import EventFold
from app.domain.ids import EventId, OrderAddress, OrderId, Partition, event_of, partition_of
from app.domain.orders import Order
from app.inventory import Inventory
from app.ledger import Ledger, OrderRow
from app.selling.comparing import (
    LedgerPicture,
    RedisPicture,
    compare_with_ledger,
    compare_with_redis,
)

FACTS_A_READ = 1_000
ORDERS_A_READ = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """`behind_facts`: what the archive does not have yet; then a difference may be one of time.
    `differences` are in words, each naming what differs and both values."""

    event_id: EventId
    facts: int
    orders: int
    behind_facts: int
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences and self.behind_facts == 0


class Verifying:
    """Reads only. Raises Unavailable, OutcomeUnknown or ContractError."""

    def __init__(self, inventory: Inventory, ledger: Ledger, decode: Callable[[str], Fact]) -> None:
        self._inventory = inventory
        self._ledger = ledger
        self._decode = decode

    async def verify(self, event_id: EventId) -> Verdict:
        fold, facts = await self._fold(event_id)
        partition = partition_of(event_id, self._inventory.partitions)
        head = (await self._inventory.outbox.read_heads())[partition]
        archived = (await self._ledger.archive.heads()).get(partition, START)
        differences = (
            *fold.contradictions,
            *compare_with_redis(fold, await self._picture_redis(partition, fold)),
            *compare_with_ledger(fold, await self._picture_ledger(event_id)),
        )
        behind = (head.position.seq if head else 0) - archived.seq
        return Verdict(event_id, facts, len(fold.orders), behind, differences)

    async def _fold(self, event_id: EventId) -> tuple[EventFold, int]:
        fold, after, facts = EventFold(event_id), START, 0
        while texts := await self._ledger.archive.read_event(event_id, after, FACTS_A_READ):
            for text in texts:
                fact = self._decode(text)
                fold.apply(fact)
                after, facts = Position(fact.position.epoch, fact.position.seq), facts + 1
        return fold, facts

    async def _picture_redis(self, partition: Partition, fold: EventFold) -> RedisPicture:
        events, orders = self._inventory.events, self._inventory.orders
        found = await events.read_event(fold.event_id)
        # Those that were told of and those that are there: a record that no fact knows is a stray.
        stored = await orders.stored_orders(partition, fold.event_id)
        ids = list(dict.fromkeys([*fold.orders, *stored]))
        paying = await self._inventory.payments.read_paying(partition)
        of_event = [each for each in paying if event_of(each) == fold.event_id]
        return RedisPicture(
            event=found[0] if found else None,
            customers=await events.read_customers(fold.event_id),
            live_holds=await events.read_live_holds(fold.event_id),
            deadlines=await orders.read_deadlines(partition, fold.event_id),
            paying=of_event,
            orders=await self._read_orders(partition, fold.event_id, ids),
        )

    async def _read_orders(
        self, partition: Partition, event_id: EventId, ids: Sequence[OrderId]
    ) -> dict[OrderId, Order]:
        orders: dict[OrderId, Order] = {}
        for start in range(0, len(ids), ORDERS_A_READ):
            chunk = ids[start : start + ORDERS_A_READ]
            found = await self._inventory.orders.read_orders(
                [OrderAddress(each, partition, event_id) for each in chunk]
            )
            orders |= {key: order for key, order in zip(chunk, found, strict=True) if order}
        return orders

    async def _picture_ledger(self, event_id: EventId) -> LedgerPicture:
        orders: dict[OrderId, OrderRow] = {}
        after: OrderId | None = None
        while rows := await self._ledger.orders.read_event(event_id, after, ORDERS_A_READ):
            orders |= {row.id: row for row in rows}
            after = rows[-1].id
        return LedgerPicture(
            event=await self._ledger.events.read(event_id),
            orders=orders,
            sales=await self._ledger.sales.report(event_id),
        )
