"""refund_order: money went back; with the last of it the order is cancelled."""

from dataclasses import replace
from typing import cast

import pytest

from app.domain.events import PoolStock
from app.domain.facts import OrderRefunded
from app.domain.ids import PaymentId
from app.domain.orders import OrderStatus
from app.domain.outcomes import OrderIs, OrderTransitionRefused, RefundOutcome, UnknownOrder
from app.inventory import Inventory
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection
from payments import Money
from tests.builders import a_wish
from tests.inventory.conservation import facts_of
from tests.lua.acts import (
    CONCERT,
    OTHER_PAYMENT,
    PAID_WISH,
    PAYMENT,
    PRICE,
    begun,
    everything,
    last_fact,
    opened,
    opened_at_a_price,
    paid,
    placed,
    stem,
    stock_of,
)

ADDRESS, TOTAL = PAID_WISH.address, 2 * PRICE


async def refund(
    inventory: Inventory, refunded_minor: int, payment_id: PaymentId = PAYMENT
) -> RefundOutcome:
    return await inventory.payments.refund_order(ADDRESS, payment_id, refunded_minor=refunded_minor)


async def test_a_part_keeps_the_order_and_its_units(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    clock.advance(1_000)

    outcome = await refund(inventory, 300)

    after = replace(confirmed, refunded=Money(300, "EUR"), version=4)
    assert outcome == OrderIs(after)
    assert await last_fact(inventory) == OrderRefunded(
        **stem(5, clock.now_ms(), 4),
        order=after,
        previous=OrderStatus.CONFIRMED,
        amount=Money(300, "EUR"),
    )
    assert await stock_of(inventory) == PoolStock(capacity=100, available=98, held=0, sold=2)


async def test_with_the_last_part_units_and_limit_come_back(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    await refund(inventory, 300)

    outcome = await refund(inventory, TOTAL)

    after = replace(
        confirmed, status=OrderStatus.CANCELLED, refunded=Money(TOTAL, "EUR"), version=5
    )
    assert outcome == OrderIs(after)
    assert await last_fact(inventory) == OrderRefunded(
        **stem(6, clock.now_ms(), 5),
        order=after,
        previous=OrderStatus.CONFIRMED,
        amount=Money(TOTAL - 300, "EUR"),
    )
    assert await stock_of(inventory) == PoolStock(capacity=100, available=100, held=0, sold=0)
    assert await inventory.events.read_customers(CONCERT) == {}


@pytest.mark.parametrize("refunded_minor", [0, 299, 300])
async def test_what_is_known_already_is_not_told_again(
    refunded_minor: int, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await paid(inventory)
    known = await refund(inventory, 300)
    before = await everything(bytes_connection)

    assert await refund(inventory, refunded_minor) == known
    assert await everything(bytes_connection) == before


async def test_in_whatever_order_amounts_are_told_they_are_counted_once(
    inventory: Inventory,
) -> None:
    await opened_at_a_price(inventory)
    await paid(inventory)
    for refunded_minor in (700, 100, 700, 900, 800):
        await refund(inventory, refunded_minor)

    told = [each for each in await facts_of(inventory, CONCERT) if isinstance(each, OrderRefunded)]
    assert [each.amount.amount_minor for each in told] == [700, 200]


@pytest.mark.parametrize("refunded_minor", [TOTAL + 1, 10**15])
async def test_more_than_was_paid_cannot_have_gone_back(
    refunded_minor: int, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    before = await everything(bytes_connection)

    assert await refund(inventory, refunded_minor) == OrderTransitionRefused(confirmed)
    assert await everything(bytes_connection) == before


async def test_the_money_of_another_payment_is_not_that_of_the_order(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    before = await everything(bytes_connection)

    assert await refund(inventory, TOTAL, OTHER_PAYMENT) == OrderTransitionRefused(confirmed)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("is_begun", [False, True])
async def test_of_what_was_never_settled_nothing_goes_back(
    is_begun: bool, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    order = await (begun if is_begun else placed)(inventory, PAID_WISH)
    before = await everything(bytes_connection)

    assert await refund(inventory, TOTAL) == OrderTransitionRefused(order)
    assert await everything(bytes_connection) == before


async def test_a_free_order_has_no_money_to_give_back(inventory: Inventory) -> None:
    await opened(inventory)
    wish = a_wish()
    order = await placed(inventory, wish)

    outcome = await inventory.payments.refund_order(wish.address, PAYMENT, refunded_minor=0)

    assert outcome == OrderTransitionRefused(order)


async def test_of_a_cancelled_order_the_money_that_goes_back_is_told(
    inventory: Inventory, clock: SettableClock
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    await refund(inventory, 300)
    await inventory.orders.cancel_order(ADDRESS)
    stock = await stock_of(inventory)

    for version, refunded_minor, more in ((6, 1_000, 700), (7, TOTAL, TOTAL - 1_000)):
        outcome = await refund(inventory, refunded_minor)

        after = replace(
            confirmed,
            status=OrderStatus.CANCELLED,
            refunded=Money(refunded_minor, "EUR"),
            version=version,
        )
        assert outcome == OrderIs(after)
        assert await last_fact(inventory) == OrderRefunded(
            **stem(version + 1, clock.now_ms(), version),
            order=after,
            previous=OrderStatus.CANCELLED,
            amount=Money(more, "EUR"),
        )
    assert await stock_of(inventory) == stock, "the units came back with the cancel, once"
    assert await inventory.events.read_customers(CONCERT) == {}


async def test_of_a_cancelled_order_no_more_goes_back_than_was_paid(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await paid(inventory)
    await inventory.orders.cancel_order(ADDRESS)
    order = await inventory.orders.read_order(ADDRESS)
    assert order is not None
    before = await everything(bytes_connection)

    assert await refund(inventory, TOTAL + 1) == OrderTransitionRefused(order)
    assert await refund(inventory, TOTAL, OTHER_PAYMENT) == OrderIs(order)
    assert await everything(bytes_connection) == before


@pytest.mark.parametrize("state", ["expired", "released", "refunded"])
async def test_an_order_that_has_ended_stays_as_it_is(
    state: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await placed(inventory, PAID_WISH)
    if state == "expired":
        await begun(inventory)
        await inventory.payments.expire_payment(ADDRESS, PAYMENT)
    elif state == "released":
        await inventory.orders.release_order(ADDRESS)
    else:
        await paid(inventory)
        await refund(inventory, TOTAL)
    order = await inventory.orders.read_order(ADDRESS)
    assert order is not None
    before = await everything(bytes_connection)

    assert await refund(inventory, TOTAL) == OrderIs(order)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await refund(inventory, 1) == UnknownOrder()


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1e2", "0x10", "nan", " 1", "1" * 17])
async def test_an_amount_that_is_none_is_a_fault_of_our_own(
    text: str, inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await paid(inventory)
    before = await everything(bytes_connection)

    with pytest.raises(ContractError, match="MALFORMED"):
        await refund(inventory, cast("int", text))
    assert await everything(bytes_connection) == before
