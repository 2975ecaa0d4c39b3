"""What is heard of a payment: joined in any order, kept once, never lost."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, event, select

from app.ledger import Channel, Ledger, OperationState, Outcome, PaymentRow, open_ledger
from app.ledger.payments.tables import payment_observations
from app.runtime.errors import ContractError
from payments import (
    NOTHING,
    Expected,
    IntegrityFault,
    Money,
    NextAction,
    PaymentState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
    observe,
)
from tests.ledger.conftest import Address
from tests.ledger.payments.tries import (
    TOTAL_MINOR,
    a_payment,
    a_refund,
    a_snapshot,
    captured,
    started,
)

STORY = (
    a_snapshot(status=RemoteStatus.REQUIRES_ACTION, version=1),
    a_snapshot(status=RemoteStatus.PENDING, version=2),
    a_snapshot(status=RemoteStatus.AUTHORIZED, version=3),
    a_snapshot(version=4),
    a_snapshot(version=5, refunds=(a_refund(500, status=RefundStatus.PENDING),)),
    a_snapshot(version=6, refunds=(a_refund(500), a_refund(700, 2)), disputed=300),
    a_snapshot(version=7, refunds=(a_refund(500, status=RefundStatus.FAILED), a_refund(700, 2))),
)
"""What one provider said, in the order in which it happened."""


async def test_an_answer_moves_the_facts_and_ends_the_operation(ledger: Ledger) -> None:
    row = await captured(ledger)
    assert (row.state, row.facts.captured_minor) == (PaymentState.CAPTURED, TOTAL_MINOR)
    assert row.operations[0].state is OperationState.SUCCEEDED
    assert (row.version, row.updated_at_ms) == (2, 2_000)
    assert row.provider_payment_id == "at-provider-one"
    assert await ledger.payments.read(row.payment_id) == row
    (seen,) = await _observations(ledger)
    assert (seen.channel, seen.state_before, seen.state_after) == (
        "response", "created", "captured",
    )  # fmt: skip
    assert (seen.version, seen.captured_change_minor) == (2, TOTAL_MINOR)


async def test_a_decline_and_a_next_action_are_told(ledger: Ledger) -> None:
    row = await started(ledger)
    action = NextAction(kind="redirect", url="https://pay.example/1")
    snapshot = Snapshot(
        status=RemoteStatus.REQUIRES_ACTION, provider_payment_id="p", reference="one",
        amount=row.amount, is_live=False, next_action=action,
    )  # fmt: skip
    row = await _record(ledger, row, snapshot, Channel.RESPONSE, at_ms=2_000)
    assert (row.next_action, row.failure) == (action, None)
    found = await ledger.payments.read(row.payment_id)
    assert found is not None
    assert found.next_action == action
    row = await _record(ledger, row, a_snapshot(version=2), Channel.WEBHOOK, at_ms=2_500)
    assert row.next_action is None, "nobody has to pay twice"


async def test_an_observation_is_kept_when_it_is_new_or_comes_another_way(ledger: Ledger) -> None:
    row = await captured(ledger)
    webhook = [
        await _record(ledger, row, a_snapshot(), Channel.WEBHOOK, at_ms=at_ms)
        for at_ms in (3_000, 4_000)
    ]
    assert [each.version for each in webhook] == [3, 3]
    found = [(each.channel, each.at_ms) for each in await _observations(ledger)]
    assert found == [("response", 2_000), ("webhook", 3_000)]
    assert await ledger.payments.read(row.payment_id) == webhook[1]


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_order_and_the_number_of_tasks_the_facts_are_the_same(
    ledger: Ledger, address: Address, seed: int
) -> None:
    """Every change is added to what was there: none is lost, and the changes add up."""
    chance = random.Random(seed)
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
    row = await started(ledger)
    told = [*STORY, *chance.sample(STORY, 4)]
    chance.shuffle(told)
    await asyncio.gather(
        *(
            _record(chance.choice([ledger, other]), row, each, chance.choice(list(Channel)))
            for each in told
        )
    )
    await other.aclose()
    expected = NOTHING
    for each in STORY:
        expected = observe(expected, each, _expected(row))
    found = await ledger.payments.read(row.payment_id)
    assert found is not None
    assert found.facts == expected
    seen = await _observations(ledger)
    assert found.version == len(seen) + 1, "a change got lost"
    assert sum(each.captured_change_minor for each in seen) == expected.captured_minor
    assert sum(each.refunded_change_minor for each in seen) == expected.refunded_minor
    assert sum(each.disputed_change_minor for each in seen) == expected.disputed_minor
    states = [seen[0].state_before, *(each.state_after for each in seen)]
    assert [each.state_before for each in seen] == states[:-1], "the story has a gap"


async def test_every_order_of_three_gives_the_same_row(ledger: Ledger) -> None:
    for number, told in enumerate(itertools.permutations(STORY[2:5])):
        row = await started(ledger, a_payment(f"{number}", order=number, reference=f"r{number}"))
        for each in told:
            row = await _record(ledger, row, each, Channel.WEBHOOK)
        assert row.state is PaymentState.CAPTURED
        assert row.facts.pending_refund_minor == 500


async def test_an_operation_that_ended_stays_as_it_ended(ledger: Ledger) -> None:
    row = await captured(ledger)
    for state in OperationState:
        row = await ledger.payments.record(
            row.payment_id, operation_id=row.operations[0].operation_id, operation_state=state,
            error_code="late", channel=Channel.FETCH, at_ms=9_000,
        )  # fmt: skip
    assert row.operations[0].state is OperationState.SUCCEEDED
    assert row.operations[0].error_code is None


async def test_a_lost_answer_is_in_doubt_until_a_look_finds_it(ledger: Ledger) -> None:
    row = await started(ledger)
    initiate = row.operations[0].operation_id
    row = await ledger.payments.record(
        row.payment_id, operation_id=initiate, operation_state=OperationState.UNKNOWN,
        error_code="timeout", channel=Channel.RESPONSE, at_ms=2_000, next_at_ms=4_000,
    )  # fmt: skip
    assert (row.in_doubt, row.next_look_at_ms, row.looks) == (True, 4_000, 0)
    assert (row.operations[0].error_code, row.operations[0].next_at_ms) == ("timeout", 4_000)
    assert await _observations(ledger) == []
    row = await ledger.payments.record(
        row.payment_id, channel=Channel.FETCH, at_ms=4_000, next_at_ms=9_000
    )
    assert (row.in_doubt, row.looks) == (True, 1)
    row = await ledger.payments.record(
        row.payment_id, operation_id=initiate, operation_state=OperationState.SUCCEEDED,
        snapshot=a_snapshot(), channel=Channel.FETCH, at_ms=9_000,
    )  # fmt: skip
    assert (row.in_doubt, row.looks, row.operations[0].next_at_ms) == (False, 0, None)
    assert await ledger.payments.read(row.payment_id) == row


async def test_whoever_does_not_answer_is_asked_ever_more_rarely(ledger: Ledger) -> None:
    """Also if the command is sent again meanwhile."""
    row = await started(ledger)
    initiate = row.operations[0].operation_id
    looks = []
    for at_ms in range(1_000, 7_000, 1_000):
        row = await ledger.payments.record(
            row.payment_id, operation_id=initiate, operation_state=OperationState.UNKNOWN,
            error_code=f"at {at_ms}", channel=Channel.RESPONSE, at_ms=at_ms, next_at_ms=at_ms + 500,
        )  # fmt: skip
        looks.append(row.looks)
        if at_ms % 2_000 == 0:
            assert await ledger.payments.resubmit(
                initiate, lease_until_ms=at_ms + 900, at_ms=at_ms + 500
            )
    assert looks == [0, 1, 2, 3, 4, 5]


async def test_what_cannot_be_of_this_payment_is_an_integrity_fault(ledger: Ledger) -> None:
    row = await started(ledger)
    foreign = a_snapshot("another", total=Money(1, "EUR"))
    row = await _record(ledger, row, foreign, Channel.WEBHOOK)
    assert row.facts.integrity == {IntegrityFault.AMOUNT, IntegrityFault.REFERENCE}
    assert [each.payment_id for each in await ledger.payments.stuck(0, 9)] == [row.payment_id]


async def test_what_is_no_payment_or_operation_of_ours_is_a_contract_error(ledger: Ledger) -> None:
    row, other = await started(ledger), await started(ledger, a_payment("two", order=2))
    with pytest.raises(ContractError):
        await ledger.payments.record(
            row.payment_id, operation_id=other.operations[0].operation_id,
            operation_state=OperationState.SUCCEEDED, channel=Channel.FETCH, at_ms=1,
        )  # fmt: skip
    with pytest.raises(ContractError):
        await ledger.payments.record(
            type(row.payment_id)("pay_none"), snapshot=a_snapshot(), channel=Channel.FETCH, at_ms=1
        )


async def test_a_read_that_stood_before_the_lock_is_never_written_back(
    ledger: Ledger, address: Address
) -> None:
    """One waits for the lock while the other commits: what it then reads is what was committed."""
    row = await started(ledger)
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
    refund = a_snapshot(version=9, refunds=(a_refund(700, 2),))
    for number in range(20):
        await asyncio.gather(
            _record(ledger, row, a_snapshot(version=number), Channel.WEBHOOK),
            _record(other, row, refund, Channel.FETCH),
            ledger.payments.schedule(row.payment_id, 30_000 + number),
            other.payments.schedule(row.payment_id, 40_000 + number),
        )
    await other.aclose()
    found = await ledger.payments.read(row.payment_id)
    assert found is not None
    assert (found.facts.captured_minor, found.facts.refunded_minor) == (TOTAL_MINOR, 700)
    assert found.version == 1 + 40 + len(await _observations(ledger))


async def test_a_paid_checkout_needs_few_statements(ledger: Ledger) -> None:
    """Each is a round trip, and so are BEGIN and COMMIT. PostgreSQL is asked for the lock by a
    statement of its own, and writes in one."""
    await ledger.payments.read(a_payment().payment_id)
    statements: list[str] = []
    engine = ledger._database._writing.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts = []
    row = await started(ledger)
    counts.append(_work(statements))
    await ledger.payments.record(
        row.payment_id, operation_id=row.operations[0].operation_id, snapshot=STORY[3],
        operation_state=OperationState.SUCCEEDED, channel=Channel.RESPONSE, at_ms=2_000,
    )  # fmt: skip
    counts.append(_work(statements))
    await _record(ledger, row, STORY[4], Channel.WEBHOOK)
    counts.append(_work(statements))
    await ledger.payments.close(row.payment_id, Outcome.CONFIRMED, 9_000)
    counts.append(_work(statements))
    is_postgresql = engine.dialect.name == "postgresql"
    assert counts == ([3, 3, 3, 3] if is_postgresql else [3, 4, 3, 2])


def _work(statements: list[str]) -> int:
    count = sum(not each.startswith("BEGIN") for each in statements)
    statements.clear()
    return count


async def _record(
    ledger: Ledger, row: PaymentRow, snapshot: Snapshot, channel: Channel, at_ms: int = 2_000
) -> PaymentRow:
    return await ledger.payments.record(
        row.payment_id, snapshot=snapshot, channel=channel, at_ms=at_ms
    )


def _expected(row: PaymentRow) -> Expected:
    return Expected(amount=row.amount, reference=row.reference, is_live=row.is_live)


async def _observations(ledger: Ledger) -> Sequence[Row[Any]]:
    query = select(payment_observations).order_by(payment_observations.c.version)
    async with ledger._database.read() as connection:
        return (await connection.execute(query)).all()
