"""place_order: what is sold, to whom, and in which order a wish is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.domain.events import EventConfiguration, PoolStock
from app.domain.facts import OrderConfirmed, OrderHeld
from app.domain.ids import TicketTypeId
from app.domain.orders import Birth, Order, OrderLine, OrderStatus
from app.domain.outcomes import (
    ClosedReason,
    HoldsOverdue,
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
    PlaceOrder,
    ScriptLibrary,
    SellingGate,
    ServerTime,
    open_inventory,
)
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import Argument, RedisConnection
from payments import Money
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.inventory.conservation import facts_of
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    NEIGHBOUR,
    PARTITION,
    event_now,
    everything,
    last_fact,
    opened,
    order_fact,
    order_key,
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


# Limits


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([1], LimitExceeded(LimitKind.MIN_PER_ORDER, ADULT, 2)),
        ([2], None),
        ([1, 1], None),
        ([3], None),
        ([4], LimitExceeded(LimitKind.MAX_PER_ORDER, ADULT, 3)),
        ([2, 2], LimitExceeded(LimitKind.MAX_PER_ORDER, ADULT, 3)),
    ],
)
async def test_an_order_keeps_between_the_least_and_the_most_of_its_type(
    lines: list[int], refusal: LimitExceeded | None, inventory: Inventory
) -> None:
    adult = a_ticket_type(min_per_order=2, max_per_order=3)
    await opened(inventory, an_event(ticket_types=(adult,)))

    outcome = await inventory.orders.place_order(a_wish([("adult", each) for each in lines]))

    assert outcome == refusal or (refusal is None and isinstance(outcome, OrderPlaced))


async def test_customer_limit_guard_counts_over_all_orders_of_a_customer(
    inventory: Inventory,
) -> None:
    types = (a_ticket_type(max_per_customer=3), a_ticket_type("child", max_per_customer=3))
    await opened(inventory, an_event(ticket_types=types))
    await placed(inventory, a_wish([("adult", 1)]))
    await placed(inventory, a_wish([("adult", 1)], confirm=False, key=OTHER_KEY))

    third = "key-2222222222222222"
    outcome = await inventory.orders.place_order(a_wish([("adult", 2)], key=third))

    assert outcome == LimitExceeded(LimitKind.MAX_PER_CUSTOMER, ADULT, 3)
    await placed(inventory, a_wish([("adult", 1), ("child", 3)], key=third))
    await placed(inventory, a_wish([("adult", 3)], email="bob@example.com"))


async def _release(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.release_order(wish.address)


async def _expire(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.expire_orders(PARTITION, CONCERT, [wish.address.order_id])


async def _confirm(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.confirm_order(wish.address)


async def _confirm_and_cancel(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.confirm_order(wish.address)
    await inventory.orders.cancel_order(wish.address)


Finish = Callable[[Inventory, PlaceOrder], Awaitable[None]]


@pytest.mark.parametrize("finish", [_release, _expire, _confirm_and_cancel])
async def test_what_is_given_back_no_longer_counts_against_the_customer(
    finish: Finish, inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory, an_event(ticket_types=(a_ticket_type(max_per_customer=2),)))
    wish = a_wish([("adult", 2)], confirm=False)
    await placed(inventory, wish)
    clock.advance(HOLD_MS if finish is _expire else 0)

    await finish(inventory, wish)

    await placed(inventory, a_wish([("adult", 2)], key=OTHER_KEY))


# The same key again


@pytest.mark.parametrize("finish", [_release, _expire, _confirm, _confirm_and_cancel])
async def test_a_replay_answers_what_was_answered_at_birth_whatever_came_later(
    finish: Finish, inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory)
    wish = a_wish(confirm=False)
    born = await placed(inventory, wish)
    clock.advance(HOLD_MS if finish is _expire else 1_000)
    await finish(inventory, wish)

    outcome = await inventory.orders.place_order(wish)

    assert outcome == OrderPlaced(born, replayed=True)


async def test_a_replay_sells_nothing(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    born = await placed(inventory, a_wish())
    before = await everything(bytes_connection)

    outcome = await inventory.orders.place_order(a_wish())

    assert outcome == OrderPlaced(born, replayed=True)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize(
    "other",
    [a_wish([("adult", 2)]), a_wish([("adult", 1), ("child", 1)]), a_wish(confirm=False)],
    ids=["quantity", "type", "confirm"],
)
async def test_fingerprint_guard_refuses_a_key_that_stands_for_another_wish(
    other: PlaceOrder, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory, an_event(ticket_types=(a_ticket_type(), a_ticket_type("child"))))
    await placed(inventory, a_wish())
    before = await everything(bytes_connection)

    assert await inventory.orders.place_order(other) == KeyReused()
    assert await everything(bytes_connection) == before


async def test_the_same_key_of_another_customer_is_another_order(inventory: Inventory) -> None:
    await opened(inventory)

    ana = await placed(inventory, a_wish())
    bob = await placed(inventory, a_wish(email="bob@example.com"))

    assert ana.id != bob.id
    assert (await stock_of(inventory)).sold == 2


async def test_a_refusal_is_not_remembered(inventory: Inventory) -> None:
    await opened(inventory, an_event(pools={"floor": 1}))
    await placed(inventory, a_wish(key=OTHER_KEY))
    assert await inventory.orders.place_order(a_wish()) == SoldOut(ADULT, may_return=False)
    await inventory.orders.cancel_order(a_wish(key=OTHER_KEY).address)

    await placed(inventory, a_wish())


# Overdue holds


async def test_stock_on_a_hold_is_overdue_from_its_deadline_on(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory, an_event(pools={"floor": 1}))
    await placed(inventory, a_wish(confirm=False))
    wish = a_wish(email="bob@example.com")

    clock.advance(HOLD_MS - 1)
    assert await inventory.orders.place_order(wish) == SoldOut(ADULT, may_return=True)
    clock.advance(1)
    before = await everything(bytes_connection)
    assert await inventory.orders.place_order(wish) == HoldsOverdue()
    assert await everything(bytes_connection) == before


async def test_a_limit_used_up_by_a_hold_is_overdue_from_its_deadline_on(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory, an_event(ticket_types=(a_ticket_type(max_per_customer=1),)))
    await placed(inventory, a_wish(confirm=False))
    wish = a_wish(key=OTHER_KEY)

    clock.advance(HOLD_MS - 1)
    refused = LimitExceeded(LimitKind.MAX_PER_CUSTOMER, ADULT, 1)
    assert await inventory.orders.place_order(wish) == refused
    clock.advance(1)
    before = await everything(bytes_connection)
    assert await inventory.orders.place_order(wish) == HoldsOverdue()
    assert await everything(bytes_connection) == before


async def test_an_overdue_hold_stops_nobody_whom_stock_and_limits_let_through(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory, an_event(pools={"floor": 2}))
    await placed(inventory, a_wish(confirm=False))
    clock.advance(HOLD_MS)

    await placed(inventory, a_wish(key=OTHER_KEY))


async def test_overdue_is_not_said_of_what_no_expiry_can_help(
    inventory: Inventory, clock: SettableClock
) -> None:
    limited = a_ticket_type(max_per_order=3, max_per_customer=2)
    roof = a_ticket_type("roof", pools=("roof",))
    await opened(inventory, an_event(pools={"floor": 9, "roof": 0}, ticket_types=(limited, roof)))
    await placed(inventory, a_wish(confirm=False))
    clock.advance(HOLD_MS)
    bob = "bob@example.com"

    outcomes = [
        await inventory.orders.place_order(a_wish(lines, email=bob))
        for lines in ([("roof", 1)], [("adult", 4)], [("adult", 3)])
    ]

    assert outcomes == [
        SoldOut(TicketTypeId("roof"), may_return=False),
        LimitExceeded(LimitKind.MAX_PER_ORDER, ADULT, 3),
        LimitExceeded(LimitKind.MAX_PER_CUSTOMER, ADULT, 2),
    ]


async def test_an_overdue_hold_of_another_event_says_nothing_about_this_one(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened(inventory, an_event(NEIGHBOUR, pools={"floor": 1}))
    await placed(inventory, a_wish(event_id=NEIGHBOUR, confirm=False))
    clock.advance(HOLD_MS)
    await opened(inventory, an_event(pools={"floor": 1}))
    await placed(inventory, a_wish(confirm=False))

    outcome = await inventory.orders.place_order(a_wish(key=OTHER_KEY))

    assert outcome == SoldOut(ADULT, may_return=True)


# What no caller of ours sends

NONSENSE = ["0", "101", "1000", "-1", "+3", "1.0", "1e3", "0x10", "nan", "inf", "", " 5", "5 "]
NONSENSE += ["1\n", "1\0", "٣", "9007199254740993", "000"]


@pytest.mark.parametrize("quantity", NONSENSE)
async def test_nonsense_for_a_quantity_is_malformed_and_changes_nothing(
    quantity: str,
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await _assert_malformed(["adult", "1", "adult", quantity], inventory, scripts, bytes_connection)


@pytest.mark.parametrize(
    "lines", [["adult"], ["adult", "1", "adult"], ["adult", "1"] * 21], ids=["1", "3", "42"]
)
async def test_too_many_lines_and_half_a_line_are_malformed(
    lines: list[str],
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await _assert_malformed(lines, inventory, scripts, bytes_connection)


async def test_a_malformed_wish_is_a_fault_of_our_own(inventory: Inventory) -> None:
    await opened(inventory)

    with pytest.raises(ContractError, match="place_order answers MALFORMED"):
        await inventory.orders.place_order(a_wish([("adult", 0)]))


async def _assert_malformed(
    lines: list[str],
    inventory: Inventory,
    scripts: ScriptLibrary,
    bytes_connection: RedisConnection,
) -> None:
    await opened(inventory)
    before = await everything(bytes_connection)
    wish, keys = a_wish(), keys_of_event(CONCERT, PARTITIONS)
    arguments: list[Argument] = [wish.address.order_id, CONCERT, wish.customer_ref, "any", "hold"]

    reply = await scripts.write(
        "place_order",
        [
            *(keys.partition.head, keys.partition.outbox, keys.event, keys.customers),
            *(keys.due_orders, keys.partition.due_events, order_key(wish.address.order_id)),
        ],
        [*arguments, "", "", "", *lines],
    )

    assert reply.word == "MALFORMED"
    assert await everything(bytes_connection) == before
    assert len(await facts_of(inventory, CONCERT)) == 1


async def _server_ms(connection: RedisConnection) -> int:
    time = await connection.call("TIME")
    assert isinstance(time, list)
    seconds, microseconds = (int(str(each)) for each in time)
    return seconds * 1_000 + microseconds // 1_000
