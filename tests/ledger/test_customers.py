"""Who the buyers are: the newest word stands, and those who bought nothing are forgotten."""

import pytest
from sqlalchemy import select

from app.domain.ids import CustomerRef
from app.domain.orders import OrderStatus, Person
from app.ledger import Ledger
from app.ledger.tables import customers
from tests.builders import an_event
from tests.ledger.facts import Feeder, Teller, an_order

ANA, BEA, CAI = CustomerRef("ana"), CustomerRef("bea"), CustomerRef("cai")
OLD, NEW = Person("Ana@example.com", None), Person("ana@example.com", "Ana")


@pytest.mark.parametrize(
    "words", [[(OLD, 10), (NEW, 20)], [(NEW, 20), (OLD, 10)], [(NEW, 20), (OLD, 10), (NEW, 20)]]
)
@pytest.mark.parametrize("together", [True, False])
async def test_the_newest_word_stands_in_whatever_order_they_come(
    ledger: Ledger, words: list[tuple[Person, int]], together: bool
) -> None:
    people = [(ANA, person, at_ms) for person, at_ms in words]
    for batch in [people] if together else [[each] for each in people]:
        await ledger.customers.upsert(batch)
    assert await _rows(ledger) == [("ana", "ana@example.com", "Ana", 10, 20)]


async def test_many_people_come_in_one_call(ledger: Ledger) -> None:
    await ledger.customers.upsert([])
    people = [(CustomerRef(f"c{each:05d}"), NEW, each) for each in range(2_000)]
    await ledger.customers.upsert(people)
    assert len(await _rows(ledger)) == 2_000


async def test_old_customers_without_a_confirmed_order_are_forgotten(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await ledger.customers.upsert([(ANA, NEW, 10), (BEA, NEW, 10), (CAI, NEW, 30)])
    gone = an_order(2, customer_ref=BEA, status=OrderStatus.HELD)
    await feeder.feed(
        teller.opened(an_event()), teller.placed(an_order(1, customer_ref=ANA)),
        teller.placed(gone), teller.moved(gone, OrderStatus.EXPIRED)[1],
    )  # fmt: skip
    assert await ledger.customers.delete_without_confirmed_order(20, limit=100) == 1
    assert [row[0] for row in await _rows(ledger)] == [ANA, CAI]
    order = await ledger.orders.read(gone.id)
    assert order is not None
    assert order.person is None


async def test_forgetting_is_done_in_bounded_bites(ledger: Ledger) -> None:
    await ledger.customers.upsert([(CustomerRef(f"c{each}"), NEW, each) for each in range(5)])
    bites = [await ledger.customers.delete_without_confirmed_order(100, 2) for _ in range(4)]
    assert bites == [2, 2, 1, 0]


async def _rows(ledger: Ledger) -> list[tuple[object, ...]]:
    async with ledger._database.read() as connection:
        query = select(customers).order_by(customers.c.customer_ref)
        return [tuple(row) for row in await connection.execute(query)]
