"""Folding facts back into the state that they tell of: the oracle of `verify` and of tests.

Independent of the Lua on purpose: it adds up orders, where the scripts move counters.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from app.domain.events import EventConfiguration, OpenedEvent, Pool, PoolStock, SellingStatus
from app.domain.facts import (
    EventChanged,
    EventClosed,
    EventOpened,
    EventPaused,
    Fact,
    OrderCancelled,
    OrderConfirmed,
    OrderExpired,
    OrderFact,
    OrderHeld,
    OrderPaymentBegan,
    OrderPaymentFailed,
    OrderRefunded,
    OrderReleased,
    PoolCapacityChanged,
)
from app.domain.ids import CustomerRef, EventId, OrderId, PoolId, TicketTypeId
from app.domain.orders import HOLDING, LIVE, NEXT_STATUSES, Order, OrderStatus
from payments import Money

_LEAD_TO: dict[type[OrderFact], frozenset[OrderStatus]] = {
    OrderHeld: frozenset({OrderStatus.HELD}),
    OrderConfirmed: frozenset({OrderStatus.CONFIRMED}),
    OrderReleased: frozenset({OrderStatus.RELEASED}),
    OrderExpired: frozenset({OrderStatus.EXPIRED}),
    OrderCancelled: frozenset({OrderStatus.CANCELLED}),
    OrderPaymentBegan: frozenset({OrderStatus.PAYING}),
    OrderPaymentFailed: frozenset({OrderStatus.HELD}),
    OrderRefunded: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
}


class EventFold:
    """One event's facts, in order. What cannot have happened is noted in `contradictions`."""

    def __init__(self, event_id: EventId) -> None:
        self.event_id = event_id
        self.configuration: EventConfiguration | None = None
        self.status: SellingStatus | None = None
        self.version = 0
        self.capacities: dict[PoolId, int] = {}
        self.orders: dict[OrderId, Order] = {}
        self.contradictions: list[str] = []
        self.as_of_ms: int | None = None

    def apply(self, fact: Fact) -> None:
        self.as_of_ms = fact.at_ms
        match fact:
            case OrderFact():
                self._apply_order(fact)
            case EventOpened():
                self._configure(fact, fact.configuration, SellingStatus.OPEN)
            case EventChanged():
                self._configure(fact, fact.configuration, self.status)
            case EventPaused():
                self._next_version(fact, SellingStatus.PAUSED)
            case EventClosed():
                self._next_version(fact, SellingStatus.CLOSED)
            case PoolCapacityChanged():
                self._next_version(fact, self.status)
                self.capacities[fact.pool] = fact.capacity
            case _:
                self.contradictions.append(f"{fact.id}: no such fact is known")

    def stock(self) -> Mapping[PoolId, PoolStock]:
        """What every pool must show, added up from the orders."""
        held, sold = self._units(HOLDING), self._units(frozenset({OrderStatus.CONFIRMED}))
        return {
            pool: PoolStock(capacity, capacity - held[pool] - sold[pool], held[pool], sold[pool])
            for pool, capacity in self.capacities.items()
        }

    def customers(self) -> Mapping[tuple[CustomerRef, TicketTypeId], int]:
        """What every customer has in live orders, by ticket type; nothing where it is 0."""
        has: Counter[tuple[CustomerRef, TicketTypeId]] = Counter()
        for order in self.orders.values():
            if order.status in LIVE:
                for line in order.lines:
                    has[order.customer_ref, line.ticket_type] += line.quantity
        return has

    def live_holds(self) -> Mapping[CustomerRef, int]:
        """How many orders every customer holds; nothing where it is 0."""
        held = (each for each in self.orders.values() if each.status in HOLDING)
        return Counter(each.customer_ref for each in held)

    def opened_event(self) -> OpenedEvent | None:
        if self.configuration is None or self.status is None:
            return None
        pools = tuple(Pool(pool, capacity) for pool, capacity in self.capacities.items())
        configuration = replace(self.configuration, pools=pools)
        return OpenedEvent(configuration, self.status, self.version, self.stock())

    def _apply_order(self, fact: OrderFact) -> None:
        before = self.orders.get(fact.order.id)
        status = before.status if before else None
        if fact.previous != status or not _is_edge(fact):
            self.contradictions.append(f"{fact.id}: {status} cannot become {fact.order.status}")
        if fact.order.refunded != _refunded_after(fact, before):
            self.contradictions.append(f"{fact.id}: {fact.order.refunded} cannot have gone back")
        if fact.version != (before.version if before else 0) + 1:
            self.contradictions.append(f"{fact.id}: version {fact.version} skips or repeats one")
        self.orders[fact.order.id] = fact.order

    def _configure(
        self, fact: Fact, configuration: EventConfiguration, status: SellingStatus | None
    ) -> None:
        self._next_version(fact, status)
        self.configuration = configuration
        self.capacities = {pool.id: pool.capacity for pool in configuration.pools}

    def _next_version(self, fact: Fact, status: SellingStatus | None) -> None:
        if self.status is SellingStatus.CLOSED:
            self.contradictions.append(f"{fact.id}: nothing changes a closed event")
        if fact.version != self.version + 1:
            self.contradictions.append(f"{fact.id}: version {fact.version} skips or repeats one")
        self.version, self.status = fact.version, status

    def _units(self, statuses: frozenset[OrderStatus]) -> Counter[PoolId]:
        units: Counter[PoolId] = Counter()
        if self.configuration is None:
            return units
        pools = {each.id: each.pools for each in self.configuration.ticket_types}
        for order in self.orders.values():
            if order.status in statuses:
                for line in order.lines:
                    for pool in pools[line.ticket_type]:
                        units[pool] += line.quantity
        return units


def _is_edge(fact: OrderFact) -> bool:
    """Whether such a fact leads there, and from where it came."""
    after = fact.order.status
    moves_money_alone = isinstance(fact, OrderRefunded) and (
        fact.previous is OrderStatus.CANCELLED or fact.order.refunded < fact.order.total
    )
    return (
        after in NEXT_STATUSES[fact.previous]
        and after in _LEAD_TO[type(fact)]
        and (after is fact.previous) == moves_money_alone
    )


def _refunded_after(fact: OrderFact, before: Order | None) -> Money:
    nothing = Money(0, fact.order.total.currency)
    more = fact.amount if isinstance(fact, OrderRefunded) else nothing
    return (before.refunded if before else nothing) + more
