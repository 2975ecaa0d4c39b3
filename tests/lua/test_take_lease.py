"""take_lease: one relay a partition; whoever comes next has a greater token."""

from app.inventory import Inventory
from app.runtime.clock import SettableClock
from tests.lua.acts import PARTITION


async def test_a_lease_is_one_owners_until_it_ends(
    inventory: Inventory, clock: SettableClock
) -> None:
    outbox = inventory.outbox
    assert await outbox.take_lease(PARTITION, "first", 1_000) == 1

    clock.advance(999)
    assert await outbox.take_lease(PARTITION, "second", 1_000) is None
    clock.advance(1)
    assert await outbox.take_lease(PARTITION, "second", 1_000) == 2
    assert await outbox.take_lease(PARTITION, "first", 1_000) is None


async def test_an_owner_that_comes_in_time_keeps_its_token_and_gains_time(
    inventory: Inventory, clock: SettableClock
) -> None:
    outbox = inventory.outbox
    assert await outbox.take_lease(PARTITION, "first", 1_000) == 1
    clock.advance(999)

    assert await outbox.take_lease(PARTITION, "first", 1_000) == 1

    clock.advance(999)
    assert await outbox.take_lease(PARTITION, "second", 1_000) is None


async def test_an_owner_that_comes_too_late_begins_anew(
    inventory: Inventory, clock: SettableClock
) -> None:
    outbox = inventory.outbox
    assert await outbox.take_lease(PARTITION, "first", 1_000) == 1
    clock.advance(1_000)

    assert await outbox.take_lease(PARTITION, "first", 1_000) == 2


async def test_a_lease_that_is_given_back_is_free_at_once(inventory: Inventory) -> None:
    outbox = inventory.outbox
    await outbox.take_lease(PARTITION, "first", 1_000)

    await outbox.take_lease(PARTITION, "first", 0)

    assert await outbox.take_lease(PARTITION, "second", 1_000) == 2
