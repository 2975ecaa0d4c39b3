"""Verifying: the facts of an event, folded, against Redis and against the ledger's read models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.facts import START, Fact, Position
from app.domain.fold import EventFold
from app.domain.ids import EventId, OrderId, parse_order_id, partition_of
from app.domain.orders import Order
from app.inventory import Inventory
from app.ledger import Ledger

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
        differences = list(fold.contradictions)
        differences += await self._compare_event(fold)
        differences += await self._compare_orders(fold)
        differences += await self._compare_ledger(fold)
        behind = (head.position.seq if head else 0) - archived.seq
        return Verdict(event_id, facts, len(fold.orders), behind, tuple(differences))

    async def _fold(self, event_id: EventId) -> tuple[EventFold, int]:
        fold, after, facts = EventFold(event_id), START, 0
        while texts := await self._ledger.archive.read_event(event_id, after, FACTS_A_READ):
            for text in texts:
                fact = self._decode(text)
                fold.apply(fact)
                after, facts = Position(fact.position.epoch, fact.position.seq), facts + 1
        return fold, facts

    async def _compare_event(self, fold: EventFold) -> list[str]:
        folded = fold.opened_event()
        found = await self._inventory.events.read_event(fold.event_id)
        live = found[0] if found else None
        differences = []
        if folded is None or live is None:
            if folded is not live:
                differences.append(f"event: folded {folded}, Redis {live}")
        elif folded != live:
            differences.append(f"event: folded {folded}, Redis {live}")
        customers = await self._inventory.events.read_customers(fold.event_id)
        if dict(fold.customers()) != dict(customers):
            odd = set(fold.customers().items()) ^ set(customers.items())
            differences.append(f"customers' counts differ: {sorted(odd)[:10]}")
        return differences

    async def _compare_orders(self, fold: EventFold) -> list[str]:
        differences = []
        ids = sorted(fold.orders)
        for start in range(0, len(ids), ORDERS_A_READ):
            chunk = ids[start : start + ORDERS_A_READ]
            live = await self._read_orders(chunk)
            for order_id, order in zip(chunk, live, strict=True):
                if order != fold.orders[order_id]:
                    differences.append(
                        f"order {order_id}: folded {fold.orders[order_id]}, Redis {order}"
                    )
        return differences

    async def _read_orders(self, ids: Sequence[OrderId]) -> list[Order | None]:
        addresses = [parse_order_id(each, self._inventory.partitions) for each in ids]
        return await self._inventory.orders.read_orders([each for each in addresses if each])

    async def _compare_ledger(self, fold: EventFold) -> list[str]:
        differences = []
        after: OrderId | None = None
        seen: set[OrderId] = set()
        while rows := await self._ledger.orders.read_event(fold.event_id, after, ORDERS_A_READ):
            for row in rows:
                after = row.id
                seen.add(row.id)
                folded = fold.orders.get(row.id)
                if folded is None or (row.status, row.version, row.total) != (
                    folded.status, folded.version, folded.total,
                ):  # fmt: skip
                    differences.append(f"order {row.id}: folded {folded}, ledger {row}")
        if missing := fold.orders.keys() - seen:
            differences.append(f"orders that the ledger lacks: {sorted(missing)[:10]}")
        return differences
