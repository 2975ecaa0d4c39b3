"""The reducer: whatever is observed, in whatever order and however often, gives the same state, and
no step on the way leaves the table of legal edges."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import combinations_with_replacement, pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments import (
    NEXT_STATES,
    NOTHING,
    Decline,
    Expected,
    Failure,
    IntegrityFault,
    Money,
    NextAction,
    PaymentFacts,
    PaymentState,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
    join,
    observe,
    state_of,
)

S, R = PaymentState, RemoteStatus
EUR = Money(1000, "EUR")
EXPECTED = Expected(amount=EUR, reference="r" * 26, is_live=False)


def snapshot(status: RemoteStatus, version: int = 0, **more: object) -> Snapshot:
    """As a provider of this one payment would tell it."""
    plain = Snapshot(
        status=RemoteStatus.PENDING,
        provider_payment_id="pi_1",
        reference=EXPECTED.reference,
        amount=EUR,
        is_live=False,
        version=version,
    )
    told: dict[str, object] = {"status": status, **more}
    if status is R.AUTHORIZED:
        told.setdefault("authorized_minor", 1000)
    if status is R.CAPTURED:
        told.setdefault("captured_minor", 1000)
    return replace(plain, **told)  # type: ignore[arg-type]


def refund(number: int, minor: int, status: RefundStatus) -> RefundState:
    return RefundState(
        refund_id=f"r{number}",
        provider_refund_id=f"re_{number}",
        amount=Money(minor, "EUR"),
        status=status,
    )


REFUNDED = snapshot(R.CAPTURED, refunds=(refund(1, 1000, RefundStatus.SUCCEEDED),))
OBSERVATIONS = [
    snapshot(
        R.REQUIRES_ACTION, 1, next_action=NextAction(kind="redirect", url="https://x.example")
    ),
    snapshot(R.PENDING, 2),
    snapshot(R.AUTHORIZED, 3),
    snapshot(R.CAPTURED, 4),
    snapshot(R.FAILED, 2, failure=Failure(code=Decline.OTHER)),
    snapshot(R.CANCELLED, 5),
    snapshot(R.PENDING),
    snapshot(R.REQUIRES_ACTION, 3),
    snapshot(R.PENDING, 3),
    REFUNDED,
    snapshot(R.CAPTURED, 6, refunds=(refund(1, 1000, RefundStatus.FAILED),)),
    snapshot(R.CAPTURED, refunds=(refund(1, 400, RefundStatus.PENDING),)),
    snapshot(R.CAPTURED, is_live=True),
]


def observed(snapshots: Sequence[Snapshot]) -> PaymentFacts:
    return reduce(lambda facts, each: observe(facts, each, EXPECTED), snapshots, NOTHING)


minors = st.integers(0, 1200)
failures = st.none() | st.builds(Failure, code=st.sampled_from(Decline))
actions = st.none() | st.builds(
    NextAction,
    kind=st.just("wait"),
    poll_seconds=st.just(1.0),
    fields=st.permutations([("a", 1), ("b", 1), ("c", None)]).flatmap(
        lambda fields: st.integers(0, 3).map(lambda count: dict(fields[:count]))
    ),
)
refund_lists = st.lists(
    st.builds(refund, st.integers(1, 3), st.integers(1, 1000), st.sampled_from(RefundStatus)),
    max_size=3,
    unique_by=lambda each: each.provider_refund_id,
).map(tuple)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """All that a provider may say of one payment, true or not."""
    status = draw(st.sampled_from(RemoteStatus))
    return snapshot(
        status,
        draw(st.integers(0, 4)),
        authorized_minor=draw(minors) + (status is R.AUTHORIZED),
        captured_minor=draw(minors) + 1 if status is R.CAPTURED or draw(st.booleans()) else 0,
        disputed_minor=draw(minors),
        refunds=draw(refund_lists),
        next_action=draw(actions),
        failure=draw(failures),
        amount=draw(st.sampled_from([EUR, Money(1001, "EUR"), Money(1000, "USD")])),
        is_live=draw(st.booleans()),
        reference=draw(st.sampled_from([EXPECTED.reference, "other"])),
    )


facts = st.lists(snapshots(), max_size=4).map(observed)


@given(facts, facts)
def test_joining_does_not_care_which_comes_first(one: PaymentFacts, other: PaymentFacts) -> None:
    assert join(one, other) == join(other, one)


@given(facts, facts, facts)
def test_joining_does_not_care_which_meet_first(
    one: PaymentFacts, two: PaymentFacts, three: PaymentFacts
) -> None:
    assert join(join(one, two), three) == join(one, join(two, three))


@given(facts)
def test_joining_again_changes_nothing(one: PaymentFacts) -> None:
    assert join(one, one) == one
    assert join(one, NOTHING) == one


@given(facts, facts)
def test_joining_never_forgets(one: PaymentFacts, other: PaymentFacts) -> None:
    both = join(one, other)
    assert both.captured_minor >= one.captured_minor
    assert both.refunds.keys() >= one.refunds.keys()
    assert both.integrity >= one.integrity
    assert join(both, one) == both


def test_the_order_of_a_next_actions_fields_is_no_difference() -> None:
    """Text that is kept sorts them: what is read again must count like what was told."""

    def of(**fields: int) -> PaymentFacts:
        action = NextAction(kind="client_sdk", fields=fields)
        return observed([snapshot(R.REQUIRES_ACTION, next_action=action)])

    assert join(of(a=1, b=1), of(a=2)) == join(of(b=1, a=1), of(a=2))


def _walk(order: Sequence[Snapshot]) -> list[PaymentState]:
    seen, states = NOTHING, [state_of(NOTHING)]
    for each in order:
        seen = observe(seen, each, EXPECTED)
        states.append(state_of(seen))
    return states


def _is_legal(states: Sequence[PaymentState]) -> bool:
    return all(one is two or two in NEXT_STATES[one] for one, two in pairwise(states))


@pytest.mark.parametrize("first", range(len(OBSERVATIONS)))
def test_no_order_of_four_observations_matters_or_leaves_the_table(first: int) -> None:
    """Every set of up to four, with repetition, in every order."""
    for others in combinations_with_replacement(OBSERVATIONS[first:], 3):
        ends = set()
        for order in permutations([OBSERVATIONS[first], *others]):
            states = _walk(order)
            assert _is_legal(states), states
            ends.add(states[-1])
        assert len(ends) == 1


@settings(max_examples=200)
@given(st.lists(snapshots(), max_size=7), st.randoms(use_true_random=False))
def test_no_order_of_any_observations_matters_or_leaves_the_table(
    told: list[Snapshot], dice: "object"
) -> None:
    shuffled = [*told, *told]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert observed(shuffled) == observed(told)
    for order in (told, shuffled):
        states = _walk(order)
        assert _is_legal(states), states


def test_every_legal_edge_is_walked_by_some_observations() -> None:
    """The table holds nothing that cannot happen."""
    walked = {
        edge
        for order in permutations(OBSERVATIONS, 3)
        for edge in pairwise(_walk(order))
        if edge[0] is not edge[1]
    }
    legal = {(one, two) for one, nexts in NEXT_STATES.items() for two in nexts}
    assert walked == legal


def test_money_that_was_taken_is_never_untaken() -> None:
    for status in (R.FAILED, R.CANCELLED, R.PENDING):
        late = observed([snapshot(R.CAPTURED, 1), snapshot(status, 9)])
        assert state_of(late) is S.CAPTURED


def test_a_partial_refund_leaves_it_captured_and_the_last_part_ends_it() -> None:
    part = refund(1, 400, RefundStatus.SUCCEEDED)
    facts = observed([snapshot(R.CAPTURED, refunds=(part,))])
    assert (state_of(facts), facts.refunded_minor) == (S.CAPTURED, 400)
    rest = refund(2, 600, RefundStatus.PENDING)
    facts = observe(facts, snapshot(R.CAPTURED, refunds=(part, rest)), EXPECTED)
    assert (state_of(facts), facts.pending_refund_minor) == (S.CAPTURED, 600)
    done = replace(rest, status=RefundStatus.SUCCEEDED)
    facts = observe(facts, snapshot(R.CAPTURED, refunds=(part, done)), EXPECTED)
    assert (state_of(facts), facts.integrity) == (S.REFUNDED, frozenset())


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (snapshot(R.CAPTURED, amount=Money(999, "EUR")), IntegrityFault.AMOUNT),
        (snapshot(R.CAPTURED, amount=Money(1000, "USD")), IntegrityFault.CURRENCY),
        (snapshot(R.CAPTURED, reference="other"), IntegrityFault.REFERENCE),
        (snapshot(R.CAPTURED, is_live=True), IntegrityFault.LIVENESS),
        (snapshot(R.CAPTURED, captured_minor=1001), IntegrityFault.OVER_CAPTURE),
        (
            snapshot(R.CAPTURED, refunds=(refund(1, 1001, RefundStatus.SUCCEEDED),)),
            IntegrityFault.OVER_REFUND,
        ),
        (
            snapshot(
                R.CAPTURED,
                refunds=(replace(refund(1, 1, RefundStatus.PENDING), amount=Money(1, "USD")),),
            ),
            IntegrityFault.CURRENCY,
        ),
    ],
    ids=lambda value: value.value if isinstance(value, IntegrityFault) else "",
)
def test_what_cannot_be_of_this_payment_is_remembered_for_ever(
    told: Snapshot, fault: IntegrityFault
) -> None:
    assert fault in observed([told]).integrity
    assert fault in observed([told, snapshot(R.CAPTURED, 9)]).integrity
