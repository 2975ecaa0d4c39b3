"""place_order: how many holds a customer, or an address, may have of one event at a time."""

from collections.abc import Awaitable, Callable

import pytest

from app.domain.outcomes import HoldsOverdue, LimitExceeded, LimitKind, OrderPlaced, PlaceOutcome
from app.inventory import HoldCaps, Inventory, PlaceOrder
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.inventory.conservation import facts_of
from tests.lua.acts import CONCERT, HOLD_MS, NEIGHBOUR, PARTITION, everything, opened, placed

OFFICE = "office-behind-one-address"
CAPS = HoldCaps(per_customer=2, per_address=3)
PER_CUSTOMER = LimitExceeded(LimitKind.LIVE_HOLDS_PER_CUSTOMER, None, 2)
PER_ADDRESS = LimitExceeded(LimitKind.LIVE_HOLDS_PER_ADDRESS, None, 3)
HOLDERS = keys_of_event(CONCERT, PARTITIONS).holders


def a_hold(
    number: int, *, buyer: str = "ana", address: str | None = OFFICE, caps: HoldCaps = CAPS
) -> PlaceOrder:
    return a_wish(
        confirm=False,
        email=f"{buyer}@example.com",
        key=f"key-{number:016d}",
        address=address,
        caps=caps,
    )


async def ask(inventory: Inventory, wish: PlaceOrder) -> PlaceOutcome:
    return await inventory.orders.place_order(wish)


async def test_a_customer_has_as_many_live_holds_as_the_cap_and_not_one_more(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    for number in range(2):
        await placed(inventory, a_hold(number))
    before = await everything(bytes_connection)

    assert await ask(inventory, a_hold(2)) == PER_CUSTOMER
    assert await everything(bytes_connection) == before
    assert isinstance(await ask(inventory, a_hold(2, buyer="bob")), OrderPlaced)


async def test_an_address_has_as_many_live_holds_as_the_cap_whoever_asks_from_there(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    for number, buyer in enumerate(("ana", "bob", "eve")):
        await placed(inventory, a_hold(number, buyer=buyer))
    before = await everything(bytes_connection)

    assert await ask(inventory, a_hold(3, buyer="gus")) == PER_ADDRESS
    assert await everything(bytes_connection) == before
    elsewhere = a_hold(3, buyer="gus", address="elsewhere")
    assert isinstance(await ask(inventory, elsewhere), OrderPlaced)


async def test_zero_is_no_cap_and_an_unknown_address_is_not_counted(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened(inventory)
    for number in range(5):
        await placed(inventory, a_hold(number, caps=HoldCaps(0, 0)))
    for number in range(5, 9):
        await placed(inventory, a_hold(number, address=None, caps=HoldCaps(0, 3)))

    counted = await connection.call("HGETALL", HOLDERS)
    assert counted == [f"customer|{a_hold(0).customer_ref}", "9", f"address|{OFFICE}", "5"]


async def test_what_is_confirmed_at_once_is_no_hold(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened(inventory)
    for number in range(2):
        await placed(inventory, a_hold(number))

    bought = a_wish(key="key-of-a-purchase-1", address=OFFICE, caps=CAPS)
    assert isinstance(await ask(inventory, bought), OrderPlaced)
    assert await connection.call("HGET", HOLDERS, f"address|{OFFICE}") == "2"


async def test_what_must_be_paid_is_a_hold_whatever_the_buyer_asks(inventory: Inventory) -> None:
    await opened(inventory, an_event(ticket_types=(a_ticket_type(price=100),)))
    for number in range(2):
        await placed(inventory, a_wish(key=f"key-{number:016d}", caps=CAPS))

    assert await ask(inventory, a_wish(key="key-of-a-purchase-1", caps=CAPS)) == PER_CUSTOMER


async def test_a_replay_is_answered_whatever_the_caps_say(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    held = await placed(inventory, a_hold(0))
    before = await everything(bytes_connection)

    again = await ask(inventory, a_hold(0, address="elsewhere", caps=HoldCaps(1, 1)))

    assert again == OrderPlaced(held, replayed=True)
    assert await everything(bytes_connection) == before


async def _confirm(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.confirm_order(wish.address)


async def _release(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.release_order(wish.address)


async def _cancel(inventory: Inventory, wish: PlaceOrder) -> None:
    await inventory.orders.confirm_order(wish.address)
    await inventory.orders.cancel_order(wish.address)


@pytest.mark.parametrize("end", [_confirm, _release, _cancel])
async def test_a_hold_that_ends_is_given_back_once_however_often_it_is_ended(
    end: Callable[[Inventory, PlaceOrder], Awaitable[None]],
    inventory: Inventory,
    connection: RedisConnection,
) -> None:
    await opened(inventory)
    first, second = a_hold(0), a_hold(1)
    for wish in (first, second):
        await placed(inventory, wish)

    for _ in range(3):
        await end(inventory, first)

    counted = await connection.call("HVALS", HOLDERS)
    assert counted == ["1", "1"]
    assert isinstance(await ask(inventory, a_hold(2)), OrderPlaced)
    assert await ask(inventory, a_hold(3)) == PER_CUSTOMER


@pytest.mark.parametrize("buyer", ["ana", "bob"], ids=["customer", "address"])
async def test_while_a_hold_is_overdue_nothing_is_decided_and_afterwards_it_is_sold(
    buyer: str, inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    caps = HoldCaps(per_customer=1, per_address=1)
    first = await placed(inventory, a_hold(0))
    clock.advance(HOLD_MS)
    before = await everything(bytes_connection)

    assert await ask(inventory, a_hold(1, buyer=buyer, caps=caps)) == HoldsOverdue()
    assert await everything(bytes_connection) == before
    assert await inventory.orders.expire_orders(PARTITION, CONCERT, [first.id] * 2) == 1
    assert isinstance(await ask(inventory, a_hold(1, buyer=buyer, caps=caps)), OrderPlaced)


async def test_holds_of_another_event_do_not_count(inventory: Inventory) -> None:
    await opened(inventory)
    await opened(inventory, an_event(NEIGHBOUR))
    for number in range(2):
        await placed(inventory, a_hold(number))

    there = a_wish(confirm=False, event_id=NEIGHBOUR, address=OFFICE, caps=CAPS)
    assert isinstance(await ask(inventory, there), OrderPlaced)


async def test_limits_of_a_ticket_type_are_told_before_caps_and_caps_before_stock(
    inventory: Inventory,
) -> None:
    few = a_ticket_type(max_per_order=3, max_per_customer=9)
    await opened(inventory, an_event(pools={"floor": 2}, ticket_types=(few,)))
    for number in range(2):
        await placed(inventory, a_hold(number))

    beyond = a_wish([("adult", 4)], confirm=False, key="key-of-too-many-tickets", caps=CAPS)
    assert await ask(inventory, beyond) == LimitExceeded(
        LimitKind.MAX_PER_ORDER, few.id, few.max_per_order
    )
    assert await ask(inventory, a_hold(2)) == PER_CUSTOMER


async def test_a_hold_that_was_never_counted_leaves_no_credit(
    inventory: Inventory, connection: RedisConnection
) -> None:
    """One that was restored, say."""
    await opened(inventory)
    wish = a_hold(0)
    await placed(inventory, wish)
    await connection.call("DEL", HOLDERS)

    await _release(inventory, wish)

    assert await connection.call("EXISTS", HOLDERS) == 0


async def test_where_a_buyer_sits_is_known_while_the_hold_lives_and_told_to_nobody(
    inventory: Inventory, connection: RedisConnection
) -> None:
    await opened(inventory)
    wish = a_hold(0)
    await placed(inventory, wish)
    key = keys_of_event(CONCERT, PARTITIONS).partition.order(wish.address.order_id)
    assert await connection.call("HGET", key, "address_ref") == OFFICE

    await _confirm(inventory, wish)

    assert await connection.call("HGET", key, "address_ref") is None
    outbox = await connection.call(
        "XRANGE", keys_of_event(CONCERT, PARTITIONS).partition.outbox, "-", "+"
    )
    assert len(await facts_of(inventory, CONCERT)) == 3
    assert OFFICE not in str(outbox)
