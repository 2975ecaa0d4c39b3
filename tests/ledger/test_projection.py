"""Projecting: every fact exactly once, all of a batch or nothing."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import event, select

from app.domain.facts import EventClosed, EventPaused, PoolCapacityChanged, Position
from app.domain.ids import EventId, Partition, PoolId
from app.domain.orders import OrderStatus
from app.ledger import Applied, CursorMoved, Ledger, ProjectionBatch
from app.ledger.tables import events
from app.runtime.errors import ContractError
from tests.builders import an_event
from tests.ledger.facts import Feeder, Teller, an_order, record

CONCERT = EventId("concert")
P3 = Partition(3)


async def test_facts_are_archived_in_order_and_the_head_follows(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    facts = [teller.opened(an_event()), teller.placed(an_order(1)), teller.placed(an_order(2))]
    assert await feeder.feed(*facts) == Applied(3, 0)
    texts = await ledger.archive.read_event(CONCERT, Position(0, 0), 10)
    assert texts == [each.text for each in facts]
    assert await ledger.archive.heads() == {P3: Position(1, 3)}


async def test_a_batch_that_comes_again_changes_nothing(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    facts = [teller.opened(an_event()), teller.placed(an_order(1, [("adult", 2, 500)]))]
    await feeder.feed(*facts)
    before = await ledger.sales.report(CONCERT)
    assert await feeder.feed(*facts) == Applied(0, 2)
    assert await ledger.sales.report(CONCERT) == before


async def test_a_fact_that_stands_twice_in_one_batch_is_applied_once(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    opened, placed = teller.opened(an_event()), teller.placed(an_order(1, [("adult", 2, 500)]))
    assert await feeder.feed(opened, placed, opened, placed) == Applied(2, 2)
    report = await ledger.sales.report(CONCERT)
    assert report is not None
    assert (report.sold_quantity, report.confirmed_orders) == (2, 1)


async def test_a_hole_is_refused_and_nothing_of_its_batch_stays(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()))
    second, _lost, fourth = (teller.placed(an_order(each)) for each in (2, 3, 4))
    with pytest.raises(ContractError, match="hole"):
        await feeder.feed(second, fourth)
    assert await ledger.archive.heads() == {P3: Position(1, 1)}
    assert await ledger.cursors.read("projector", "s0") == "c1"
    assert await ledger.orders.read(an_order(2).id) is None


async def test_a_known_position_under_another_id_is_refused(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()), teller.placed(an_order(1)))
    other = Teller(position=Position(1, 1)).placed(an_order(9))
    with pytest.raises(ContractError, match="another id"):
        await feeder.feed(other)


async def test_two_ids_at_one_position_in_one_batch_are_refused(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    opened, placed = teller.opened(an_event()), teller.placed(an_order(1))
    other = Teller(position=Position(1, 1)).placed(an_order(9))
    with pytest.raises(ContractError, match="another id"):
        await feeder.feed(opened, placed, other)


async def test_a_rebuilt_partition_goes_on_with_a_greater_epoch(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()))
    teller.position = Position(2, 1)
    assert await feeder.feed(teller.placed(an_order(1))) == Applied(1, 0)
    assert await ledger.archive.heads() == {P3: Position(2, 2)}


async def test_a_fact_of_an_epoch_that_is_over_is_refused(ledger: Ledger) -> None:
    teller, feeder = Teller(position=Position(2, 0)), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()))
    with pytest.raises(ContractError):
        await feeder.feed(Teller(position=Position(1, 1)).placed(an_order(1)))


async def test_a_cursor_that_another_owner_moved_stops_the_batch(ledger: Ledger) -> None:
    teller, feeder, rival = Teller(), Feeder(ledger), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()))
    with pytest.raises(CursorMoved):
        await rival.feed(teller.placed(an_order(1)))
    rival.cursor = "somewhere else"
    with pytest.raises(CursorMoved):
        await rival.feed(Teller(position=Position(1, 1)).placed(an_order(1)))
    assert await ledger.archive.heads() == {P3: Position(1, 1)}


async def test_a_batch_without_facts_moves_the_cursor(ledger: Ledger) -> None:
    batch = ProjectionBatch("projector", "s7", None, "there", [])
    assert await ledger.projection.apply(batch) == Applied(0, 0)
    assert await ledger.cursors.read("projector", "s7") == "there"
    assert await ledger.cursors.read("another", "s7") is None


async def test_an_event_row_follows_its_facts_within_and_over_batches(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(
        teller.opened(an_event()),
        record(EventPaused(**teller.event_stem(CONCERT))),
        record(PoolCapacityChanged(**teller.event_stem(CONCERT), pool=PoolId("floor"), capacity=9)),
    )
    assert await _event_row(ledger) == ("Concert", "paused", 3)
    await feeder.feed(record(EventClosed(**teller.event_stem(CONCERT))))
    assert await _event_row(ledger) == ("Concert", "closed", 4)


async def test_an_order_row_is_the_newest_version_with_the_lines_of_its_birth(
    ledger: Ledger,
) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    lines = [("adult", 2, 1050), ("child", 1, 500)]
    held = an_order(1, lines, status=OrderStatus.HELD)
    await feeder.feed(teller.opened(an_event()), teller.placed(held))
    confirmed, fact = teller.moved(held, OrderStatus.CONFIRMED)
    await feeder.feed(fact)
    row = await ledger.orders.read(held.id)
    assert row is not None
    assert (row.status, row.version, row.total, row.lines) == (
        OrderStatus.CONFIRMED, 2, confirmed.total, confirmed.lines,
    )  # fmt: skip
    assert row.confirmed_at_ms == confirmed.confirmed_at_ms
    assert row.position == Position(1, 3)


async def test_a_row_never_goes_back_to_an_older_version(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    newer = replace(an_order(1), status=OrderStatus.CANCELLED, version=5)
    await feeder.feed(teller.opened(an_event()), teller.placed(newer))
    await feeder.feed(teller.placed(an_order(1)))
    row = await ledger.orders.read(newer.id)
    assert row is not None
    assert (row.status, row.version) == (OrderStatus.CANCELLED, 5)


async def test_the_number_of_statements_does_not_grow_with_the_batch(ledger: Ledger) -> None:
    teller, feeder = Teller(), Feeder(ledger)
    await feeder.feed(teller.opened(an_event()))
    statements: list[str] = []
    engine = ledger._database._writing.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts = []
    for numbers in (range(1, 3), range(100, 600)):
        statements.clear()
        held = [an_order(each, status=OrderStatus.HELD) for each in numbers]
        births = [teller.placed(each) for each in held]
        ends = [teller.moved(each, OrderStatus.RELEASED)[1] for each in held]
        await feeder.feed(*births, *ends, *births)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert counts[0] < 15


async def test_two_projectors_of_one_shard_apply_each_fact_once(ledger: Ledger) -> None:
    teller = Teller()
    facts = [teller.opened(an_event()), *(teller.placed(an_order(each)) for each in range(50))]
    rivals = [Feeder(ledger) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(rival.feed(*facts) for rival in rivals), return_exceptions=True
    )
    assert sum(isinstance(each, Applied) for each in outcomes) == 1
    assert sum(isinstance(each, CursorMoved) for each in outcomes) == 3
    report = await ledger.sales.report(CONCERT)
    assert report is not None
    assert report.confirmed_orders == 50


async def test_one_partition_that_comes_over_two_shards_at_once_is_applied_once(
    ledger: Ledger,
) -> None:
    teller = Teller()
    facts = [teller.opened(an_event()), *(teller.placed(an_order(each)) for each in range(50))]
    outcomes = await asyncio.gather(*(Feeder(ledger, f"s{each}").feed(*facts) for each in range(4)))
    assert sorted(each.applied for each in outcomes) == [0, 0, 0, 51]
    report = await ledger.sales.report(CONCERT)
    assert report is not None
    assert report.sold_quantity == 50


async def _event_row(ledger: Ledger) -> tuple[str, str, int]:
    async with ledger._database.read() as connection:
        row = (await connection.execute(select(events))).one()
    return row.name, row.status, row.version
