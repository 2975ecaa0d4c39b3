"""verify finds every kind of difference between the archive, Redis and the read models."""

import pytest
from sqlalchemy import text

from app.bus import decode_fact
from app.domain.ids import EventId, PaymentId, partition_of
from app.domain.orders import Settlement
from app.domain.outcomes import OrderPlaced
from app.runtime.redis_connection import Argument, RedisConnection
from app.selling import Verdict, Verifying
from tests.builders import PARTITIONS, a_ticket_type, a_wish, an_event
from tests.workers.conftest import Pipeline, drain

EVENT = EventId("concert")
PARTITION = partition_of(EVENT, PARTITIONS)
TAG = f"{{p{PARTITION:02d}}}"


PAYMENT = PaymentId("pay_" + "a" * 26)
PAYING, REFUNDED, HACKED, OTHERS = (
    a_wish([("seat", 1), ("table", 1)], email=f"{each}@example.com")
    for each in ("paying", "refunded", "hacked", "others")
)


@pytest.fixture
async def sold(pipeline: Pipeline) -> Pipeline:
    """One order confirmed, one held, one cancelled, one released; one being paid, two settled, one
    of them by hack, and a part of the other's money gone back; all of it in the ledger."""
    inventory, payments = pipeline.inventory, pipeline.inventory.payments
    types = a_ticket_type(), a_ticket_type("seat", price=700), a_ticket_type("table", price=300)
    await inventory.events.open_event(an_event(ticket_types=types))
    await inventory.events.open_event(an_event("other"))
    wishes = [
        a_wish(email=f"{name}@example.com", confirm=name in {"confirmed", "cancelled"})
        for name in ("confirmed", "held", "cancelled", "released")
    ]
    for wish in wishes:
        assert isinstance(await inventory.orders.place_order(wish), OrderPlaced)
    await inventory.orders.cancel_order(wishes[2].address)
    await inventory.orders.release_order(wishes[3].address)
    for wish in (PAYING, REFUNDED, HACKED, OTHERS):
        assert isinstance(await inventory.orders.place_order(wish), OrderPlaced)
    for wish in (PAYING, REFUNDED, OTHERS):
        await payments.begin_payment(wish.address, PAYMENT, look_up_at_ms=1)
    await payments.pin_hold(PAYING.address, PAYMENT)
    await payments.fail_payment(OTHERS.address, PAYMENT)
    await payments.confirm_payment(REFUNDED.address, PAYMENT, Settlement.PAID)
    await payments.confirm_payment(HACKED.address, PAYMENT, Settlement.HACK)
    await payments.refund_order(REFUNDED.address, PAYMENT, refunded_minor=101)
    await drain(pipeline.relay())
    await drain(pipeline.projector())
    return pipeline


async def _verify(pipeline: Pipeline) -> Verdict:
    return await Verifying(pipeline.inventory, pipeline.ledger, decode_fact).verify(EVENT)


async def test_what_was_left_alone_agrees(sold: Pipeline) -> None:
    verdict = await _verify(sold)
    assert verdict.differences == ()
    assert verdict.agrees
    assert (verdict.facts, verdict.orders) == (18, 8)


HELD = a_wish(email="held@example.com", confirm=False).address.order_id
CONFIRMED = a_wish(email="confirmed@example.com").address.order_id
STRAY = a_wish(email="stray@example.com").address.order_id


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("HINCRBY", f"{TAG}:event:{EVENT}", "pool:floor:available", 1), "event: folded"),
        (("HSET", f"{TAG}:customers:{EVENT}", "nobody|adult", 3), "customers' counts of"),
        (("HSET", f"{TAG}:holders:{EVENT}", "customer|nobody", 3), "live holds of nobody"),
        (("HSET", f"{TAG}:order:{CONFIRMED}", "status", "cancelled"), f"orders of {CONFIRMED}"),
        (("DEL", f"{TAG}:order:{CONFIRMED}"), f"orders of {CONFIRMED}"),
        (("COPY", f"{TAG}:order:{CONFIRMED}", f"{TAG}:order:{STRAY}"), f"orders of {STRAY}"),
        (("ZREM", f"{TAG}:due:{EVENT}", HELD), f"deadlines of {HELD}"),
        (("ZADD", f"{TAG}:due:{EVENT}", 1, CONFIRMED), f"deadlines of {CONFIRMED}"),
        (("ZREM", f"{TAG}:due", EVENT), "earliest deadline"),
        (("ZREM", f"{TAG}:paying", PAYING.address.order_id), "payment of"),
        (("ZADD", f"{TAG}:paying", 1, HELD), f"payment of {HELD}"),
        (("HSET", f"{TAG}:order:{REFUNDED.address.order_id}", "refunded", 1), "orders of"),
        (("HSET", f"{TAG}:order:{HACKED.address.order_id}", "settlement", "paid"), "orders of"),
        (("HDEL", f"{TAG}:order:{PAYING.address.order_id}", "payment_id"), "orders of"),
    ],
    ids=lambda each: " ".join(map(str, each[:2])) if isinstance(each, tuple) else None,
)
async def test_a_difference_in_redis_is_named(
    sold: Pipeline, connection: RedisConnection, command: tuple[Argument, ...], expected: str
) -> None:
    await connection.call(*command)
    verdict = await _verify(sold)
    assert not verdict.agrees
    assert any(each.startswith(expected) for each in verdict.differences), verdict.differences


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE events SET name = 'Another'", "event: folded"),
        ("UPDATE order_lines SET quantity = 2", "orders of"),
        ("UPDATE order_lines SET unit_price_minor = 1", "orders of"),
        ("DELETE FROM order_lines", "orders of"),
        ("UPDATE orders SET customer_ref = 'nobody'", "orders of"),
        ("UPDATE orders SET confirmed_at_ms = 1 WHERE status = 'confirmed'", "orders of"),
        ("DELETE FROM orders WHERE status = 'held'", "orders of"),
        ("UPDATE sales SET sold_quantity = sold_quantity + 1", "sales: folded"),
        ("UPDATE event_sales SET confirmed_orders = 7", "sales: folded"),
        ("DELETE FROM sales", "sales: folded"),
        ("UPDATE sales SET hack_quantity = 0", "sales: folded"),
        ("UPDATE sales SET hack_amount_minor = 9", "sales: folded"),
        ("UPDATE sales SET refunded_amount_minor = 9", "sales: folded"),
        ("UPDATE orders SET refunded_minor = 100 WHERE refunded_minor = 101", "orders of"),
        ("UPDATE orders SET settlement = 'paid' WHERE settlement = 'hack'", "orders of"),
        ("UPDATE orders SET payment_id = NULL", "orders of"),
    ],
)
async def test_a_difference_in_the_read_models_is_named(
    sold: Pipeline, statement: str, expected: str
) -> None:
    async with sold.ledger.projection._database.write() as database:
        await database.execute(text(statement))
    verdict = await _verify(sold)
    assert not verdict.agrees
    assert any(each.startswith(expected) for each in verdict.differences), verdict.differences


async def test_facts_that_are_not_archived_yet_are_counted(sold: Pipeline) -> None:
    await sold.inventory.orders.place_order(a_wish(email="late@example.com"))
    verdict = await _verify(sold)
    assert verdict.behind_facts == 1
    assert not verdict.agrees
