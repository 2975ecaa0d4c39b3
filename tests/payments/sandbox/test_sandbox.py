"""The sandbox: what happens stands in its books, however it was told."""

import asyncio
from dataclasses import replace

import pytest

from payments import (
    Decline,
    Found,
    InvalidMessage,
    KeyConflict,
    Money,
    NotFound,
    OutcomeUnknown,
    PaymentMethodError,
    RateLimited,
    RefundStatus,
    RemoteStatus,
    RequestRefused,
    Scalar,
    Snapshot,
    Unreachable,
)
from payments.testing import Books, Provider, Queue, parse
from payments.testing.sandbox import Sandbox
from tests.payments.calls import NOW, cancel, capture, fetch, initiate, new_reference, refund

S = RemoteStatus
EUR = Money(1050, "EUR")


async def _found(sandbox: Sandbox, reference: str) -> Snapshot:
    found = await sandbox.fetch(fetch(reference))
    assert isinstance(found, Found)
    return found.snapshot


async def test_without_a_script_it_approves(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    snapshot = await sandbox.initiate(initiate(reference))
    assert (snapshot.status, snapshot.captured_minor) == (S.CAPTURED, 1050)
    assert not snapshot.is_live
    assert books.taken() == {"EUR": 1050}


async def test_without_a_script_it_reserves_and_takes_when_asked(
    sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    snapshot = await sandbox.initiate(initiate(reference, capture=False))
    assert (snapshot.status, snapshot.authorized_minor, snapshot.captured_minor) == (
        S.AUTHORIZED,
        1050,
        0,
    )
    assert books.taken() == {}
    assert (await sandbox.capture(capture(reference))).status is S.CAPTURED
    assert (await sandbox.capture(capture(reference, key="again"))).captured_minor == 1050
    assert books.taken() == {"EUR": 1050}


async def test_a_decline_is_an_answer(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    snapshot = await sandbox.initiate(initiate(reference, script="decline:card_expired"))
    assert snapshot.status is S.FAILED
    assert snapshot.failure is not None
    assert snapshot.failure.code is Decline.CARD_EXPIRED
    assert books.taken() == {}


@pytest.mark.parametrize(
    ("script", "error", "charged"),
    [
        ("refused_connection", Unreachable, 0),
        ("rate_limited:7", RateLimited, 0),
        ("timeout_before", OutcomeUnknown, 0),
        ("timeout_after", OutcomeUnknown, 1050),
        ("http_500", OutcomeUnknown, 1050),
        ("garbage", OutcomeUnknown, 1050),
        ("timeout_after decline:other", OutcomeUnknown, 0),
    ],
)
async def test_a_fault_is_told_and_the_books_know_what_happened(
    script: str, error: type[PaymentMethodError], charged: int, sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    with pytest.raises(error) as raised:
        await sandbox.initiate(initiate(reference, script=script))
    assert type(raised.value) is error
    assert books.charged_minor(reference) == charged
    found = await sandbox.fetch(fetch(reference))
    assert isinstance(found, Found) == (charged > 0 or "decline" in script)


async def test_a_request_that_was_lost_can_be_sent_again(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    request = initiate(reference, script="refused_connection timeout_before timeout_after")
    for _ in range(3):
        with pytest.raises((Unreachable, OutcomeUnknown)):
            await sandbox.initiate(request)
    assert (await sandbox.initiate(request)).captured_minor == 1050
    assert books.taken() == {"EUR": 1050}
    assert books.requests(reference) == [
        ("initiate", False),
        ("initiate", True),
        ("initiate", False),
    ]


async def test_one_key_is_one_charge_however_many_ask_at_once(
    sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    request = initiate(reference)
    snapshots = await asyncio.gather(*(sandbox.initiate(request) for _ in range(10)))
    assert {each.captured_minor for each in snapshots} == {1050}
    assert books.taken() == {"EUR": 1050}


async def test_a_key_that_returns_with_other_parameters_is_a_conflict(
    sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    await sandbox.initiate(initiate(reference))
    with pytest.raises(KeyConflict):
        await sandbox.initiate(initiate(reference, Money(1051, "EUR")))
    with pytest.raises(KeyConflict):
        await sandbox.initiate(initiate(new_reference(), key=f"{reference}:initiate"))
    with pytest.raises(RequestRefused, match="reference_used"):
        await sandbox.initiate(initiate(reference, key="another"))
    assert books.taken() == {"EUR": 1050}


@pytest.mark.parametrize("first", ["action", "pending"])
async def test_what_waits_goes_on_at_the_next_look_up(first: str, sandbox: Sandbox) -> None:
    reference = new_reference()
    snapshot = await sandbox.initiate(initiate(reference, script=f"{first} approve"))
    assert snapshot.next_action is not None
    assert snapshot.captured_minor == 0
    assert (await _found(sandbox, reference)).status is S.CAPTURED


async def test_what_waits_for_nothing_waits_until_the_test_says_so(
    sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    await sandbox.initiate(initiate(reference, script="action"))
    assert (await _found(sandbox, reference)).status is S.REQUIRES_ACTION
    assert (await sandbox.cancel(cancel(reference))).status is S.CANCELLED
    provider = Provider(books, lambda: NOW)
    provider.proceed("main", reference, parse("approve", Queue.SCRIPT))
    late = await _found(sandbox, reference)
    assert (late.status, late.captured_minor) == (S.CAPTURED, 1050)


async def test_the_script_goes_on_through_capture(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    script = "authorize timeout_after"
    await sandbox.initiate(initiate(reference, capture=False, script=script))
    with pytest.raises(OutcomeUnknown):
        await sandbox.capture(capture(reference))
    assert books.charged_minor(reference) == 1050


async def test_a_reservation_can_run_out_before_it_is_taken(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    script = "authorize decline:expired"
    await sandbox.initiate(initiate(reference, capture=False, script=script))
    assert (await sandbox.capture(capture(reference))).status is S.CANCELLED
    with pytest.raises(RequestRefused, match="not_authorized"):
        await sandbox.capture(capture(reference, key="again"))
    assert books.taken() == {}


async def test_a_capture_that_waits_is_done_at_the_next_look_up(sandbox: Sandbox) -> None:
    reference = new_reference()
    script = "authorize pending approve"
    await sandbox.initiate(initiate(reference, capture=False, script=script))
    assert (await sandbox.capture(capture(reference))).status is S.PENDING
    assert (await _found(sandbox, reference)).status is S.CAPTURED


async def test_a_cancel_lets_go_and_never_takes_back_what_was_taken(sandbox: Sandbox) -> None:
    reserved, taken = new_reference(), new_reference()
    await sandbox.initiate(initiate(reserved, capture=False))
    assert (await sandbox.cancel(cancel(reserved))).status is S.CANCELLED
    with pytest.raises(RequestRefused):
        await sandbox.capture(capture(reserved))
    await sandbox.initiate(initiate(taken))
    assert (await sandbox.cancel(cancel(taken))).status is S.CAPTURED
    with pytest.raises(RequestRefused, match="no_such_payment"):
        await sandbox.cancel(cancel(new_reference()))


async def test_refunds_are_listed_and_never_more_than_was_taken(
    sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    await sandbox.initiate(initiate(reference, refunds="ok pending"))
    await sandbox.refund(refund(reference, Money(50, "EUR")))
    await sandbox.refund(refund(reference, Money(50, "EUR")))
    snapshot = await sandbox.refund(refund(reference, Money(900, "EUR"), "r2"))
    assert [(each.refund_id, each.status) for each in snapshot.refunds] == [
        ("r1", RefundStatus.SUCCEEDED),
        ("r2", RefundStatus.PENDING),
    ]
    with pytest.raises(RequestRefused, match="over_refund"):
        await sandbox.refund(refund(reference, Money(101, "EUR"), "r3"))
    assert books.taken() == {"EUR": 1000}
    await _found(sandbox, reference)
    assert books.taken() == {"EUR": 100}


async def test_a_refund_can_be_lost_or_fail_later(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    await sandbox.initiate(initiate(reference, refunds="timeout_after fail_later"))
    with pytest.raises(OutcomeUnknown):
        await sandbox.refund(refund(reference, EUR))
    again = await sandbox.refund(refund(reference, EUR))
    assert [each.status for each in again.refunds] == [RefundStatus.SUCCEEDED]
    later = await _found(sandbox, reference)
    assert [each.status for each in later.refunds] == [RefundStatus.FAILED]
    assert books.taken() == {"EUR": 1050}


async def test_a_look_up_can_fail_like_anything_else(sandbox: Sandbox) -> None:
    reference = new_reference()
    await sandbox.initiate(initiate(reference, lookups="timeout_before http_500"))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await sandbox.fetch(fetch(reference))
    assert (await _found(sandbox, reference)).status is S.CAPTURED
    assert await sandbox.fetch(fetch(new_reference())) == NotFound()


@pytest.mark.parametrize(
    ("script", "amount"),
    [("wrong_amount", Money(1051, "EUR")), ("wrong_currency", Money(1050, "USD"))],
)
async def test_it_can_take_other_money_than_was_asked_for(
    script: str, amount: Money, sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    assert (await sandbox.initiate(initiate(reference, script=script))).amount == amount
    assert books.taken() == {amount.currency: amount.amount_minor}


@pytest.mark.parametrize(
    "method_input",
    [
        {"script": "explode"},
        {"script": "decline:because"},
        {"script": "slow:-1"},
        {"script": "slow:999999999"},
        {"script": "approve:1"},
        {"script": "copies:2"},
        {"script": True},
        {"script": "approve " * 51},
        {"refunds": "approve"},
        {"lookups": "approve"},
        {"webhooks": "approve"},
        {"card_number": "4242"},
    ],
    ids=str,
)
async def test_a_script_that_says_nothing_is_refused_before_anything_happens(
    method_input: dict[str, Scalar], sandbox: Sandbox, books: Books
) -> None:
    reference = new_reference()
    with pytest.raises(RequestRefused):
        await sandbox.initiate(replace(initiate(reference), method_input=method_input))
    assert books.requests(reference) == []


async def test_a_test_can_say_what_happens_to_the_next_payment(
    sandbox: Sandbox, books: Books
) -> None:
    books.program("decline:do_not_honor")
    first, second = new_reference(), new_reference()
    assert (await sandbox.initiate(initiate(first))).status is S.FAILED
    assert (await sandbox.initiate(initiate(second))).status is S.CAPTURED


async def test_a_slow_answer_does_not_hold_up_anybody_else(sandbox: Sandbox) -> None:
    reference = new_reference()
    slow = asyncio.create_task(sandbox.initiate(initiate(reference, script="slow:60000")))
    async with asyncio.timeout(30):
        while isinstance(await sandbox.fetch(fetch(reference)), NotFound):
            pass
        await sandbox.initiate(initiate(new_reference()))
    assert not slow.done()
    slow.cancel()


async def test_amounts_it_does_not_take_are_refused(sandbox: Sandbox, books: Books) -> None:
    reference = new_reference()
    with pytest.raises(RequestRefused, match="amount"):
        await sandbox.initiate(initiate(reference, Money(10, "RWF")))
    with pytest.raises(InvalidMessage):
        initiate(reference, Money(0, "EUR"))
    assert books.requests(reference) == []
