"""confirm_payment: the money is there; the hold becomes a sale, once."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderConfirmed
from app.domain.ids import PaymentId
from app.domain.orders import OrderStatus, Settlement
from app.domain.outcomes import OrderGone, OrderIs, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection
from tests.builders import a_wish
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
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
    pinned,
    placed,
    stock_of,
)

ADDRESS = PAID_WISH.address
HACK, PAID = Settlement.HACK, Settlement.PAID


@pytest.mark.parametrize("settlement", [PAID, HACK])
@pytest.mark.parametrize("is_pinned", [False, True])
async def test_a_paying_order_is_sold_whatever_the_time(
    is_pinned: bool, settlement: Settlement, inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    paying = await (pinned if is_pinned else begun)(inventory)
    clock.advance(5 * HOLD_MS)

    outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, settlement)

    confirmed = replace(
        paying,
        status=OrderStatus.CONFIRMED,
        expires_at_ms=None,
        confirmed_at_ms=clock.now_ms(),
        version=3,
        settlement=settlement,
    )
    assert outcome == OrderIs(confirmed)
    fact = order_fact(OrderConfirmed, 4, clock.now_ms(), confirmed, OrderStatus.PAYING)
    assert await last_fact(inventory) == fact
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=0, sold=2)
    assert await inventory.payments.read_paying(PARTITION) == {}


async def test_what_it_has_confirmed_stays_as_it_is(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    before = await everything(bytes_connection)
    clock.advance(HOLD_MS)

    for settlement in (PAID, HACK):
        outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, settlement)
        assert outcome == OrderIs(confirmed)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("settlement", [PAID, HACK])
@pytest.mark.parametrize("is_confirmed", [False, True])
async def test_another_payment_confirms_nothing(
    is_confirmed: bool,
    settlement: Settlement,
    inventory: Inventory,
    bytes_connection: RedisConnection,
) -> None:
    await opened_at_a_price(inventory)
    order = await (paid if is_confirmed else begun)(inventory)
    before = await everything(bytes_connection)

    outcome = await inventory.payments.confirm_payment(ADDRESS, OTHER_PAYMENT, settlement)

    assert outcome == OrderGone(order)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("state", ["held", "failed", "released", "cancelled", "expired"])
async def test_money_for_what_is_not_being_paid_confirms_nothing(
    state: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)
    if state == "released":
        await inventory.orders.release_order(ADDRESS)
    elif state == "failed":
        await begun(inventory)
        await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    elif state == "cancelled":
        await paid(inventory)
        await inventory.orders.cancel_order(ADDRESS)
    elif state == "expired":
        await begun(inventory)
        await inventory.payments.expire_payment(ADDRESS, PAYMENT)
    order = await inventory.orders.read_order(ADDRESS)
    assert order is not None
    before = await everything(bytes_connection)

    outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, PAID)

    assert outcome == OrderGone(order)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("is_overdue", [False, True])
async def test_by_hack_a_hold_is_settled_directly_as_long_as_its_units_are_there(
    is_overdue: bool, inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    held = await placed(inventory, PAID_WISH)
    clock.advance(HOLD_MS if is_overdue else 0)

    outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, HACK)

    confirmed = replace(
        held,
        status=OrderStatus.CONFIRMED,
        expires_at_ms=None,
        confirmed_at_ms=clock.now_ms(),
        version=2,
        payment_id=PAYMENT,
        settlement=HACK,
    )
    assert outcome == OrderIs(confirmed)
    fact = order_fact(OrderConfirmed, 3, clock.now_ms(), confirmed, OrderStatus.HELD)
    assert await last_fact(inventory) == fact
    assert await inventory.orders.overdue_events(PARTITION) == []


async def test_by_hack_too_a_swept_hold_is_gone(
    inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    held = await placed(inventory, PAID_WISH)
    clock.advance(HOLD_MS)
    await inventory.orders.expire_orders(PARTITION, CONCERT, [ADDRESS.order_id])
    before = await everything(bytes_connection)

    outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, HACK)

    assert outcome == OrderGone(replace(held, status=OrderStatus.EXPIRED, version=2))
    assert await everything(bytes_connection) == before


async def test_what_costs_nothing_is_not_settled_by_a_payment(inventory: Inventory) -> None:
    await opened(inventory)
    wish = a_wish([("adult", 2)], confirm=False)
    held = await placed(inventory, wish)

    outcome = await inventory.payments.confirm_payment(wish.address, PAYMENT, HACK)

    assert outcome == OrderGone(held)


async def test_a_paying_order_of_a_closed_event_is_sold(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)
    await begun(inventory)
    await inventory.events.close_event(CONCERT)

    outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, PAID)

    assert isinstance(outcome, OrderIs)


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    outcome = await inventory.payments.confirm_payment(ADDRESS, PAYMENT, PAID)

    assert outcome == UnknownOrder()


@pytest.mark.parametrize(
    ("payment_id", "settlement"), [(PaymentId(""), HACK), (PAYMENT, Settlement.FREE)]
)
async def test_a_payment_that_settles_for_free_is_a_fault_of_our_own(
    payment_id: PaymentId, settlement: Settlement, inventory: Inventory
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)

    with pytest.raises(ContractError, match="MALFORMED"):
        await inventory.payments.confirm_payment(ADDRESS, payment_id, settlement)
