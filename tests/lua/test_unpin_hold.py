"""unpin_hold: the authorisation was let go; the payment may end without money again."""

from app.domain.orders import OrderStatus
from app.domain.outcomes import OrderIs, UnknownOrder
from app.inventory import Inventory
from app.runtime.redis_connection import RedisConnection
from tests.lua.acts import (
    OTHER_PAYMENT,
    PAID_WISH,
    PAYMENT,
    everything,
    opened_at_a_price,
    paid,
    pinned,
)

ADDRESS = PAID_WISH.address


async def test_an_unpinned_payment_may_fail(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)
    order = await pinned(inventory)

    assert await inventory.payments.unpin_hold(ADDRESS, PAYMENT) == OrderIs(order)

    outcome = await inventory.payments.fail_payment(ADDRESS, PAYMENT)
    assert isinstance(outcome, OrderIs)
    assert outcome.order.status is OrderStatus.HELD


async def test_unpinned_again_it_is_as_before(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    await pinned(inventory)
    first = await inventory.payments.unpin_hold(ADDRESS, PAYMENT)
    before = await everything(bytes_connection)

    assert await inventory.payments.unpin_hold(ADDRESS, PAYMENT) == first
    assert await everything(bytes_connection) == before


async def test_another_payment_leaves_the_pin(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    order = await pinned(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.unpin_hold(ADDRESS, OTHER_PAYMENT) == OrderIs(order)
    assert await everything(bytes_connection) == before


async def test_what_is_confirmed_stays_as_it_is(
    inventory: Inventory, bytes_connection: RedisConnection
) -> None:
    await opened_at_a_price(inventory)
    confirmed = await paid(inventory)
    before = await everything(bytes_connection)

    assert await inventory.payments.unpin_hold(ADDRESS, PAYMENT) == OrderIs(confirmed)
    assert await everything(bytes_connection) == before


async def test_an_order_that_never_was_is_unknown(inventory: Inventory) -> None:
    await opened_at_a_price(inventory)

    assert await inventory.payments.unpin_hold(ADDRESS, PAYMENT) == UnknownOrder()
