"""How a payment ends, what is looked at again, and what a person is shown."""

import itertools

import pytest

from app.domain.ids import OrganiserId, PaymentId
from app.ledger import (
    AnotherOpen,
    Channel,
    Ledger,
    OperationKind,
    OperationState,
    Outcome,
    PaymentRow,
    PaymentSearch,
    UnknownPage,
)
from payments import PaymentState, RemoteStatus
from tests.ledger.payments.tries import (
    HALL,
    a_checkout,
    a_payment,
    a_snapshot,
    captured,
    order_id_of,
    refused,
    reserved,
    started,
)

O = Outcome  # noqa: E741 - short for a table


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_an_open_payment_may_end_in_any_way_and_again(
    ledger: Ledger, outcome: Outcome
) -> None:
    row = await refused(ledger)
    ended = await ledger.payments.close(row.payment_id, outcome, 5_000)
    assert (ended.outcome, ended.is_settled) == (outcome, outcome is O.CONFIRMED)
    assert (ended.next_look_at_ms, ended.version, ended.updated_at_ms) == (
        None,
        row.version + 1,
        5_000,
    )
    assert await ledger.payments.close(row.payment_id, outcome, 6_000) == ended
    assert await ledger.payments.read(row.payment_id) == ended


@pytest.mark.parametrize(("first", "then"), list(itertools.permutations(Outcome, 2)))
async def test_the_first_outcome_stands_unless_money_comes_late_or_goes_back(
    ledger: Ledger, first: Outcome, then: Outcome
) -> None:
    row = await refused(ledger)
    await ledger.payments.close(row.payment_id, first, 5_000)
    ended = await ledger.payments.close(row.payment_id, then, 6_000)
    is_late = first in {O.FAILED, O.CANCELLED, O.EXPIRED} and then in {O.CONFIRMED, O.REFUNDED}
    may = is_late or (first, then) == (O.CONFIRMED, O.REFUNDED)
    assert ended.outcome is (then if may else first)
    assert ended.is_settled == (O.CONFIRMED in (first, ended.outcome)), "it was confirmed by it"


@pytest.mark.parametrize("state", [OperationState.SUBMITTING, OperationState.UNKNOWN])
async def test_what_may_still_bring_money_is_not_given_up(
    ledger: Ledger, state: OperationState
) -> None:
    """Otherwise the buyer would pay again, and both payments would be taken."""
    row = await started(ledger)
    initiate = row.operations[0].operation_id
    row = await _told(ledger, row, initiate, state, next_at_ms=50_000)
    for outcome in (O.FAILED, O.CANCELLED, O.EXPIRED):
        assert await ledger.payments.close(row.payment_id, outcome, 7_000) == row
    assert await ledger.payments.start(a_payment("two")) == AnotherOpen(row)
    ended = await ledger.payments.close(row.payment_id, O.CONFIRMED, 7_000)
    assert ended.outcome is O.CONFIRMED, "a notice was faster than the answer"


@pytest.mark.parametrize("seen", [RemoteStatus.AUTHORIZED, RemoteStatus.CAPTURED])
async def test_money_that_whoever_gives_up_has_not_seen_is_not_forgotten(
    ledger: Ledger, seen: RemoteStatus
) -> None:
    """A notice is recorded between their look and their word: the payment stays open, with its
    clock, and the next decision is made of what stands there."""
    row = await refused(ledger)
    told = await ledger.payments.record(
        row.payment_id, snapshot=a_snapshot(status=seen), channel=Channel.WEBHOOK, at_ms=4_000
    )
    for outcome in (O.FAILED, O.CANCELLED, O.EXPIRED):
        assert await ledger.payments.close(row.payment_id, outcome, 5_000) == told
    assert told.next_look_at_ms is not None


async def test_late_money_starts_a_clock_that_had_stopped(ledger: Ledger) -> None:
    row = await refused(ledger)
    await ledger.payments.close(row.payment_id, O.FAILED, 5_000)
    assert await ledger.payments.due(10**12, 9) == []
    await ledger.payments.record(
        row.payment_id, snapshot=a_snapshot(), channel=Channel.WEBHOOK, at_ms=9_000
    )
    assert await ledger.payments.due(9_000, 9) == [row.payment_id]


async def test_the_clock_goes_on_while_a_command_has_not_ended(ledger: Ledger) -> None:
    row = await captured(ledger)
    refund = await reserved(ledger, row, OperationKind.REFUND, "r1")
    await _told(ledger, row, refund.operation_id, OperationState.PENDING, next_at_ms=50_000)
    ended = await ledger.payments.close(row.payment_id, O.CONFIRMED, 5_000)
    assert ended.next_look_at_ms == 50_000
    await ledger.payments.schedule(row.payment_id, None)
    assert await ledger.payments.due(50_000, 9) == [row.payment_id]
    await _told(ledger, row, refund.operation_id, OperationState.SUCCEEDED, next_at_ms=None)
    await ledger.payments.schedule(row.payment_id, None)
    assert await ledger.payments.due(10**12, 9) == []


async def test_a_closed_payment_that_comes_in_doubt_is_looked_at_at_once(ledger: Ledger) -> None:
    row = await captured(ledger)
    await ledger.payments.close(row.payment_id, O.CONFIRMED, 5_000)
    refund = await reserved(ledger, row, OperationKind.REFUND, "r1")
    await _told(ledger, row, refund.operation_id, OperationState.UNKNOWN, next_at_ms=None)
    assert await ledger.payments.due(6_000, 9) == [row.payment_id]


async def test_due_is_what_a_clock_or_a_lease_calls_for_and_nothing_else(ledger: Ledger) -> None:
    times_ms = {
        "lease": (5_000, 90_000),
        "clock": (90_000, 4_000),
        "later": (90_000, 90_000),
        "both": (3_000, 3_500),
        "closed": (90_000, 1_000),
    }
    rows = {}
    for order, (tail, (lease, look)) in enumerate(times_ms.items()):
        new = a_payment(tail, order=order, lease_until_ms=lease, look_up_at_ms=look)
        rows[tail] = await started(ledger, new)
    closed = rows["closed"]
    await _told(
        ledger, closed, closed.operations[0].operation_id, OperationState.REJECTED, next_at_ms=None
    )
    await ledger.payments.close(closed.payment_id, O.FAILED, 2_000)
    found = await ledger.payments.due(5_000, 9)
    assert found == [rows[tail].payment_id for tail in ("both", "clock", "lease")]
    assert await ledger.payments.due(4_999, 9) == found[:2]
    assert await ledger.payments.due(5_000, 2) == found[:2]
    assert await ledger.payments.due(2_999, 9) == []


async def test_looks_count_how_often_a_look_was_put_off(ledger: Ledger) -> None:
    row = await captured(ledger)
    for count in (1, 2):
        await ledger.payments.schedule(row.payment_id, 30_000 + count)
        found = await ledger.payments.read(row.payment_id)
        assert found is not None
        assert (found.looks, found.next_look_at_ms) == (count, 30_000 + count)
    await ledger.payments.schedule(row.payment_id, None)
    assert await ledger.payments.due(10**12, 9) == []


async def test_stuck_is_what_is_open_or_in_doubt_for_long(ledger: Ledger) -> None:
    old = await started(ledger, a_payment("old", order=1, at_ms=1_000))
    await started(ledger, a_payment("new", order=2, at_ms=8_000))
    done = await captured(ledger, a_payment("done", order=3, at_ms=500))
    await ledger.payments.close(done.payment_id, O.CONFIRMED, 5_000)
    assert [each.payment_id for each in await ledger.payments.stuck(8_000, 9)] == [old.payment_id]
    refund = await reserved(ledger, done, OperationKind.REFUND, "r1", at_ms=6_000)
    await _told(ledger, done, refund.operation_id, OperationState.UNKNOWN, next_at_ms=None)
    found = await ledger.payments.stuck(8_000, 9)
    assert {each.payment_id for each in found} == {old.payment_id, done.payment_id}
    assert len(await ledger.payments.stuck(8_000, 1)) == 1


async def test_an_organiser_finds_its_payments_page_by_page(ledger: Ledger) -> None:
    for number in range(5):
        await started(ledger, a_payment(f"{number}", order=number, at_ms=1_000 + number // 2))
    await started(ledger, a_payment("x", checkout=a_checkout(9, organiser_id="club")))
    found: list[str] = []
    after: str | None = None
    while True:
        page = await ledger.payments.search(_search(after=after, limit=2))
        found += [each.reference for each in page.rows]
        after = page.next
        if after is None:
            break
    assert found == ["0", "1", "2", "3", "4"]
    with pytest.raises(UnknownPage):
        await ledger.payments.search(_search(after="nonsense"))


async def test_a_search_is_narrowed_by_each_of_its_words(ledger: Ledger) -> None:
    one = await captured(ledger, a_payment("one", order=1))
    two = await refused(ledger, a_payment("two", order=2, method="other"))
    await ledger.payments.close(two.payment_id, O.FAILED, 5_000)
    cases: list[tuple[PaymentSearch, list[PaymentId]]] = [
        (_search(), [one.payment_id, two.payment_id]),
        (_search(order=1), [one.payment_id]),
        (_search(method="other"), [two.payment_id]),
        (_search(state=PaymentState.CAPTURED), [one.payment_id]),
        (_search(outcome=O.FAILED), [two.payment_id]),
        (_search(organiser_id="club"), []),
    ]
    for wanted, expected in cases:
        page = await ledger.payments.search(wanted)
        assert ([each.payment_id for each in page.rows], page.next) == (expected, None)


def _search(
    *,
    organiser_id: str = HALL,
    order: int | None = None,
    method: str | None = None,
    state: PaymentState | None = None,
    outcome: Outcome | None = None,
    after: str | None = None,
    limit: int = 10,
) -> PaymentSearch:
    order_id = None if order is None else order_id_of(order)
    return PaymentSearch(
        OrganiserId(organiser_id), None, order_id, method, state, outcome, after, limit
    )


async def _told(
    ledger: Ledger,
    row: PaymentRow,
    operation_id: str,
    state: OperationState,
    *,
    next_at_ms: int | None,
) -> PaymentRow:
    return await ledger.payments.record(
        row.payment_id, operation_id=operation_id, operation_state=state,
        channel=Channel.RESPONSE, at_ms=6_000, next_at_ms=next_at_ms,
    )  # fmt: skip
