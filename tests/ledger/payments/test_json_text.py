"""Facts and snapshots come back from their text exactly, whatever a provider said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.payments.json_text import (
    read_facts,
    read_scalars,
    read_snapshot,
    write_facts,
    write_redacted,
    write_scalars,
    write_snapshot,
)
from app.runtime.errors import ContractError
from payments import (
    Decline,
    Failure,
    IntegrityFault,
    Money,
    NextAction,
    PaymentFacts,
    Progress,
    RefundFact,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Scalar,
    Snapshot,
)

# Any text at all: zero bytes and halves of surrogate pairs too.
TEXTS = st.text(st.characters(), max_size=8)
NAMES = st.text(st.characters(), min_size=1, max_size=8).filter(str.isprintable)
AMOUNTS = st.integers(0, 2**53 - 1)
SCALARS: st.SearchStrategy[Scalar] = st.one_of(TEXTS, st.integers(), st.booleans(), st.none())
FIELDS = st.dictionaries(TEXTS, SCALARS, max_size=4)
ACTIONS = st.builds(
    NextAction,
    kind=st.sampled_from(["redirect", "post_form", "client_sdk", "instructions", "wait"]),
    url=st.builds("https://".__add__, TEXTS),
    fields=FIELDS,
    poll_seconds=st.none() | st.floats(0.001, 3600.0),
)
FAILURES = st.builds(
    Failure,
    code=st.sampled_from(Decline),
    provider_code=st.none() | TEXTS,
    retry=st.sampled_from(["same", "other_instrument", "never"]),
)
PROGRESS = st.builds(
    Progress,
    version=AMOUNTS,
    status=st.sampled_from(RemoteStatus),
    next_action=st.none() | ACTIONS,
    failure=st.none() | FAILURES,
)
REFUND_FACTS = st.builds(RefundFact, amount_minor=AMOUNTS, status=st.sampled_from(RefundStatus))
FACTS = st.builds(
    PaymentFacts,
    authorized_minor=AMOUNTS,
    captured_minor=AMOUNTS,
    disputed_minor=AMOUNTS,
    is_cancelled=st.booleans(),
    refunds=st.dictionaries(NAMES, REFUND_FACTS, max_size=3),
    progress=st.none() | PROGRESS,
    integrity=st.frozensets(st.sampled_from(IntegrityFault)),
)
REFUND_STATES = st.builds(
    RefundState,
    refund_id=st.none() | NAMES,
    provider_refund_id=NAMES,
    amount=st.builds(Money, st.integers(1, 10**9), st.sampled_from(["EUR", "JPY"])),
    status=st.sampled_from(RefundStatus),
)
SNAPSHOTS = st.builds(
    Snapshot,
    status=st.sampled_from(RemoteStatus),
    provider_payment_id=NAMES,
    reference=NAMES,
    amount=st.builds(Money, AMOUNTS, st.sampled_from(["EUR", "JPY"])),
    is_live=st.booleans(),
    authorized_minor=st.integers(1, 10**9),
    captured_minor=st.integers(1, 10**9),
    disputed_minor=AMOUNTS,
    refunds=st.lists(REFUND_STATES, max_size=3, unique_by=lambda each: each.provider_refund_id).map(
        tuple
    ),
    version=AMOUNTS,
    next_action=st.none() | ACTIONS,
    failure=st.none() | FAILURES,
    evidence=FIELDS,
)


@given(FACTS)
def test_facts_come_back_as_they_were_written(facts: PaymentFacts) -> None:
    text = write_facts(facts)
    found = read_facts(text)
    assert found == facts
    assert write_facts(found) == text
    assert text.isascii()


@given(FACTS)
def test_the_same_facts_are_the_same_text_in_whatever_order_they_came(facts: PaymentFacts) -> None:
    backwards = PaymentFacts(
        authorized_minor=facts.authorized_minor,
        captured_minor=facts.captured_minor,
        disputed_minor=facts.disputed_minor,
        is_cancelled=facts.is_cancelled,
        refunds=dict(list(facts.refunds.items())[::-1]),
        progress=facts.progress,
        integrity=frozenset(sorted(facts.integrity, reverse=True)),
    )
    assert write_facts(backwards) == write_facts(facts)


@given(SNAPSHOTS)
def test_snapshots_come_back_as_they_were_written(snapshot: Snapshot) -> None:
    assert read_snapshot(write_snapshot(snapshot)) == snapshot


@given(st.dictionaries(TEXTS, SCALARS))
def test_scalars_keep_their_kind(values: dict[str, Scalar]) -> None:
    found = read_scalars(write_scalars(values))
    assert found == values
    assert [type(found[each]) for each in values] == [type(each) for each in values.values()]


def test_what_an_observation_keeps_holds_nothing_of_the_buyers_next_step() -> None:
    action = NextAction(
        kind="client_sdk", url="https://pay.example/a", fields={"client_secret": "cs_canary"}
    )
    snapshot = Snapshot(
        status=RemoteStatus.REQUIRES_ACTION, provider_payment_id="p", reference="r",
        amount=Money(1, "EUR"), is_live=True, next_action=action, evidence={"code": "0190"},
    )  # fmt: skip
    text = write_redacted(snapshot)
    assert "canary" not in text
    assert "pay.example" not in text
    assert read_snapshot(text).evidence == {"code": "0190"}


def test_whole_seconds_are_read_as_they_were_written() -> None:
    """A method may say 5 where 5.0 is declared."""
    progress = Progress(
        version=1,
        status=RemoteStatus.PENDING,
        next_action=NextAction(kind="wait", poll_seconds=5),
    )
    facts = PaymentFacts(progress=progress)
    assert read_facts(write_facts(facts)) == facts


def test_what_could_not_be_read_again_is_not_written() -> None:
    wrong: list[Any] = [190, True, b"190"]
    for code in wrong:
        failure = Failure(code=Decline.OTHER)
        object.__setattr__(failure, "provider_code", code)  # as no method can make it
        progress = Progress(version=1, status=RemoteStatus.FAILED, failure=failure)
        with pytest.raises(ContractError):
            write_facts(PaymentFacts(progress=progress))


def test_a_text_of_before_a_field_was_there_has_its_default() -> None:
    text = write_facts(PaymentFacts(captured_minor=5))
    older = text.replace('"disputed_minor":0,', "")
    assert older != text
    assert read_facts(older) == PaymentFacts(captured_minor=5)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"captured_minor":"many"}', '{"integrity":["bad luck"]}']
)
def test_a_text_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(ContractError):
        read_facts(text)
