"""place_order by somebody who has ordered before, or while holds outlive their time."""

from collections.abc import Awaitable, Callable

import pytest

from app.domain.ids import TicketTypeId
from app.domain.outcomes import (
    HoldsOverdue,
    KeyReused,
    LimitExceeded,
    LimitKind,
    OrderPlaced,
    SoldOut,
)
from app.inventory import (
    Inventory,
    PlaceOrder,
)
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_ticket_type, a_wish, an_event
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    NEIGHBOUR,
    PARTITION,
    everything,
    opened,
    placed,
    stock_of,
)

ADULT = TicketTypeId("adult")
OTHER_KEY = "key-1111111111111111"


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
