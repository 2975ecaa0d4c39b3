"""begin_payment: a hold is being paid, by one payment at a time."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderPaymentBegan
from app.domain.ids import PaymentId
from app.domain.orders import OrderStatus
from app.domain.outcomes import (
    HoldExpired,
    OrderIs,
    OrderTransitionRefused,
    PaymentOpen,
    UnknownOrder,
)
from app.inventory import Inventory
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_wish
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    LOOK_UP_MS,
    OTHER_PAYMENT,
    PAID_WISH,
    PARTITION,
    PAYMENT,
    begun,
    everything,
    last_fact,
    opened,
    opened_at_a_price,
    order_fact,
    paid,
    placed,
    stock_of,
)

ADDRESS = PAID_WISH.address


async def begin(inventory: Inventory, payment_id: PaymentId = PAYMENT) -> object:
    return await inventory.payments.begin_payment(ADDRESS, payment_id, look_up_at_ms=1)


async def test_a_hold_waits_for_its_payment_instead_of_its_deadline(
    inventory: Inventory, clock: SettableClock, connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    held = await placed(inventory, PAID_WISH)
    clock.advance(HOLD_MS - 1)

    paying = await begun(inventory)

    assert paying == replace(held, status=OrderStatus.PAYING, version=2, payment_id=PAYMENT)
    fact = order_fact(OrderPaymentBegan, 3, clock.now_ms(), paying, OrderStatus.HELD)
    assert await last_fact(inventory) == fact
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=2, sold=0)
    look_up_at_ms = clock.now_ms() + LOOK_UP_MS
    assert await inventory.payments.read_paying(PARTITION) == {ADDRESS.order_id: look_up_at_ms}
    clock.advance(HOLD_MS)
    assert await inventory.orders.overdue_events(PARTITION) == []
    assert await inventory.orders.expire_orders(PARTITION, CONCERT, [ADDRESS.order_id]) == 0
    holders = await connection.call("HGETALL", keys_of_event(CONCERT, PARTITIONS).holders)
    assert holders == [f"customer|{PAID_WISH.customer_ref}", "1"]


async def test_the_same_payment_begins_once(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    paying = await begun(inventory)
    before = await everything(bytes_connection)
    clock.advance(2 * HOLD_MS)

    assert await begin(inventory) == OrderIs(paying)
    assert await everything(bytes_connection) == before


async def test_what_the_payment_has_settled_answers_it_too(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    before = await everything(bytes_connection)

    assert await begin(inventory) == OrderIs(confirmed)
    assert await begin(inventory, OTHER_PAYMENT) == OrderTransitionRefused(confirmed)
    assert await everything(bytes_connection) == before


async def test_a_second_payment_waits_until_the_first_has_ended(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory)
    before = await everything(bytes_connection)

    assert await begin(inventory, OTHER_PAYMENT) == PaymentOpen()
    assert await everything(bytes_connection) == before

    await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    assert (await begun(inventory, payment_id=OTHER_PAYMENT)).payment_id == OTHER_PAYMENT


@pytest.mark.parametrize("is_swept", [False, True])
async def test_a_hold_whose_deadline_has_come_is_expired(
    is_swept: bool, inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)
    clock.advance(HOLD_MS)
    if is_swept:
        await inventory.orders.expire_orders(PARTITION, CONCERT, [ADDRESS.order_id])
    before = await everything(bytes_connection)

    assert await begin(inventory) == HoldExpired()
    assert await everything(bytes_connection) == before


async def test_what_costs_nothing_is_never_paid(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened(inventory)
    wish = a_wish([("adult", 2)], confirm=False)
    held = await placed(inventory, wish)
    before = await everything(bytes_connection)

    outcome = await inventory.payments.begin_payment(wish.address, PAYMENT, look_up_at_ms=1)

    assert outcome == OrderTransitionRefused(held)
    assert await everything(bytes_connection) == before


async def test_a_released_order_is_refused(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)
    held = await placed(inventory, PAID_WISH)
    await inventory.orders.release_order(ADDRESS)

    released = replace(held, status=OrderStatus.RELEASED, version=2)
    assert await begin(inventory) == OrderTransitionRefused(released)


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await begin(inventory) == UnknownOrder()


@pytest.mark.parametrize("text", ["", "pay_", "pay_" + "A" * 26, "pay_" + "a" * 27, "a" * 30])
async def test_a_payment_that_nobody_of_ours_made_is_a_fault_of_our_own(
    text: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)
    before = await everything(bytes_connection)

    with pytest.raises(ContractError, match="MALFORMED"):
        await begin(inventory, PaymentId(text))
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("at_ms", [-1, 10**15])
async def test_a_look_up_that_never_comes_is_a_fault_of_our_own(
    at_ms: int, inventory: Inventory
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)

    with pytest.raises(ContractError, match="MALFORMED"):
        await inventory.payments.begin_payment(ADDRESS, PAYMENT, look_up_at_ms=at_ms)
