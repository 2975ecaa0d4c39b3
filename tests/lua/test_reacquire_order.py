"""reacquire_order: money came too late; the order has its units again, if they are there."""

from dataclasses import replace

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderConfirmed
from app.domain.ids import PaymentId, TicketTypeId
from app.domain.orders import Order, OrderStatus, Settlement
from app.domain.outcomes import (
    ClosedReason,
    HoldsOverdue,
    LimitExceeded,
    LimitKind,
    OrderGone,
    OrderIs,
    ReacquireOutcome,
    SaleClosed,
    SoldOut,
    UnknownOrder,
)
from app.inventory import Inventory
from app.inventory.keys import keys_of_event
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection
from payments import Money
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.lua.acts import (
    CONCERT,
    HOLD_MS,
    OTHER_PAYMENT,
    PAID_WISH,
    PARTITION,
    PAYMENT,
    PRICE,
    begun,
    event_now,
    everything,
    last_fact,
    opened,
    opened_at_a_price,
    order_fact,
    paid,
    placed,
    stock_of,
)

ADDRESS, ADULT = PAID_WISH.address, TicketTypeId("adult")


async def reacquire(
    inventory: Inventory, payment_id: PaymentId = PAYMENT, settlement: Settlement = Settlement.PAID
) -> ReacquireOutcome:
    return await inventory.payments.reacquire_order(ADDRESS, payment_id, settlement)


async def expired(inventory: Inventory) -> Order:
    await begun(inventory)
    outcome = await inventory.payments.expire_payment(ADDRESS, PAYMENT)
    assert isinstance(outcome, OrderIs)
    return outcome.order


async def lower_the_limit(inventory: Inventory, most: int) -> None:
    before = await event_now(inventory)
    (adult,) = before.configuration.ticket_types
    adult = replace(adult, max_per_customer=most, max_per_order=most, price=Money(9_999, "EUR"))
    after = replace(before.configuration, ticket_types=(adult,))
    await inventory.events.change_event(before, after)


@pytest.mark.parametrize("settlement", [Settlement.PAID, Settlement.HACK])
async def test_an_expired_order_is_sold_after_all(
    settlement: Settlement, inventory: Inventory, clock: SettableClock, connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    gone = await expired(inventory)
    clock.advance(24 * HOLD_MS)

    outcome = await reacquire(inventory, OTHER_PAYMENT, settlement)

    confirmed = replace(
        gone,
        status=OrderStatus.CONFIRMED,
        expires_at_ms=None,
        confirmed_at_ms=clock.now_ms(),
        version=4,
        payment_id=OTHER_PAYMENT,
        settlement=settlement,
    )
    assert outcome == OrderIs(confirmed)
    fact = order_fact(OrderConfirmed, 5, clock.now_ms(), confirmed, OrderStatus.EXPIRED)
    assert await last_fact(inventory) == fact
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=0, sold=2)
    customers = {(PAID_WISH.customer_ref, ADULT): 2}
    assert await inventory.events.read_customers(CONCERT) == customers
    assert await connection.call("HGETALL", keys_of_event(CONCERT, PARTITIONS).holders) == []


async def test_a_released_order_is_sold_after_all(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)
    await inventory.orders.release_order(ADDRESS)

    outcome = await reacquire(inventory)

    assert isinstance(outcome, OrderIs)
    assert outcome.order.status is OrderStatus.CONFIRMED


async def test_it_takes_its_units_once(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await expired(inventory)
    first = await reacquire(inventory)
    assert isinstance(first, OrderIs)
    before = await everything(bytes_connection)

    assert await reacquire(inventory) == first
    assert await reacquire(inventory, OTHER_PAYMENT) == OrderGone(first.order)
    assert await everything(bytes_connection) == before


async def test_window_and_price_are_those_of_the_order(
    inventory: Inventory, clock: SettableClock
) -> None:
    now_ms = clock.now_ms()
    adult = a_ticket_type(price=PRICE, on_sale_from_ms=now_ms, on_sale_until_ms=now_ms + HOLD_MS)
    await opened(inventory, an_event(ticket_types=(adult,)))
    await expired(inventory)
    await lower_the_limit(inventory, 2)
    clock.advance(2 * HOLD_MS)
    await inventory.events.pause_event(CONCERT)

    outcome = await reacquire(inventory)

    assert isinstance(outcome, OrderIs)
    assert outcome.order.total == Money(2 * PRICE, "EUR")


async def test_a_closed_event_gives_nothing(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await expired(inventory)
    await inventory.events.close_event(CONCERT)
    before = await everything(bytes_connection)

    assert await reacquire(inventory) == SaleClosed(ClosedReason.CLOSED)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("is_held", [False, True])
async def test_units_that_somebody_else_has_by_now_are_not_given(
    is_held: bool, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory, floor=2)
    await expired(inventory)
    other = a_wish([("adult", 1)], email="bob@example.com")
    await (begun if is_held else paid)(inventory, other)
    before = await everything(bytes_connection)

    assert await reacquire(inventory) == SoldOut(ADULT, may_return=is_held)
    assert await everything(bytes_connection) == before


async def test_the_limit_of_the_customer_is_that_of_now(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await expired(inventory)
    await lower_the_limit(inventory, 1)
    before = await everything(bytes_connection)

    assert await reacquire(inventory) == LimitExceeded(LimitKind.MAX_PER_CUSTOMER, ADULT, 1)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("cause", ["its own", "stock", "limit"])
async def test_nothing_is_decided_while_an_overdue_hold_stands_in_the_way(
    cause: str, inventory: Inventory, clock: SettableClock, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory, floor=3)
    if cause == "its own":
        await placed(inventory, PAID_WISH)
    else:
        await expired(inventory)
        email = "bob@example.com" if cause == "stock" else "ana@example.com"
        await placed(inventory, a_wish([("adult", 2)], email=email, key="key-1111111111111111"))
        await lower_the_limit(inventory, 3)
    clock.advance(HOLD_MS)
    before = await everything(bytes_connection)

    assert await reacquire(inventory) == HoldsOverdue()
    assert await everything(bytes_connection) == before

    overdue = await inventory.orders.overdue_orders(PARTITION, CONCERT)
    await inventory.orders.expire_orders(PARTITION, CONCERT, overdue)
    assert isinstance(await reacquire(inventory), OrderIs)


@pytest.mark.parametrize("state", ["held", "paying", "cancelled"])
async def test_what_has_not_ended_or_was_cancelled_is_not_reacquired(
    state: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)
    if state == "paying":
        await begun(inventory)
    elif state == "cancelled":
        await paid(inventory)
        await inventory.orders.cancel_order(ADDRESS)
    order = await inventory.orders.read_order(ADDRESS)
    assert order is not None
    before = await everything(bytes_connection)

    assert await reacquire(inventory) == OrderGone(order)
    assert await everything(bytes_connection) == before


async def test_what_costs_nothing_is_not_reacquired(inventory: Inventory) -> None:
    await opened(inventory)
    wish = a_wish([("adult", 2)], confirm=False)
    await placed(inventory, wish)
    await inventory.orders.release_order(wish.address)

    outcome = await inventory.payments.reacquire_order(wish.address, PAYMENT, Settlement.PAID)

    assert isinstance(outcome, OrderGone)


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await reacquire(inventory) == UnknownOrder()


@pytest.mark.parametrize(
    ("payment_id", "settlement"),
    [(PaymentId("pay_"), Settlement.PAID), (PAYMENT, Settlement.FREE)],
)
async def test_a_payment_that_settles_for_free_is_a_fault_of_our_own(
    payment_id: PaymentId, settlement: Settlement, inventory: Inventory
) -> None:
    await opened_at_a_price(inventory)
    await expired(inventory)

    with pytest.raises(ContractError, match="MALFORMED"):
        await reacquire(inventory, payment_id, settlement)
