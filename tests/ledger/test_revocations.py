"""Which tickets are revoked: a list that only grows at its end, whatever was sold meanwhile."""

import pytest

from app.domain.facts import Position
from app.domain.ids import EventId
from app.domain.orders import Order, OrderStatus
from app.domain.tickets import TicketId, ticket_ids_of
from app.ledger import Ledger, UnknownPage
from app.ledger.revocations import _lines_of_cancelled
from tests.builders import an_event
from tests.ledger.facts import Feeder, Teller, an_order

CONCERT = EventId("concert")


def all_of(order: Order) -> list[TicketId]:
    return list(ticket_ids_of(order.id, [line.quantity for line in order.lines]))


async def read_all(ledger: Ledger, limit: int, after: str | None = None) -> list[TicketId]:
    found: list[TicketId] = []
    for _ in range(1_000):
        page = await ledger.revocations.read(CONCERT, after, limit)
        assert len(page.ticket_ids) <= limit
        found += page.ticket_ids
        after = page.next
        if after is None:
            return found
    raise AssertionError("the pages do not end")


async def test_tickets_of_cancelled_orders_come_in_the_order_of_cancelling(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    one = an_order(1, [("adult", 2, 0), ("child", 1, 0)])
    two, three = an_order(2), an_order(3)
    elsewhere = an_order(4, event_id="opera")
    await feeder.feed(teller.opened(an_event()), teller.opened(an_event("opera")))
    await feeder.feed(*(teller.placed(each) for each in (one, two, three, elsewhere)))
    assert await read_all(ledger, 10) == []
    for each in (two, elsewhere, one):
        await feeder.feed(teller.moved(each, OrderStatus.CANCELLED)[1])
    assert await read_all(ledger, 10) == [*all_of(two), *all_of(one)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_of_any_size_give_every_ticket_once(ledger: Ledger, limit: int) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    orders = [
        an_order(1, [(f"type-{each}", 1, 0) for each in range(20)]),
        an_order(2, [("adult", 3, 0)]),
        an_order(3, [("adult", 1, 0), ("child", 4, 0)]),
        an_order(4),
    ]
    await feeder.feed(teller.opened(an_event()), *(teller.placed(each) for each in orders))
    await feeder.feed(*(teller.moved(each, OrderStatus.CANCELLED)[1] for each in orders))
    found = await read_all(ledger, limit)
    assert found == [ticket_id for each in orders for ticket_id in all_of(each)]


async def test_what_is_revoked_while_pages_are_read_comes_after_them(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    orders = [an_order(each) for each in (5, 9, 1)]
    await feeder.feed(teller.opened(an_event()), *(teller.placed(each) for each in orders))
    early, late, later = orders
    await feeder.feed(*(teller.moved(each, OrderStatus.CANCELLED)[1] for each in (early, late)))
    first = await ledger.revocations.read(CONCERT, None, 1)
    await feeder.feed(teller.moved(later, OrderStatus.CANCELLED)[1])
    assert first.next is not None
    assert await read_all(ledger, 1, first.next) == [*all_of(late), *all_of(later)]


@pytest.mark.parametrize("state", [OrderStatus.RELEASED, OrderStatus.EXPIRED])
async def test_a_hold_that_ended_revokes_nothing(ledger: Ledger, state: OrderStatus) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    held = an_order(status=OrderStatus.HELD)
    await feeder.feed(teller.opened(an_event()), teller.placed(held))
    await feeder.feed(teller.moved(held, state)[1])
    assert await read_all(ledger, 10) == []


@pytest.mark.parametrize(
    "after", ["", "x", "1.2", "1.2.3.4", "-1.2.3", "1.2.x", "9" * 40, "1.2.\uff13"]
)
async def test_what_was_never_a_next_is_refused(ledger: Ledger, after: str) -> None:
    with pytest.raises(UnknownPage):
        await ledger.revocations.read(CONCERT, after, 10)


async def test_the_index_of_cancelled_orders_is_used(ledger: Ledger) -> None:
    """Gates ask all the time; a sale of 100,000 must not be read through each time."""
    query = _lines_of_cancelled(CONCERT, Position(1, 1), 10)
    async with ledger._database.read() as connection:
        dialect = connection.dialect
        compiled = query.compile(dialect=dialect)
        values = tuple(compiled.params[name] for name in compiled.positiontup or ())
        explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
        if dialect.name == "postgresql":  # it would read an empty table whole
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            await connection.exec_driver_sql("SET LOCAL enable_sort = off")
        plan = (await connection.exec_driver_sql(f"{explain} {compiled}", values)).all()
    assert "ix_orders_cancelled" in str(plan)
