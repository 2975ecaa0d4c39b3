"""place_order: what is sold, to whom, and in which order a wish is refused."""

from dataclasses import replace

import pytest

from app.domain.events import EventConfiguration, PoolStock
from app.domain.facts import OrderConfirmed, OrderHeld
from app.domain.ids import TicketTypeId
from app.domain.orders import Birth, Order, OrderLine, OrderStatus, Settlement
from app.domain.outcomes import (
    ClosedReason,
    KeyReused,
    LimitExceeded,
    LimitKind,
    OrderPlaced,
    SaleClosed,
    SellingOff,
    SoldOut,
    UnknownEvent,
    UnknownTicketType,
)
from app.inventory import (
    Inventory,
    SellingGate,
    ServerTime,
    open_inventory,
)
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from payments import Money
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    event_now,
    everything,
    last_fact,
    opened,
    order_fact,
    placed,
    stock_of,
)

ADULT = TicketTypeId("adult")
OTHER_KEY = "key-1111111111111111"
FREE_OFF = SellingGate(free_off="selling.free", paid_off=None)
PAID_OFF = SellingGate(free_off=None, paid_off="selling.paid")


def a_theatre() -> EventConfiguration:
    """A seat takes a place; dinner takes a place and a meal."""
    seat = a_ticket_type("seat", pools=("places",))
    dinner = a_ticket_type("dinner", pools=("places", "meals"), price=2550)
    return an_event(pools={"places": 6, "meals": 2}, ticket_types=(seat, dinner))


# What is written


async def test_a_free_order_is_confirmed_at_once(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    wish = a_wish([("adult", 2)])

    outcome = await inventory.orders.place_order(wish)

    now_ms = clock.now_ms()
    order = Order(
        id=wish.address.order_id,
        event_id=CONCERT,
        customer_ref=wish.customer_ref,
        fingerprint=wish.fingerprint,
        status=OrderStatus.CONFIRMED,
        birth=Birth(OrderStatus.CONFIRMED, None),
        lines=(OrderLine(ADULT, 2, Money(0, "EUR"), "Adult"),),
        total=Money(0, "EUR"),
        created_at_ms=now_ms,
        expires_at_ms=None,
        confirmed_at_ms=now_ms,
        version=1,
        payment_id=None,
        settlement=Settlement.FREE,
        refunded=Money(0, "EUR"),
    )
    assert outcome == OrderPlaced(order, replayed=False)
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=0, sold=2)
    fact = order_fact(OrderConfirmed, 2, now_ms, order, previous=None)
    assert await last_fact(inventory) == fact


@pytest.mark.parametrize(
    ("price", "confirm"), [(0, False), (1050, True), (1050, False)], ids=["asked", "paid", "both"]
)
async def test_an_order_that_is_not_free_or_not_to_be_confirmed_is_held(
    price: int, confirm: bool, inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory, an_event(ticket_types=(a_ticket_type(price=price),)))

    order = await placed(inventory, a_wish([("adult", 2)], confirm=confirm))

    deadline_ms = clock.now_ms() + HOLD_MS
    assert (order.status, order.birth) == ("held", Birth(OrderStatus.HELD, deadline_ms))
    assert (order.expires_at_ms, order.confirmed_at_ms) == (deadline_ms, None)
    assert order.total == Money(2 * price, "EUR")
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=2, sold=0)
    fact = order_fact(OrderHeld, 2, clock.now_ms(), order, previous=None)
    assert await last_fact(inventory) == fact


async def test_lines_of_one_type_become_one_line_where_the_type_first_stood(
    inventory: Inventory,
) -> None:
    await opened(inventory, a_theatre())

    order = await placed(inventory, a_wish([("seat", 1), ("dinner", 1), ("seat", 2)]))

    assert order.lines == (
        OrderLine(TicketTypeId("seat"), 3, Money(0, "EUR"), "Seat"),
        OrderLine(TicketTypeId("dinner"), 1, Money(2550, "EUR"), "Dinner"),
    )
    assert order.total == Money(2550, "EUR")


async def test_a_type_takes_a_unit_of_each_of_its_pools(inventory: Inventory) -> None:
    await opened(inventory, a_theatre())

    await placed(inventory, a_wish([("seat", 1), ("dinner", 2)]))

    assert (await event_now(inventory)).stock == {
        "places": PoolStock(capacity=6, available=3, held=3, sold=0),
        "meals": PoolStock(capacity=2, available=0, held=2, sold=0),
    }


async def test_the_largest_order_there_can_be_is_totalled_to_the_cent(
    inventory: Inventory,
) -> None:
    dear = a_ticket_type(price=10**12, max_per_order=2_000, max_per_customer=2_000)
    await opened(inventory, an_event(pools={"floor": 2_000}, ticket_types=(dear,)))

    order = await placed(inventory, a_wish([("adult", 100)] * 20))

    assert order.total == Money(2_000 * 10**12, "EUR")
    assert (await stock_of(inventory)).held == 2_000


async def test_names_keep_their_blanks_and_their_alphabet(inventory: Inventory) -> None:
    named = replace(a_ticket_type(), name="  Patio de butacas №7 | ñandú 1 0 x ")
    await opened(inventory, an_event(ticket_types=(named,)))

    order = await placed(inventory, a_wish())

    assert [line.name for line in order.lines] == [named.name]


async def test_without_a_test_clock_the_time_is_that_of_the_server(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened(inventory)
    served = open_inventory(connection, ServerTime(timeout_seconds=5), partitions=PARTITIONS)

    before_ms = await _server_ms(connection)
    order = await placed(served, a_wish())

    assert before_ms <= order.created_at_ms <= await _server_ms(connection)


# In which order it is refused


async def test_the_first_thing_that_is_wrong_is_the_one_that_is_said(
    inventory: Inventory, clock: SettableClock
) -> None:
    start_ms = clock.now_ms() + 1_000
    adult = a_ticket_type(max_per_order=4, on_sale_from_ms=start_ms)
    event = an_event(pools={"floor": 2}, ticket_types=(adult,))
    too_many = [("adult", 5), ("ghost", 1)]
    outcomes = []

    async def ask(lines: list[tuple[str, int]], gate: SellingGate = PAID_OFF) -> None:
        outcomes.append(await inventory.orders.place_order(a_wish(lines, gate=gate)))

    await ask(too_many, FREE_OFF)
    await opened(inventory, event)
    await inventory.events.pause_event(CONCERT)
    await ask(too_many, FREE_OFF)
    await ask(too_many)
    await opened(inventory, event)
    await ask(too_many)
    clock.advance(1_000)
    await ask(too_many)
    await ask([("adult", 5)])
    await ask([("adult", 4)])
    await ask([("adult", 2)])
    sold = outcomes[-1]
    assert isinstance(sold, OrderPlaced)
    await inventory.events.close_event(CONCERT)
    await ask([("adult", 2)], FREE_OFF)
    await ask(too_many, FREE_OFF)

    assert outcomes == [
        UnknownEvent(),
        SellingOff("selling.free"),
        SaleClosed(ClosedReason.PAUSED),
        SaleClosed(ClosedReason.NOT_STARTED),
        UnknownTicketType(TicketTypeId("ghost")),
        LimitExceeded(LimitKind.MAX_PER_ORDER, ADULT, 4),
        SoldOut(ADULT, may_return=False),
        sold,
        OrderPlaced(sold.order, replayed=True),
        KeyReused(),
    ]


@pytest.mark.parametrize(("gate", "price"), [(FREE_OFF, 0), (PAID_OFF, 100)], ids=["free", "paid"])
async def test_a_toggle_stops_its_own_kind_of_sale_and_no_other(
    gate: SellingGate, price: int, inventory: Inventory
) -> None:
    types = (a_ticket_type(price=price), a_ticket_type("other", price=100 - price))
    await opened(inventory, an_event(ticket_types=types))

    stopped = await inventory.orders.place_order(a_wish(gate=gate))

    assert stopped == SellingOff(gate.free_off or gate.paid_off or "")
    assert (await placed(inventory, a_wish([("other", 1)], gate=gate))).status


async def test_a_closed_event_sells_nothing(inventory: Inventory) -> None:
    await opened(inventory)
    await inventory.events.close_event(CONCERT)

    assert await inventory.orders.place_order(a_wish()) == SaleClosed(ClosedReason.CLOSED)


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "reason"),
    [
        (1, None, ClosedReason.NOT_STARTED),
        (0, None, None),
        (-1, None, None),
        (None, 1, None),
        (None, 0, ClosedReason.ENDED),
        (None, -1, ClosedReason.ENDED),
        (0, 1, None),
    ],
)
async def test_sale_window_guard_sells_from_its_start_until_just_before_its_end(
    from_ms: int | None,
    until_ms: int | None,
    reason: ClosedReason | None,
    inventory: Inventory,
    clock: SettableClock,
) -> None:
    now_ms = clock.now_ms()
    adult = a_ticket_type(
        on_sale_from_ms=None if from_ms is None else now_ms + from_ms,
        on_sale_until_ms=None if until_ms is None else now_ms + until_ms,
    )
    await opened(inventory, an_event(ticket_types=(adult,)))

    outcome = await inventory.orders.place_order(a_wish())

    assert (outcome.reason if isinstance(outcome, SaleClosed) else None) == reason
    assert isinstance(outcome, SaleClosed | OrderPlaced)


async def test_the_window_of_every_line_counts(inventory: Inventory, clock: SettableClock) -> None:
    early = a_ticket_type("early", on_sale_until_ms=clock.now_ms())
    await opened(inventory, an_event(ticket_types=(a_ticket_type(), early)))

    outcome = await inventory.orders.place_order(a_wish([("adult", 1), ("early", 1)]))

    assert outcome == SaleClosed(ClosedReason.ENDED)


# Stock


async def test_stock_guard_sells_the_last_unit_once(inventory: Inventory) -> None:
    await opened(inventory, an_event(pools={"floor": 1}))

    first = await inventory.orders.place_order(a_wish())
    second = await inventory.orders.place_order(a_wish(key=OTHER_KEY))

    assert isinstance(first, OrderPlaced)
    assert second == SoldOut(ADULT, may_return=False)
    assert await stock_of(inventory) == PoolStock(capacity=1, available=0, held=0, sold=1)


@pytest.mark.parametrize(
    "lines",
    [[("seat", 1), ("dinner", 3)], [("seat", 5), ("dinner", 2)], [("dinner", 2), ("seat", 5)]],
    ids=["one-pool-is-short", "shared-pool-is-short", "shared-pool-is-short-turned-round"],
)
async def test_an_order_is_placed_whole_or_not_at_all(
    lines: list[tuple[str, int]], inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory, a_theatre())
    before = await everything(bytes_connection)

    outcome = await inventory.orders.place_order(a_wish(lines))

    assert outcome == SoldOut(TicketTypeId(lines[1][0]), may_return=False)
    assert await everything(bytes_connection) == before


async def test_sold_out_may_return_while_units_are_on_hold(inventory: Inventory) -> None:
    await opened(inventory, an_event(pools={"floor": 2}))
    await placed(inventory, a_wish([("adult", 2)], confirm=False))

    outcome = await inventory.orders.place_order(a_wish(key=OTHER_KEY))

    assert outcome == SoldOut(ADULT, may_return=True)


@pytest.mark.parametrize("is_overdue", [False, True])
async def test_sold_out_may_return_only_if_every_empty_pool_has_units_on_hold(
    is_overdue: bool, inventory: Inventory, clock: SettableClock
) -> None:
    """As `availability_of` tells it: held places do not help where the meals are sold."""
    takeaway = a_ticket_type("takeaway", pools=("meals",))
    theatre = a_theatre()
    await opened(inventory, replace(theatre, ticket_types=(*theatre.ticket_types, takeaway)))
    await placed(inventory, a_wish([("takeaway", 2)]))
    await placed(inventory, a_wish([("seat", 6)], confirm=False, key=OTHER_KEY))
    clock.advance(HOLD_MS if is_overdue else 0)

    outcome = await inventory.orders.place_order(a_wish([("dinner", 1)], email="bob@example.com"))

    assert outcome == SoldOut(TicketTypeId("dinner"), may_return=False)


async def _server_ms(connection: RedisConnection) -> int:
    time = await connection.call("TIME")
    assert isinstance(time, list)
    seconds, microseconds = (int(str(each)) for each in time)
    return seconds * 1_000 + microseconds // 1_000
