"""What everybody reads afterwards: the feed of facts, orders, sales; and all of it made again."""

from collections.abc import Sequence

import pytest

from app.bus import decode_fact
from app.domain.facts import Position
from app.domain.ids import CustomerRef, EventId, OrganiserId, Partition
from app.domain.orders import Order, OrderStatus, Person
from app.ledger import Applied, Ledger, OrderRow, OrderSearch, SalesReport, UnknownPage
from app.runtime.errors import ContractError
from payments import Money
from tests.builders import an_event
from tests.ledger.facts import BEGIN_MS, Feeder, Teller, an_order

CONCERT, HALL = EventId("concert"), OrganiserId("hall")


def a_search(
    *,
    organiser_id: str = "hall",
    customer_ref: str | None = None,
    event_id: str | None = None,
    status: OrderStatus | None = None,
    after: str | None = None,
    limit: int = 100,
) -> OrderSearch:
    return OrderSearch(
        organiser_id=OrganiserId(organiser_id),
        customer_ref=CustomerRef(customer_ref) if customer_ref else None,
        event_id=EventId(event_id) if event_id else None,
        status=status,
        after=after,
        limit=limit,
    )


async def test_an_event_is_read_from_a_position_on(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    facts = [teller.opened(an_event()), *(teller.placed(an_order(each)) for each in range(4))]
    await feeder.feed(*facts, teller.opened(an_event("other")))
    found = await ledger.archive.read_event(CONCERT, Position(1, 2), 2)
    assert found == [facts[2].text, facts[3].text]
    assert await ledger.archive.read_event(CONCERT, Position(1, 5), 2) == []
    assert await ledger.archive.counts(CONCERT) == {"EventOpened": 1, "OrderConfirmed": 4}


async def test_the_feed_misses_nothing_though_partitions_move_in_turn(ledger: Ledger) -> None:
    tellers = [Teller(Partition(each)) for each in (3, 5)]
    feeder, seen = Feeder(ledger), list[str]()
    names = ["concert", "opera"]
    told = [teller.opened(an_event(name)) for teller, name in zip(tellers, names, strict=True)]
    await feeder.feed(*told)
    token: str | None = None
    for turn in range(6):
        # The second partition is always a little late: its clock is behind what was read.
        for teller, name in zip(tellers[:: 1 if turn % 2 else -1], names[:: 1 if turn % 2 else -1],
                                strict=True):  # fmt: skip
            fact = teller.placed(an_order(turn, event_id=name, partition=teller.partition))
            await feeder.feed(fact)
            told.append(fact)
            page = await ledger.archive.read_after(HALL, token, 2)
            seen, token = [*seen, *page.texts], page.next
    while (page := await ledger.archive.read_after(HALL, token, 2)).texts:
        seen, token = [*seen, *page.texts], page.next
    assert sorted(seen) == sorted(each.text for each in told)
    for partition in (3, 5):
        of_partition = [each.fact for each in told if each.fact.partition == partition]
        read = [decode_fact(each) for each in seen]
        assert [each for each in read if each.partition == partition] == of_partition


async def test_a_busy_partition_does_not_keep_another_out_of_the_feed(ledger: Ledger) -> None:
    busy, quiet = Teller(Partition(3)), Teller(Partition(5))
    told = [busy.opened(an_event()), quiet.opened(an_event("opera"))]
    told += [busy.placed(an_order(each)) for each in range(6)]
    await Feeder(ledger).feed(*told)
    first = await ledger.archive.read_after(HALL, None, 3)
    rest = await ledger.archive.read_after(HALL, first.next, 3)
    assert [*first.texts, *rest.texts] == [each.text for each in told[:6]]


async def test_the_feed_shows_own_events_only_and_its_place_stays(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    assert (await ledger.archive.read_after(HALL, None, 10)).next is None
    own = teller.opened(an_event())
    await feeder.feed(own, teller.opened(an_event("club-night", organiser_id="club")))
    page = await ledger.archive.read_after(HALL, None, 10)
    assert page.texts == (own.text,)
    end = await ledger.archive.read_after(HALL, page.next, 10)
    assert (end.texts, end.next) == ((), page.next)


@pytest.mark.parametrize("token", ["x", "1.2", "1.2.3-", "-1.2.3", "1.2.3 ", "g.1.1"])
async def test_a_place_that_was_never_given_out_is_refused(ledger: Ledger, token: str) -> None:
    with pytest.raises(UnknownPage):
        await ledger.archive.read_after(HALL, token, 10)
    with pytest.raises(UnknownPage):
        await ledger.orders.search(a_search(after=token))


async def _place(ledger: Ledger, orders: Sequence[Order]) -> Teller:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(
        teller.opened(an_event()),
        teller.opened(an_event("opera")),
        teller.opened(an_event("club-night", organiser_id="club")),
        *(teller.placed(each) for each in orders),
    )
    return teller


async def test_a_search_pages_through_everything_once_oldest_first(ledger: Ledger) -> None:
    # Several were placed in the same millisecond.
    orders = [an_order(each, created_at_ms=BEGIN_MS + each // 3) for each in range(10)]
    await _place(ledger, orders[::-1])
    found: list[OrderRow] = []
    token: str | None = None
    for _ in range(4):
        page = await ledger.orders.search(a_search(after=token, limit=3))
        found, token = [*found, *page.rows], page.next
    assert [each.id for each in found] == [each.id for each in orders]
    assert token is None


async def test_a_search_finds_by_organiser_customer_event_and_status(ledger: Ledger) -> None:
    orders = [
        an_order(1, customer_ref="ana"),
        an_order(2, customer_ref="bea", status=OrderStatus.HELD),
        an_order(3, customer_ref="ana", event_id="opera"),
        an_order(4, customer_ref="ana", event_id="club-night"),
    ]
    await _place(ledger, orders)
    wanted = {
        a_search(): [0, 1, 2],
        a_search(organiser_id="club"): [3],
        a_search(customer_ref="ana"): [0, 2],
        a_search(event_id="opera"): [2],
        a_search(event_id="club-night"): [],
        a_search(status=OrderStatus.HELD): [1],
        a_search(customer_ref="bea", status=OrderStatus.CONFIRMED): [],
    }
    for search, places in wanted.items():
        page = await ledger.orders.search(search)
        assert {each.id for each in page.rows} == {orders[each].id for each in places}


async def test_an_order_is_shown_with_its_person(ledger: Ledger) -> None:
    await _place(ledger, [an_order(1, [("child", 1, 500), ("adult", 2, 1050)])])
    await ledger.customers.upsert([(CustomerRef("ana"), Person("ana@example.com", "Ana"), 1)])
    (row,) = (await ledger.orders.search(a_search())).rows
    assert row.person == Person("ana@example.com", "Ana")
    assert [line.ticket_type for line in row.lines] == ["child", "adult"]
    assert row.total == Money(2600, "EUR")


async def test_the_orders_of_an_event_are_read_by_id(ledger: Ledger) -> None:
    orders = [an_order(each) for each in range(5)]
    await _place(ledger, [*orders, an_order(9, event_id="opera")])
    first = await ledger.orders.read_event(CONCERT, None, 3)
    rest = await ledger.orders.read_event(CONCERT, first[-1].id, 3)
    assert [each.id for each in (*first, *rest)] == sorted(each.id for each in orders)


async def test_sales_follow_every_edge_of_an_order(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()))
    lines = [("adult", 2, 1050), ("child", 1, 500)]
    order = an_order(1, lines, status=OrderStatus.HELD)
    await feeder.feed(teller.placed(order))
    assert await _sums(ledger) == (3, 0, 0, 0, 0)
    for status, sums in (
        (OrderStatus.RELEASED, (0, 0, 0, 0, 0)),
        (OrderStatus.CONFIRMED, (0, 3, 0, 2600, 1)),
        (OrderStatus.CANCELLED, (0, 0, 3, 0, 0)),
    ):
        order, fact = teller.moved(order, status)
        await feeder.feed(fact)
        assert await _sums(ledger) == sums


async def test_a_report_is_by_ticket_type_and_as_of_the_newest_fact(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    assert await ledger.sales.report(CONCERT) is None
    await feeder.feed(teller.opened(an_event()))
    report = await ledger.sales.report(CONCERT)
    assert report == SalesReport(CONCERT, "EUR", BEGIN_MS + 1, 0, ())
    assert report.sold_amount == Money(0, "EUR")
    await feeder.feed(
        teller.placed(an_order(1, [("child", 1, 500), ("adult", 2, 1050)])),
        teller.placed(an_order(2, [("adult", 1, 900)], status=OrderStatus.HELD)),
    )
    report = await ledger.sales.report(CONCERT)
    assert report is not None
    assert [
        (each.ticket_type, each.held_quantity, each.sold_quantity, each.sold_amount)
        for each in report.ticket_types
    ] == [("adult", 1, 2, Money(2100, "EUR")), ("child", 0, 1, Money(500, "EUR"))]
    assert (report.as_of_ms, report.confirmed_orders) == (BEGIN_MS + 3, 1)


async def test_read_models_made_again_are_the_same_whatever_was_wrong(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    held = an_order(1, [("adult", 2, 1050)], status=OrderStatus.HELD)
    await feeder.feed(
        teller.opened(an_event()), teller.placed(held), teller.placed(an_order(2)),
        teller.moved(held, OrderStatus.CONFIRMED)[1], teller.placed(an_order(3)),
    )  # fmt: skip
    before = await _everything(ledger)
    async with ledger._database.write() as connection:
        for statement in (
            "UPDATE sales SET sold_quantity = 99", "DELETE FROM order_lines",
            "UPDATE orders SET version = 50, status = 'held'", "DELETE FROM events",
        ):  # fmt: skip
            await connection.exec_driver_sql(statement)
    assert await _everything(ledger) != before
    assert await ledger.rebuild_read_models(decode_fact, facts_a_batch=2) == 5
    assert await _everything(ledger) == before
    assert await feeder.feed(teller.placed(an_order(4))) == Applied(1, 0)


async def test_a_rebuild_that_fails_leaves_the_read_models_alone(ledger: Ledger) -> None:
    await _place(ledger, [an_order(1)])
    before = await _everything(ledger)

    def fail(text: str) -> None:
        raise ContractError(text)

    with pytest.raises(ContractError):
        await ledger.rebuild_read_models(fail, facts_a_batch=2)  # type: ignore[arg-type]
    assert await _everything(ledger) == before


async def test_what_is_written_once_stays(ledger: Ledger) -> None:
    assert await ledger.instance.read("partitions") is None
    assert await ledger.instance.write_once("partitions", "16") == "16"
    assert await ledger.instance.write_once("partitions", "32") == "16"
    assert await ledger.instance.read("partitions") == "16"


async def _sums(ledger: Ledger) -> tuple[int, int, int, int, int]:
    """Held, sold, cancelled, money, confirmed orders."""
    report = await ledger.sales.report(CONCERT)
    assert report is not None
    return (
        report.held_quantity, report.sold_quantity, report.cancelled_quantity,
        report.sold_amount.amount_minor, report.confirmed_orders,
    )  # fmt: skip


async def _everything(ledger: Ledger) -> tuple[object, ...]:
    page = await ledger.orders.search(a_search())
    return (
        page,
        await ledger.sales.report(CONCERT),
        await ledger.orders.read_event(CONCERT, None, 9),
    )
