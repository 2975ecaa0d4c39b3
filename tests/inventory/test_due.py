"""Finding what is overdue, and reading many orders at once."""

from app.domain.ids import EventId, Partition, PaymentId, partition_of
from app.inventory import Inventory
from app.inventory.keys import PartitionKeys
from app.inventory.orders import EXPIRE_ORDERS_MAX
from app.inventory.payments import LOOK_UPS_MAX
from app.runtime.clock import SettableClock
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event

CONCERT = EventId("concert")
PARTITION = partition_of(CONCERT, PARTITIONS)
PAYMENT = PaymentId("pay_" + "a" * 26)


async def test_what_is_overdue_is_found_from_the_deadline_on(
    inventory: Inventory, clock: SettableClock
) -> None:
    await inventory.events.open_event(an_event())
    first, second = a_wish(confirm=False), a_wish(confirm=False, email="bob@example.com")
    await inventory.orders.place_order(first)
    clock.advance(1)
    await inventory.orders.place_order(second)

    async def overdue() -> tuple[list[Partition], list[EventId], list[str]]:
        orders = inventory.orders
        return (
            await orders.overdue_partitions(PARTITIONS),
            await orders.overdue_events(PARTITION),
            [*await orders.overdue_orders(PARTITION, CONCERT)],
        )

    clock.advance(599_998)
    assert await overdue() == ([], [], [])
    clock.advance(1)
    assert await overdue() == ([PARTITION], [CONCERT], [first.address.order_id])
    clock.advance(1)
    ids = [first.address.order_id, second.address.order_id]
    assert await overdue() == ([PARTITION], [CONCERT], ids)
    await inventory.orders.expire_orders(PARTITION, CONCERT, [*ids])
    assert await overdue() == ([], [], [])


async def test_one_batch_is_one_scripts_worth_the_longest_overdue_first(
    inventory: Inventory, clock: SettableClock
) -> None:
    await inventory.events.open_event(an_event(pools={"floor": 200}))
    wishes = [
        a_wish(confirm=False, email=f"{each}@example.com") for each in range(EXPIRE_ORDERS_MAX + 1)
    ]
    for wish in wishes:
        await inventory.orders.place_order(wish)
        clock.advance(1)
    clock.advance(600_000)

    found = await inventory.orders.overdue_orders(PARTITION, CONCERT)

    assert found == [each.address.order_id for each in wishes[:EXPIRE_ORDERS_MAX]]


async def test_what_is_being_paid_is_looked_up_when_it_is_due(
    inventory: Inventory, clock: SettableClock
) -> None:
    payments, now_ms = inventory.payments, clock.now_ms()
    await inventory.events.open_event(an_event(ticket_types=(a_ticket_type(price=1),)))
    wishes = [a_wish(email=f"{each}@example.com") for each in range(2)]
    for delay_ms, wish in zip((1_000, 500), wishes, strict=True):
        await inventory.orders.place_order(wish)
        await payments.begin_payment(wish.address, PAYMENT, look_up_at_ms=now_ms + delay_ms)
    first, second = (wish.address for wish in wishes)

    clock.advance(499)
    assert await payments.partitions_to_look_up(PARTITIONS) == []
    assert await payments.due_look_ups(PARTITION) == []
    clock.advance(501)
    assert await payments.partitions_to_look_up(PARTITIONS) == [PARTITION]
    assert await payments.due_look_ups(PARTITION) == [second.order_id, first.order_id]

    await payments.postpone_look_up(second, clock.now_ms() + 1)
    assert await payments.due_look_ups(PARTITION) == [first.order_id]
    await payments.expire_payment(first, PAYMENT)
    await payments.postpone_look_up(first, 1)
    assert await payments.due_look_ups(PARTITION) == [], "what is not being paid is not looked up"


async def test_no_more_are_looked_up_at_once_than_one_step_can_do(
    inventory: Inventory, connection: RedisConnection
) -> None:
    ids = [f"{PARTITION:02d}.concert.{number}" for number in range(LOOK_UPS_MAX + 1)]
    for number, order_id in enumerate(ids):
        await connection.call("ZADD", PartitionKeys(PARTITION).paying, number, order_id)

    assert await inventory.payments.due_look_ups(PARTITION) == ids[:LOOK_UPS_MAX]


async def test_many_orders_are_read_as_they_are_stored(
    inventory: Inventory, clock: SettableClock
) -> None:
    await inventory.events.open_event(an_event())
    held, never = a_wish(confirm=False), a_wish(key="key-1111111111111111")
    await inventory.orders.place_order(held)
    clock.advance(600_000)

    found = await inventory.orders.read_orders([held.address, never.address])

    assert [each.status if each else None for each in found] == ["held", None]
    assert await inventory.orders.read_orders([]) == []


async def test_opened_events_of_all_partitions_are_listed_in_order(inventory: Inventory) -> None:
    assert await inventory.events.opened_event_ids() == []
    for name in ("zarzuela", "concert", "opera"):
        await inventory.events.open_event(an_event(name))

    assert await inventory.events.opened_event_ids() == ["concert", "opera", "zarzuela"]
