"""Beginning a payment: one at a time for each order; the same call again is the same payment."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.domain.ids import PaymentId
from app.ledger import (
    AlreadyStarted,
    AnotherOpen,
    CheckoutRow,
    Ledger,
    OperationKind,
    OperationState,
    Outcome,
    Started,
    open_ledger,
)
from app.ledger.payments.tables import PAYMENT_TABLES
from app.runtime.errors import ContractError
from payments import Money, PaymentState
from tests.ledger.conftest import Address
from tests.ledger.payments.tries import (
    TOTAL_MINOR,
    a_checkout,
    a_payment,
    order_id_of,
    refused,
    started,
)


async def test_a_payment_begins_with_its_first_command_being_sent(ledger: Ledger) -> None:
    row = await started(ledger)
    (operation,) = row.operations
    assert (row.state, row.outcome, row.version) == (PaymentState.CREATED, None, 1)
    assert (operation.kind, operation.state) == (OperationKind.INITIATE, OperationState.SUBMITTING)
    assert (operation.attempts, operation.amount_minor) == (1, TOTAL_MINOR)
    assert (operation.lease_until_ms, row.next_look_at_ms) == (5_000, 20_000)


async def test_what_was_started_is_read_as_it_was_answered(ledger: Ledger) -> None:
    row = await started(ledger)
    assert await ledger.payments.read(row.payment_id) == row
    assert await ledger.payments.of_order(row.order_id) == [row]
    assert await ledger.payments.find("sandbox", "main", "one") == row
    assert await ledger.payments.find("sandbox", "other", "one") is None
    assert await ledger.payments.read(PaymentId("pay_none")) is None


async def test_the_same_call_again_finds_its_payment(ledger: Ledger) -> None:
    row = await started(ledger)
    again = await ledger.payments.start(a_payment(at_ms=9_000))
    assert again == AlreadyStarted(row, same_fingerprint=True)
    other = await ledger.payments.start(a_payment(fingerprint="other"))
    assert other == AlreadyStarted(row, same_fingerprint=False)


async def test_an_order_has_one_open_payment(ledger: Ledger) -> None:
    row = await started(ledger)
    assert await ledger.payments.start(a_payment("two")) == AnotherOpen(row)
    assert await ledger.payments.read(PaymentId("pay_two")) is None
    await started(ledger, a_payment("three", order=2))


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED])
async def test_after_a_payment_failed_another_may_begin(ledger: Ledger, outcome: Outcome) -> None:
    first = await refused(ledger)
    await ledger.payments.close(first.payment_id, outcome, 2_000)
    second = await started(ledger, a_payment("two", at_ms=3_000))
    found = await ledger.payments.of_order(first.order_id)
    assert [each.payment_id for each in found] == [first.payment_id, second.payment_id]
    assert isinstance(await ledger.payments.start(a_payment()), AlreadyStarted)


@pytest.mark.parametrize(
    "checkout",
    [
        a_checkout(total=Money(TOTAL_MINOR - 1, "EUR")),
        a_checkout(total=Money(TOTAL_MINOR, "USD")),
        a_checkout(lines="cd"),
        a_checkout(event_id="another"),
        a_checkout(organiser_id="another"),
    ],
)
async def test_an_order_that_is_another_than_before_is_refused(
    ledger: Ledger, checkout: CheckoutRow
) -> None:
    await started(ledger)
    with pytest.raises(ContractError):
        await ledger.payments.start(replace(a_payment("two"), checkout=checkout))
    assert await ledger.payments.read(PaymentId("pay_two")) is None


async def test_a_payment_id_or_a_reference_of_another_order_is_refused(ledger: Ledger) -> None:
    await started(ledger)
    for new in (a_payment("one", order=2), a_payment("two", order=2, reference="one")):
        with pytest.raises(ContractError, match="another order"):
            await ledger.payments.start(new)
    assert await ledger.payments.of_order(order_id_of(2)) == []


async def test_a_first_key_that_is_known_is_refused_and_leaves_nothing(ledger: Ledger) -> None:
    await started(ledger)
    with pytest.raises(ContractError):
        await ledger.payments.start(a_payment("two", order=2, idempotency_key="key-one"))
    assert [await _count(ledger, name) for name in ("checkouts", "payments")] == [1, 1]


async def test_of_many_who_begin_at_once_for_one_order_one_wins(
    ledger: Ledger, address: Address
) -> None:
    others = [
        await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=20)
        for _ in range(2)
    ]
    for order in range(5):
        answers = await asyncio.gather(
            *(
                each.payments.start(a_payment(f"{order}-{number}", order=order))
                for number in range(4)
                for each in (ledger, *others)
            )
        )
        (winner,) = (each.row.payment_id for each in answers if isinstance(each, Started))
        for answer in answers:
            assert answer.row.payment_id == winner
            is_same_call = isinstance(answer, Started | AlreadyStarted)
            assert is_same_call or isinstance(answer, AnotherOpen)
    await asyncio.gather(*(each.aclose() for each in others))
    assert [await _count(ledger, name) for name in ("checkouts", "payments")] == [5, 5]


async def _count(ledger: Ledger, name: str) -> int:
    (table,) = (each for each in PAYMENT_TABLES if each.name == name)
    async with ledger._database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table)) or 0
