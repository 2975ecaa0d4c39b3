"""What a person says of a payment is kept with its evidence, and does what it means at once."""

import json

from app.ledger import Attestation, Channel, Ledger, OperationState, Outcome
from payments import Money, PaymentState, RemoteStatus
from tests.ledger.payments.tries import a_payment, a_snapshot, captured, refused, started


async def test_an_operation_ends_by_what_a_person_knows_and_why_is_kept(ledger: Ledger) -> None:
    row = await started(ledger)
    operation = row.operations[0].operation_id
    said = Attestation(
        said=f"rejected {operation}",
        evidence="their support, ticket 4711",
        operation_id=operation,
        operation_state=OperationState.REJECTED,
    )
    after = await ledger.payments.attest(row, said, 9_000)
    assert after is not None
    assert after.operations[0].state is OperationState.REJECTED
    assert (after.state, after.version) == (PaymentState.CREATED, row.version + 1)
    assert await ledger.payments.read(row.payment_id) == after
    [kept] = await ledger.payments.observations(row.payment_id)
    assert (kept.channel, kept.at_ms, kept.version) == (Channel.OPERATOR, 9_000, after.version)
    told = json.loads(kept.said)
    assert told["evidence"] == "their support, ticket 4711"
    assert told["said"] == f"rejected {operation}"


async def test_every_word_of_a_person_is_kept_though_it_tells_nothing_new(ledger: Ledger) -> None:
    row = await captured(ledger)
    for evidence in ("first", "second"):
        again = await ledger.payments.attest(
            row, Attestation(said="refund", evidence=evidence), 9_000
        )
        assert again is not None
        row = again
    kept = await ledger.payments.observations(row.payment_id)
    said = [json.loads(each.said)["evidence"] for each in kept if each.channel is Channel.OPERATOR]
    assert said == ["first", "second"]


async def test_nothing_is_done_to_a_payment_that_has_changed_since_it_was_seen(
    ledger: Ledger,
) -> None:
    seen = await refused(ledger)
    await ledger.payments.record(
        seen.payment_id, snapshot=a_snapshot(), channel=Channel.WEBHOOK, at_ms=4_000
    )
    given_up = Attestation(said="give-up", evidence="nothing came", outcome=Outcome.FAILED)
    assert await ledger.payments.attest(seen, given_up, 9_000) is None
    now = await ledger.payments.read(seen.payment_id)
    assert now is not None
    assert (now.outcome, now.state) == (None, PaymentState.CAPTURED)


async def test_a_fault_is_shown_until_a_person_has_closed_it_and_again_when_there_is_news(
    ledger: Ledger,
) -> None:
    row = await started(ledger, a_payment(look_up_at_ms=20_000))
    row = await ledger.payments.record(
        row.payment_id,
        operation_id=row.operations[0].operation_id,
        operation_state=OperationState.SUCCEEDED,
        snapshot=a_snapshot(status=RemoteStatus.FAILED, total=Money(1, "EUR")),
        channel=Channel.RESPONSE,
        at_ms=2_000,
    )
    assert [each.payment_id for each in await ledger.payments.stuck(0, 9)] == [row.payment_id]
    closed = await ledger.payments.attest(
        row, Attestation(said="give-up", evidence="x", outcome=Outcome.FAILED), 9_000
    )
    assert closed is not None
    assert (closed.outcome, closed.next_look_at_ms) == (Outcome.FAILED, None)
    assert await ledger.payments.stuck(0, 9) == []
    await ledger.payments.record(
        row.payment_id, snapshot=a_snapshot(version=2), channel=Channel.WEBHOOK, at_ms=9_500
    )
    assert [each.payment_id for each in await ledger.payments.stuck(0, 9)] == [row.payment_id]
