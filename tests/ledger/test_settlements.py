"""Orders that are paid for, and whose money goes back, in the read models; and the rows that were
there before anything was said of it."""

from sqlalchemy import text

from app.bus import decode_fact
from app.domain.ids import EventId
from app.domain.orders import Order, OrderStatus, Settlement
from app.ledger import Ledger, OrderRow, SalesReport, downgrade_ledger, upgrade_ledger
from payments import Money
from tests.builders import an_event
from tests.ledger.conftest import Address
from tests.ledger.facts import PAYMENT, Feeder, Teller, an_order

CONCERT = EventId("concert")
LINES = [("adult", 2, 1050), ("child", 1, 500)]
TOTAL = 2600


async def _begin(ledger: Ledger) -> tuple[Teller, Feeder, Order]:
    teller, feeder = Teller(), Feeder(ledger)
    order = an_order(1, LINES, status=OrderStatus.HELD)
    await feeder.feed(teller.opened(an_event()), teller.placed(order))
    return teller, feeder, order


async def _report(ledger: Ledger) -> SalesReport:
    report = await ledger.sales.report(CONCERT)
    assert report is not None
    return report


async def _units(ledger: Ledger) -> tuple[int, int, int, int]:
    """Held, sold, of which by hack, cancelled."""
    report = await _report(ledger)
    return (
        *(report.held_quantity, report.sold_quantity),
        *(report.hack_quantity, report.cancelled_quantity),
    )


async def _amounts(ledger: Ledger) -> tuple[int, int, int]:
    """Sold, of which by hack, refunded."""
    report = await _report(ledger)
    amounts = report.sold_amount, report.hack_amount, report.refunded_amount
    return tuple(each.amount_minor for each in amounts)  # type: ignore[return-value]


async def _row(ledger: Ledger) -> OrderRow:
    row = await ledger.orders.read(an_order(1).id)
    assert row is not None
    return row


async def test_a_paying_order_counts_as_held_until_it_is_paid(ledger: Ledger) -> None:
    teller, feeder, order = await _begin(ledger)
    for status in (OrderStatus.PAYING, OrderStatus.HELD, OrderStatus.PAYING):
        order, fact = teller.paid(order, status)
        await feeder.feed(fact)
        assert await _units(ledger) == (3, 0, 0, 0)
        row = await _row(ledger)
        assert (row.status, row.payment_id) == (status, order.payment_id)

    order, fact = teller.settled(order, Settlement.PAID)
    await feeder.feed(fact)

    assert await _units(ledger) == (0, 3, 0, 0)
    assert await _amounts(ledger) == (TOTAL, 0, 0)
    row = await _row(ledger)
    assert (row.payment_id, row.settlement) == (PAYMENT, Settlement.PAID)


async def test_what_was_settled_by_hack_is_a_part_of_what_was_sold(ledger: Ledger) -> None:
    teller, feeder, order = await _begin(ledger)
    await feeder.feed(teller.placed(an_order(2, [("adult", 1, 1050)])))
    order, fact = teller.settled(order, Settlement.HACK)
    await feeder.feed(fact)
    assert await _units(ledger) == (0, 4, 3, 0)
    assert await _amounts(ledger) == (TOTAL + 1050, TOTAL, 0)

    _, fact = teller.moved(order, OrderStatus.CANCELLED)
    await feeder.feed(fact)
    assert await _units(ledger) == (0, 1, 0, 3)
    assert await _amounts(ledger) == (1050, 0, 0)


async def test_every_part_of_a_refund_is_shared_by_the_types_and_counted_once(
    ledger: Ledger,
) -> None:
    teller, feeder, order = await _begin(ledger)
    order, fact = teller.settled(order, Settlement.PAID)
    await feeder.feed(fact)
    for refunded_minor in (1, 2, 999, 1001):
        order, fact = teller.refunded(order, refunded_minor)
        await feeder.feed(fact)
        assert await _units(ledger) == (0, 3, 0, 0)
        assert await _amounts(ledger) == (TOTAL, 0, refunded_minor)
        assert (await _row(ledger)).refunded == Money(refunded_minor, "EUR")
    shares = [each.refunded_amount.amount_minor for each in (await _report(ledger)).ticket_types]
    assert shares == [808, 193], "1001 x 2100/2600, rounded down, and the rest"

    order, fact = teller.refunded(order, TOTAL)
    await feeder.feed(fact)

    assert await _units(ledger) == (0, 0, 0, 3)
    assert await _amounts(ledger) == (0, 0, TOTAL)
    row = await _row(ledger)
    assert (row.status, row.settlement) == (OrderStatus.CANCELLED, Settlement.PAID)
    shares = [each.refunded_amount.amount_minor for each in (await _report(ledger)).ticket_types]
    assert shares == [2100, 500]


async def test_only_all_of_the_money_takes_the_tickets_along(ledger: Ledger) -> None:
    teller, feeder, order = await _begin(ledger)
    order, paid = teller.settled(order, Settlement.PAID)
    order, part = teller.refunded(order, TOTAL - 1)
    await feeder.feed(paid, part)
    assert (await ledger.revocations.read(CONCERT, None, 10)).ticket_ids == []

    _, rest = teller.refunded(order, TOTAL)
    await feeder.feed(rest)

    revoked = (await ledger.revocations.read(CONCERT, None, 10)).ticket_ids
    assert revoked == [f"{order.id}.{number}" for number in (1, 2, 3)]


async def test_money_of_a_cancelled_order_that_goes_back_is_counted(ledger: Ledger) -> None:
    teller, feeder, order = await _begin(ledger)
    order, paid = teller.settled(order, Settlement.PAID)
    order, cancelled = teller.moved(order, OrderStatus.CANCELLED)
    await feeder.feed(paid, cancelled)
    position = (await _row(ledger)).position

    for refunded_minor in (1_000, TOTAL):
        order, fact = teller.refunded(order, refunded_minor)
        await feeder.feed(fact)
        assert await _units(ledger) == (0, 0, 0, 3)
        assert await _amounts(ledger) == (0, 0, refunded_minor)
        row = await _row(ledger)
        assert (row.status, row.refunded) == (
            OrderStatus.CANCELLED,
            Money(refunded_minor, "EUR"),
        )
        assert row.position == position, "its tickets were revoked when it was cancelled"
    for facts_a_batch in (1, 100):
        await ledger.rebuild_read_models(decode_fact, facts_a_batch=facts_a_batch)
        assert (await _row(ledger)).position == position


async def test_money_that_came_too_late_is_a_sale_of_an_expired_order(ledger: Ledger) -> None:
    teller, feeder, order = await _begin(ledger)
    paying, began = teller.paid(order, OrderStatus.PAYING)
    expired, fact = teller.moved(paying, OrderStatus.EXPIRED)
    await feeder.feed(began, fact)
    assert await _units(ledger) == (0, 0, 0, 0)

    _, fact = teller.settled(expired, Settlement.PAID)
    await feeder.feed(fact)

    assert await _units(ledger) == (0, 3, 0, 0)


async def test_all_of_it_in_one_batch_and_made_again_is_the_same(ledger: Ledger) -> None:
    teller, feeder, order = await _begin(ledger)
    paying, began = teller.paid(order, OrderStatus.PAYING)
    confirmed, paid = teller.settled(paying, Settlement.HACK)
    once, first = teller.refunded(confirmed, 7)
    _, second = teller.refunded(once, 1000)
    await feeder.feed(began, paid, first, second)
    before = (await _report(ledger), await _row(ledger))
    assert await _amounts(ledger) == (TOTAL, TOTAL, 1000)

    await ledger.rebuild_read_models(decode_fact, facts_a_batch=2)

    assert (await _report(ledger), await _row(ledger)) == before


async def test_rows_of_the_release_before_are_read_as_free_ones(
    address: Address, ledger: Ledger
) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    confirmed = an_order(1, [("adult", 2, 0)])
    held = an_order(2, [("adult", 1, 500)], status=OrderStatus.HELD)
    await feeder.feed(teller.opened(an_event()), teller.placed(confirmed), teller.placed(held))
    before = [await ledger.orders.read(each.id) for each in (confirmed, held)]
    report = await _report(ledger)

    await downgrade_ledger(address.url, address.data_dir, "0002")
    await upgrade_ledger(address.url, address.data_dir)

    async with ledger._database.read() as connection:
        said = await connection.scalars(text("SELECT settlement FROM orders"))
        assert set(said) == {None}
    assert [await ledger.orders.read(each.id) for each in (confirmed, held)] == before
    assert [each.settlement for each in before if each] == [Settlement.FREE, None]
    assert await _report(ledger) == report
    _, fact = teller.moved(held, OrderStatus.RELEASED)
    await feeder.feed(fact)
    assert (await _report(ledger)).held_quantity == 0
