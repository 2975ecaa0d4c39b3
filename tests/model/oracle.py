"""A seller so simple that it is plainly right: no counters, no cache, no Redis.

It remembers events and orders in dictionaries and works everything else out by adding up orders.
Written from the rules of selling, not from the scripts. It answers in the words of the domain, so
that an answer of the real seller is compared with `==`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from app.domain import outcomes as say
from app.domain.events import EventConfiguration, OpenedEvent, Pool, PoolStock, SellingStatus
from app.domain.ids import CustomerRef, EventId, OrderAddress, OrderId, PoolId, TicketTypeId
from app.domain.orders import Birth, Order, OrderLine, OrderStatus, Settlement
from app.inventory import PlaceOrder
from app.runtime.clock import Clock
from payments import Money
from tests.model.picture import Customers, Picture, ToldFact

OPEN, PAUSED, CLOSED = SellingStatus.OPEN, SellingStatus.PAUSED, SellingStatus.CLOSED
HELD, PAYING, CONFIRMED = OrderStatus.HELD, OrderStatus.PAYING, OrderStatus.CONFIRMED
RELEASED, EXPIRED = OrderStatus.RELEASED, OrderStatus.EXPIRED
Quantities = Mapping[TicketTypeId, int]


@dataclass(slots=True)
class Seller:
    """`events` are kept without stock, which is worked out whenever somebody looks."""

    clock: Clock
    events: dict[EventId, OpenedEvent] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    asked: dict[OrderId, tuple[Quantities, bool]] = field(default_factory=dict)
    addresses: dict[OrderId, str] = field(default_factory=dict)
    first_answers: dict[OrderId, Order] = field(default_factory=dict)
    paying: dict[OrderId, int] = field(default_factory=dict)
    pins: set[OrderId] = field(default_factory=set)
    facts: list[ToldFact] = field(default_factory=list)

    def copy(self) -> Self:
        """Every value is immutable, so copies of the dictionaries are enough."""
        return replace(
            self,
            events=dict(self.events),
            orders=dict(self.orders),
            asked=dict(self.asked),
            addresses=dict(self.addresses),
            first_answers=dict(self.first_answers),
            paying=dict(self.paying),
            pins=set(self.pins),
            facts=list(self.facts),
        )

    def open_event(self, configuration: EventConfiguration) -> object:
        if configuration.id not in self.events:
            self.events[configuration.id] = OpenedEvent(configuration, PAUSED, 0, {})
        return self._set_status(configuration.id, OPEN, "EventOpened")

    def pause_event(self, event_id: EventId) -> object:
        return self._set_status(event_id, PAUSED, "EventPaused")

    def close_event(self, event_id: EventId) -> object:
        return self._set_status(event_id, CLOSED, "EventClosed")

    def change_event(self, before: OpenedEvent, after: EventConfiguration) -> object:
        """`after` was made from `before`; names, prices, windows and limits may differ."""
        if before.configuration == after:
            return say.EventIs(before)
        event = self.events.get(after.id)
        if event is None:
            return say.UnknownEvent()
        if event.status is CLOSED:
            return say.EventTransitionRefused(CLOSED)
        if event.version != before.version:
            return say.EventChangedMeanwhile()
        return self._change(replace(event, configuration=after), "EventChanged")

    def change_capacity(self, event_id: EventId, pool: PoolId, capacity: int) -> object:
        event = self.events.get(event_id)
        if event is None:
            return say.UnknownEvent()
        stock = self.stock(event_id).get(pool)
        if stock is None:
            return say.UnknownPool(pool)
        if stock.capacity == capacity:
            return say.EventIs(self.event(event_id))
        if event.status is CLOSED:
            return say.EventTransitionRefused(CLOSED)
        if capacity < stock.held + stock.sold:
            return say.CapacityInUse(stock.held + stock.sold)
        capacities = {each.id: each.capacity for each in event.configuration.pools}
        pools = tuple(Pool(*each) for each in (capacities | {pool: capacity}).items())
        configuration = replace(event.configuration, pools=pools)
        return self._change(replace(event, configuration=configuration), "PoolCapacityChanged")

    def place_order(self, wish: PlaceOrder) -> object:
        order_id, quantities = wish.address.order_id, _merged(wish.lines)
        if order_id in self.orders:
            if self.asked[order_id] != (quantities, wish.confirm):
                return say.KeyReused()
            return say.OrderPlaced(self.first_answers[order_id], replayed=True)
        if wish.address.event_id not in self.events:
            return say.UnknownEvent()
        refusal = self._refuse_sale(wish, quantities) or self._refuse_limits(wish, quantities)
        order = None if refusal else self._born(wish, quantities)
        if order and order.status is HELD:
            refusal = self._refuse_holds(wish)
        refusal = refusal or self._refuse_stock(wish.address.event_id, quantities)
        if refusal or order is None:
            return refusal
        if wish.address_ref:
            self.addresses[order_id] = wish.address_ref
        self.first_answers[order_id], self.asked[order_id] = order, (quantities, wish.confirm)
        self._keep(order, "OrderConfirmed" if order.status is CONFIRMED else "OrderHeld")
        return say.OrderPlaced(order, replayed=False)

    def confirm_order(self, address: OrderAddress) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if order.status is CONFIRMED:
            return say.OrderIs(order)
        if self._shown(order).status is EXPIRED:
            return say.HoldExpired()
        if order.status is not HELD or not order.total.is_zero:
            return say.OrderTransitionRefused(order)
        order = replace(
            order,
            expires_at_ms=None,
            confirmed_at_ms=self.clock.now_ms(),
            settlement=Settlement.FREE,
        )
        return say.OrderIs(self._become(order, CONFIRMED, "OrderConfirmed"))

    def release_order(self, address: OrderAddress) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if self._shown(order).status in {RELEASED, EXPIRED}:
            return say.OrderIs(self._shown(order))
        if order.status is PAYING:
            return say.PaymentOpen()
        if order.status is not HELD:
            return say.OrderTransitionRefused(order)
        return say.OrderIs(self._become(order, RELEASED, "OrderReleased"))

    def cancel_order(self, address: OrderAddress) -> object:
        order = self.orders.get(address.order_id)
        if order is None:
            return say.UnknownOrder()
        if order.status is OrderStatus.CANCELLED:
            return say.OrderIs(order)
        if order.status is not CONFIRMED:
            return say.OrderTransitionRefused(self._shown(order))
        return say.OrderIs(self._become(order, OrderStatus.CANCELLED, "OrderCancelled"))

    def expire_orders(self, event_id: EventId, order_ids: Sequence[OrderId]) -> int:
        ended = [each for each in dict.fromkeys(order_ids) if each in self.overdue(event_id)]
        for order_id in ended:
            self._become(self.orders[order_id], EXPIRED, "OrderExpired")
        return len(ended)

    def overdue(self, event_id: EventId) -> list[OrderId]:
        """Holds whose time is over, the longest first; ids decide between equals."""
        due = self.deadlines(event_id)
        late = [(at_ms, each) for each, at_ms in due.items() if at_ms <= self.clock.now_ms()]
        return [order_id for _, order_id in sorted(late)]

    def event(self, event_id: EventId) -> OpenedEvent:
        return replace(self.events[event_id], stock=self.stock(event_id))

    def stock(self, event_id: EventId) -> Mapping[PoolId, PoolStock]:
        held = self._units(event_id, HELD) + self._units(event_id, PAYING)
        sold = self._units(event_id, CONFIRMED)
        return {
            id_: PoolStock(capacity, capacity - held[id_] - sold[id_], held[id_], sold[id_])
            for id_, capacity in _capacities(self.events[event_id].configuration).items()
        }

    def customers(self, event_id: EventId) -> Customers:
        """What each has of each type in live orders."""
        has: Counter[tuple[str, str]] = Counter()
        for order in self.orders.values():
            if order.event_id == event_id and order.status in {HELD, PAYING, CONFIRMED}:
                for line in order.lines:
                    has[order.customer_ref, line.ticket_type] += line.quantity
        return has

    def holders(self, event_id: EventId) -> Mapping[str, int]:
        """How many live holds each customer has, and each address."""
        holds: Counter[str] = Counter()
        for order in self.holds(event_id):
            holds[f"customer|{order.customer_ref}"] += 1
            if order.id in self.addresses:
                holds[f"address|{self.addresses[order.id]}"] += 1
        return holds

    def holds(self, event_id: EventId) -> Sequence[Order]:
        """Those that are live: waiting for their deadline, or for their payment."""
        of_event = [each for each in self.orders.values() if each.event_id == event_id]
        return [each for each in of_event if each.status in {HELD, PAYING}]

    def deadlines(self, event_id: EventId) -> Mapping[OrderId, int]:
        return {
            order.id: order.expires_at_ms
            for order in self.orders.values()
            if order.event_id == event_id and order.status is HELD and order.expires_at_ms
        }

    def picture(self) -> Picture:
        """All that Redis must show now."""
        due = {each: found for each in self.events if (found := self.deadlines(each))}
        return Picture(
            events={each: self.event(each) for each in self.events},
            orders=dict(self.orders),
            customers={each: has for each in self.events if (has := self.customers(each))},
            holders={each: holds for each in self.events if (holds := self.holders(each))},
            addresses={
                order.id: self.addresses[order.id]
                for each in self.events
                for order in self.holds(each)
                if order.id in self.addresses
            },
            due_orders=due,
            due_events={each: min(found.values()) for each, found in due.items()},
            paying=dict(self.paying),
            pins=frozenset(self.pins),
            facts=tuple(self.facts),
        )

    def _refuse_sale(self, wish: PlaceOrder, quantities: Quantities) -> object:
        """Toggles, then status and windows, then types that nobody knows."""
        event, now_ms = self.events[wish.address.event_id], self.clock.now_ms()
        types = {each.id: each for each in event.configuration.ticket_types}
        known = [types[each] for each in quantities if each in types]
        is_free = all(each.price.is_zero for each in known)
        if off := wish.gate.free_off if is_free else wish.gate.paid_off:
            return say.SellingOff(off)
        if event.status is not OPEN:
            return say.SaleClosed(say.ClosedReason(event.status))
        for each in known:
            if each.on_sale_from_ms is not None and now_ms < each.on_sale_from_ms:
                return say.SaleClosed(say.ClosedReason.NOT_STARTED)
            if each.on_sale_until_ms is not None and now_ms >= each.on_sale_until_ms:
                return say.SaleClosed(say.ClosedReason.ENDED)
        unknown = [each for each in quantities if each not in types]
        return say.UnknownTicketType(unknown[0]) if unknown else None

    def _refuse_limits(self, wish: PlaceOrder, quantities: Quantities) -> object:
        """Of the order, then of the customer. Who has nothing is refused whatever expires."""
        event_id = wish.address.event_id
        types = {each.id: each for each in self.events[event_id].configuration.ticket_types}
        for id_, quantity in quantities.items():
            least, most = types[id_].min_per_order, types[id_].max_per_order
            if quantity < least:
                return say.LimitExceeded(say.LimitKind.MIN_PER_ORDER, id_, least)
            if quantity > most:
                return say.LimitExceeded(say.LimitKind.MAX_PER_ORDER, id_, most)
        return self._refuse_customer(event_id, wish.customer_ref, quantities)

    def _refuse_customer(
        self, event_id: EventId, customer_ref: CustomerRef, quantities: Quantities
    ) -> object:
        types = {each.id: each for each in self.events[event_id].configuration.ticket_types}
        customers = self.customers(event_id)
        for id_, quantity in quantities.items():
            has, most = customers.get((customer_ref, id_), 0), types[id_].max_per_customer
            if has + quantity > most:
                if has and self.overdue(event_id):
                    return say.HoldsOverdue()
                return say.LimitExceeded(say.LimitKind.MAX_PER_CUSTOMER, id_, most)
        return None

    def _refuse_holds(self, wish: PlaceOrder) -> object:
        """Of the customer, then of the address; 0 is no cap."""
        event_id, caps, kinds = wish.address.event_id, wish.hold_caps, say.LimitKind
        holders = self.holders(event_id)
        mine = f"customer|{wish.customer_ref}", f"address|{wish.address_ref}"
        for holder, cap, kind in (
            (mine[0], caps.per_customer, kinds.LIVE_HOLDS_PER_CUSTOMER),
            (mine[1], caps.per_address, kinds.LIVE_HOLDS_PER_ADDRESS),
        ):
            if cap and holders.get(holder, 0) >= cap:
                is_waiting = bool(self.overdue(event_id))
                return say.HoldsOverdue() if is_waiting else say.LimitExceeded(kind, None, cap)
        return None

    def _refuse_stock(self, event_id: EventId, quantities: Quantities) -> object:
        """Units may return if every pool that falls short has some on hold."""
        types = {each.id: each for each in self.events[event_id].configuration.ticket_types}
        stock, need = self.stock(event_id), Counter[PoolId]()
        short = []
        for id_, quantity in quantities.items():
            for pool in types[id_].pools:
                need[pool] += quantity
                if need[pool] > stock[pool].available:
                    short.append((id_, stock[pool].held > 0))
        final = [id_ for id_, may_return in short if not may_return]
        if final:
            return say.SoldOut(final[0], may_return=False)
        if short and self.overdue(event_id):
            return say.HoldsOverdue()
        return say.SoldOut(short[0][0], may_return=True) if short else None

    def _born(self, wish: PlaceOrder, quantities: Quantities) -> Order:
        configuration, now_ms = (
            self.events[wish.address.event_id].configuration,
            self.clock.now_ms(),
        )
        types = {each.id: each for each in configuration.ticket_types}
        lines = [OrderLine(t, n, types[t].price, types[t].name) for t, n in quantities.items()]
        total = sum(line.unit_price.amount_minor * line.quantity for line in lines)
        is_confirmed = wish.confirm and total == 0
        deadline_ms = None if is_confirmed else now_ms + configuration.hold_seconds * 1000
        return Order(
            id=wish.address.order_id,
            event_id=configuration.id,
            customer_ref=wish.customer_ref,
            fingerprint=wish.fingerprint,
            status=CONFIRMED if is_confirmed else HELD,
            birth=Birth(CONFIRMED if is_confirmed else HELD, deadline_ms),
            lines=tuple(lines),
            total=Money(total, configuration.currency),
            created_at_ms=now_ms,
            expires_at_ms=deadline_ms,
            confirmed_at_ms=now_ms if is_confirmed else None,
            version=1,
            payment_id=None,
            settlement=Settlement.FREE if is_confirmed else None,
            refunded=Money(0, configuration.currency),
        )

    def _shown(self, order: Order) -> Order:
        is_overdue = order.id in self.overdue(order.event_id)
        return replace(order, status=EXPIRED) if is_overdue else order

    def _become(self, order: Order, status: OrderStatus, fact: str) -> Order:
        return self._keep(replace(order, status=status, version=order.version + 1), fact)

    def _keep(self, order: Order, fact: str) -> Order:
        self.orders[order.id] = order
        self.facts.append(ToldFact(fact, order.id, order.version, self.clock.now_ms()))
        return order

    def _set_status(self, event_id: EventId, status: SellingStatus, fact: str) -> object:
        event = self.events.get(event_id)
        if event is None:
            return say.UnknownEvent()
        if event.status is CLOSED and status is not CLOSED:
            return say.EventTransitionRefused(CLOSED)
        if event.status is status:
            return say.EventIs(self.event(event_id))
        return self._change(replace(event, status=status), fact)

    def _change(self, event: OpenedEvent, fact: str) -> object:
        event_id, version = event.configuration.id, event.version + 1
        self.events[event_id] = replace(event, version=version)
        self.facts.append(ToldFact(fact, event_id, version, self.clock.now_ms()))
        return say.EventIs(self.event(event_id))

    def _units(self, event_id: EventId, status: OrderStatus) -> Counter[PoolId]:
        units: Counter[PoolId] = Counter()
        for ticket_type in self.events[event_id].configuration.ticket_types:
            for order in self.orders.values():
                for line in order.lines:
                    is_counted = order.event_id == event_id and order.status is status
                    if is_counted and line.ticket_type == ticket_type.id:
                        units.update(dict.fromkeys(ticket_type.pools, line.quantity))
        return units


def _capacities(configuration: EventConfiguration) -> Mapping[PoolId, int]:
    return {pool.id: pool.capacity for pool in configuration.pools}


def _merged(lines: Sequence[tuple[TicketTypeId, int]]) -> Quantities:
    """A type that stands in several lines counts once, summed, where it first stood."""
    quantities: dict[TicketTypeId, int] = {}
    for ticket_type, quantity in lines:
        quantities[ticket_type] = quantities.get(ticket_type, 0) + quantity
    return quantities
