"""What must hold of Redis alone after every step, whatever anybody meant to do."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.domain.events import OpenedEvent
from app.domain.ids import EventId, PoolId
from app.domain.orders import Order, OrderStatus, Settlement
from tests.model.picture import Picture, Watcher

HOLDING = {OrderStatus.HELD, OrderStatus.PAYING}
LIVE = {*HOLDING, OrderStatus.CONFIRMED}


@dataclass(slots=True)
class Ceilings:
    """The highest `max_per_customer` that ever was; a limit lowered later takes nothing back."""

    highest: dict[tuple[EventId, str], int] = field(default_factory=dict)

    def note(self, events: Iterable[OpenedEvent]) -> None:
        for event in events:
            for each in event.configuration.ticket_types:
                key = event.configuration.id, each.id
                self.highest[key] = max(self.highest.get(key, 0), each.max_per_customer)


def stock_is_conserved(picture: Picture) -> None:
    for event_id, event in picture.events.items():
        for pool, stock in event.stock.items():
            columns = (stock.available, stock.held, stock.sold)
            assert stock.capacity == sum(columns), f"{event_id}, {pool}: {stock}"
            assert min(columns) >= 0, f"{event_id}, {pool}: {stock}"


def stock_is_the_sum_of_orders(picture: Picture) -> None:
    for event_id, event in picture.events.items():
        held = _units(picture, event_id, HOLDING)
        sold = _units(picture, event_id, {OrderStatus.CONFIRMED})
        for pool, stock in event.stock.items():
            assert (stock.held, stock.sold) == (held[pool], sold[pool]), f"{event_id}, {pool}"


def customers_have_their_live_orders(picture: Picture) -> None:
    for event_id in picture.events:
        has: Counter[tuple[str, str]] = Counter()
        for order in _orders(picture, event_id):
            if order.status in LIVE:
                for line in order.lines:
                    has[order.customer_ref, line.ticket_type] += line.quantity
        assert picture.customers.get(event_id, {}) == has


def holders_have_their_live_holds(picture: Picture) -> None:
    """And only a live hold knows from which address it came."""
    for event_id in picture.events:
        holds: Counter[str] = Counter()
        for order in _orders(picture, event_id):
            address = picture.addresses.get(order.id)
            if order.status in HOLDING:
                holds[f"customer|{order.customer_ref}"] += 1
                holds.update([f"address|{address}"] if address else [])
            else:
                assert address is None, f"{order.id} has ended and keeps its address"
        assert picture.holders.get(event_id, {}) == holds


def deadlines_are_those_of_holds(picture: Picture) -> None:
    """And the partition waits for the earliest of each event."""
    for event_id in picture.events:
        due = picture.due_orders.get(event_id, {})
        held = {
            order.id: order.expires_at_ms
            for order in _orders(picture, event_id)
            if order.status is OrderStatus.HELD
        }
        assert due == held
        assert picture.due_events.get(event_id) == min(due.values(), default=None)


def look_ups_are_those_of_paying_orders(picture: Picture) -> None:
    """And only what is being paid may be pinned."""
    paying = {each.id for each in picture.orders.values() if each.status is OrderStatus.PAYING}
    assert set(picture.paying) == paying
    assert picture.pins <= paying


def what_was_settled_says_how(picture: Picture) -> None:
    """A payment stands in an order that it is open for, or has settled; what cost nothing was
    settled for free; and no more goes back than was paid."""
    for order in picture.orders.values():
        was_settled = order.status in {OrderStatus.CONFIRMED, OrderStatus.CANCELLED}
        is_paying = order.status is OrderStatus.PAYING
        is_bought = was_settled and not order.total.is_zero
        assert (order.settlement is not None) == was_settled, f"{order}"
        assert (order.settlement is Settlement.FREE) == (was_settled and not is_bought), f"{order}"
        assert (order.payment_id is not None) == (is_paying or is_bought), f"{order}"
        assert order.refunded <= order.total, f"{order}"
        assert order.refunded.is_zero or is_bought, f"{order}"
        if order.status is OrderStatus.CONFIRMED:
            assert order.refunded != order.total or order.total.is_zero, f"{order}"


def facts_tell_what_is(picture: Picture, watcher: Watcher) -> None:
    for event_id, fold in watcher.folds.items():
        assert fold.contradictions == []
        assert fold.opened_event() == picture.events[event_id]
        assert fold.customers() == picture.customers.get(event_id, {})
        assert fold.orders == {order.id: order for order in _orders(picture, event_id)}


def personal_data_stays_in_its_field(watcher: Watcher) -> None:
    assert watcher.leaks == []


def limits_are_never_exceeded(picture: Picture, ceilings: Ceilings) -> None:
    for event_id, customers in picture.customers.items():
        for (customer_ref, ticket_type), quantity in customers.items():
            highest = ceilings.highest[event_id, ticket_type]
            assert 0 < quantity <= highest, f"{customer_ref} has {quantity} of {ticket_type}"


LAWS: tuple[Callable[[Picture], None], ...] = (
    stock_is_conserved,
    stock_is_the_sum_of_orders,
    customers_have_their_live_orders,
    holders_have_their_live_holds,
    deadlines_are_those_of_holds,
    look_ups_are_those_of_paying_orders,
    what_was_settled_says_how,
)


def check_laws(picture: Picture, watcher: Watcher, ceilings: Ceilings) -> None:
    """The cheap and plain ones first, so that a failure says the nearest cause."""
    for law in LAWS:
        law(picture)
    limits_are_never_exceeded(picture, ceilings)
    facts_tell_what_is(picture, watcher)
    personal_data_stays_in_its_field(watcher)


def _orders(picture: Picture, event_id: EventId) -> list[Order]:
    return [order for order in picture.orders.values() if order.event_id == event_id]


def _units(picture: Picture, event_id: EventId, statuses: set[OrderStatus]) -> Counter[PoolId]:
    pools = {each.id: each.pools for each in picture.events[event_id].configuration.ticket_types}
    units: Counter[PoolId] = Counter()
    for order in _orders(picture, event_id):
        if order.status in statuses:
            for line in order.lines:
                units.update(dict.fromkeys(pools[line.ticket_type], line.quantity))
    return units
