"""What is true of every decision, whatever was observed, in whatever order and whatever fails."""

import asyncio
import itertools
from dataclasses import replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.orders import Order, OrderStatus
from app.ledger import OperationKind, OperationRow, OperationState, Outcome, PaymentRow
from app.runtime.clock import SettableClock
from app.selling.paying.advancing import STEPS_MAX
from app.selling.paying.deciding import Freeze, Rest, decide
from payments import (
    NEXT_STATES,
    NOTHING,
    Capability,
    Expected,
    Money,
    PaymentFacts,
    PaymentState,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
    observe,
    state_of,
)
from tests.selling.paying.rows import (
    ALL,
    HOLD_END_MS,
    MINE,
    NOW_MS,
    OTHER,
    REFERENCE,
    TOTAL_MINOR,
    a_method,
    a_payment,
    an_operation,
    an_order,
)
from tests.selling.paying.small_world import Bank, Fault, World

R, S = RemoteStatus, OperationState
EXPECTED: Final = Expected(amount=Money(TOTAL_MINOR, "EUR"), reference=REFERENCE, is_live=False)


def _snapshot(
    status: RemoteStatus, version: int, refunds: list[tuple[int, RefundStatus]], disputed: int
) -> Snapshot:
    money = TOTAL_MINOR if status is R.CAPTURED else 0
    return Snapshot(
        status=status,
        provider_payment_id="pi_1",
        reference=REFERENCE,
        amount=Money(TOTAL_MINOR, "EUR"),
        is_live=False,
        authorized_minor=TOTAL_MINOR if status in {R.AUTHORIZED, R.CAPTURED} else 0,
        captured_minor=money,
        disputed_minor=disputed if money else 0,
        refunds=tuple(
            RefundState(
                refund_id="refund",
                provider_refund_id=f"re_{number}",
                amount=Money(amount, "EUR"),
                status=each,
            )
            for number, (amount, each) in enumerate(refunds if money else [])
        ),
        version=version,
    )


SNAPSHOTS = st.builds(
    _snapshot,
    status=st.sampled_from(R),
    version=st.integers(0, 3),
    refunds=st.lists(
        st.tuples(st.sampled_from([TOTAL_MINOR, 700, 1_800]), st.sampled_from(RefundStatus)),
        max_size=2,
    ),
    disputed=st.sampled_from([0, 0, 0, 500, TOTAL_MINOR]),
)


def _observed(snapshots: tuple[Snapshot, ...]) -> PaymentFacts:
    facts = NOTHING
    for each in snapshots:
        before, facts = state_of(facts), observe(facts, each, EXPECTED)
        after = state_of(facts)
        assert after is before or after in NEXT_STATES[before], f"{before} to {after}"
    return facts


OPERATIONS = st.builds(
    an_operation,
    kind=st.sampled_from(OperationKind),
    state=st.sampled_from(S),
    amount_minor=st.sampled_from([TOTAL_MINOR, 700]),
    lease_until_ms=st.sampled_from([NOW_MS - 1, NOW_MS + 5_000]),
    reason=st.sampled_from([None, "late", "duplicate", "requested"]),
    seen_as=st.sampled_from([None, "re_0", "re_1"]),
)
ORDERS = st.builds(
    an_order,
    status=st.sampled_from(OrderStatus),
    payment_id=st.sampled_from([MINE, OTHER, None]),
    ends_at_ms=st.sampled_from([HOLD_END_MS, NOW_MS, NOW_MS - 10**9]),
    refunded_minor=st.sampled_from([0, 700, TOTAL_MINOR]),
)
METHODS = st.sampled_from(
    [
        a_method(),
        a_method(ALL - {Capability.FETCH}),
        a_method(ALL - {Capability.AUTHORIZE, Capability.CANCEL}),
        a_method([Capability.WEBHOOKS]),
    ]
)
PAYMENTS = st.builds(
    lambda snapshots, operations, outcome, look: replace(
        a_payment(_observed(tuple(snapshots)), *operations, outcome=outcome),
        next_look_at_ms=look,
    ),
    snapshots=st.lists(SNAPSHOTS, max_size=4),
    operations=st.lists(OPERATIONS, max_size=3),
    outcome=st.none() | st.sampled_from(Outcome),
    look=st.sampled_from([None, NOW_MS, NOW_MS + 2_000]),
)


@given(st.lists(SNAPSHOTS, min_size=1, max_size=4), ORDERS, METHODS)
def test_in_whatever_order_things_are_heard_the_decision_is_the_same(
    snapshots: list[Snapshot], order: Order, method: object
) -> None:
    assert isinstance(method, type(a_method()))
    heard = {
        repr(decide(a_payment(_observed(each)), order, method, NOW_MS)): _observed(each)
        for each in itertools.permutations(snapshots)
    }
    assert len(heard) == 1
    twice = _observed((*snapshots, *reversed(snapshots)))
    assert twice in heard.values(), "and to hear it twice is to hear it once"


@settings(max_examples=500)
@given(PAYMENTS, ORDERS, METHODS)
def test_money_never_rests_without_an_order_or_a_way_back(
    payment: PaymentRow, order: Order, method: object
) -> None:
    assert isinstance(method, type(a_method()))
    step = decide(payment, order, method, NOW_MS)
    assert step == decide(payment, order, method, NOW_MS)
    if not isinstance(step, Rest) or payment.state is not PaymentState.CAPTURED:
        return
    is_settled = order.payment_id == MINE and order.status in {
        OrderStatus.CONFIRMED,
        OrderStatus.CANCELLED,
    }
    is_under_way = any(not each.is_ended for each in payment.operations)
    is_on_its_way = payment.facts.pending_refund_minor > 0
    assert is_settled or is_under_way or is_on_its_way, step


EVENTS = st.sampled_from(
    [
        *("approve", "authorize", "decline", "cancel_there", "refunds_fail"),
        *("release", "other_pays", "cancel_order", "sold_out", "wait", "wait_long"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    plan=st.sampled_from([R.CAPTURED, R.AUTHORIZED, R.REQUIRES_ACTION, R.PENDING, R.FAILED]),
    faults=st.lists(st.sampled_from(Fault), max_size=8),
    events=st.lists(EVENTS, max_size=6),
    method=METHODS.filter(lambda each: each.can(Capability.CANCEL)),
)
def test_whatever_happens_it_comes_to_rest_and_the_money_is_where_it_belongs(
    plan: RemoteStatus, faults: list[Fault], events: list[str], method: object
) -> None:
    assert isinstance(method, type(a_method()))
    operation: OperationRow = replace(
        an_operation(OperationKind.INITIATE, S.SUBMITTING, lease_until_ms=NOW_MS + 25_000),
        first_submitted_at_ms=NOW_MS,
    )
    world = World(
        clock=SettableClock(NOW_MS),
        bank=Bank(plan, iter(faults)),
        row=a_payment(NOTHING, operation, next_look_at_ms=NOW_MS + 25_000),
        order=an_order(OrderStatus.PAYING, payment_id=MINE),
        descriptor=method,
    )
    asyncio.run(_drive(world, events))

    step = decide(world.row, world.order, method, world.clock.now_ms())
    assert isinstance(step, Rest | Freeze), f"after {STEPS_MAX} steps there is more: {step}"
    kept = world.bank.kept_minor
    if isinstance(step, Freeze) or world.row.in_doubt or not method.can(Capability.FETCH):
        return  # a person looks, or nobody can
    is_mine = world.order.payment_id == MINE
    if is_mine and world.order.status in {OrderStatus.CONFIRMED, OrderStatus.CANCELLED}:
        assert TOTAL_MINOR in {kept, world.order.refunded.amount_minor}
    else:
        assert kept == 0, f"{kept} for an order that is {world.order.status}"
        assert not (is_mine and world.order.status is OrderStatus.PAYING)
        assert world.row.outcome is not None


async def _drive(world: World, events: list[str]) -> None:
    first = world.row.operations[0]
    await world.commanding.initiate(world.row, world.order, first)
    await _advance(world)
    has_notice = False
    for event in events:
        _happen(world, event)
        has_notice = not await _advance(world, is_notice=True)
    for _ in range(40):  # time passes, and every look that was planned is made
        due_ms = world.row.next_look_at_ms or world.clock.now_ms() + 3_600_000
        world.pass_time(max(due_ms - world.clock.now_ms(), 1_000) / 1_000)
        has_notice = not await _advance(world, is_notice=has_notice)


async def _advance(world: World, *, is_notice: bool = False) -> bool:
    """False: a notice that has to be followed up again."""
    bring_on = world.advancing.hear if is_notice else world.advancing.advance
    advanced = await bring_on(world.row)
    step = decide(world.row, world.order, world.descriptor, world.clock.now_ms())
    assert isinstance(step, Rest | Freeze), f"it does not end in {STEPS_MAX} steps: {step}"
    return advanced.is_heard


def _happen(world: World, event: str) -> None:
    order, bank = world.order, world.bank
    match event:
        case "approve" if bank.status:
            bank.become(R.CAPTURED)
        case "authorize" if bank.status in {R.FAILED, R.REQUIRES_ACTION, R.PENDING}:
            bank.become(R.AUTHORIZED)
        case "decline" if bank.status in {R.REQUIRES_ACTION, R.PENDING}:
            bank.become(R.FAILED)
        case "cancel_there" if bank.status in {R.AUTHORIZED, R.REQUIRES_ACTION, R.PENDING}:
            bank.become(R.CANCELLED)
        case "refunds_fail":
            bank.refund_status = RefundStatus.FAILED
        case "release" if order.status is OrderStatus.HELD:
            world.order = replace(order, status=OrderStatus.RELEASED)
        case "other_pays" if order.status is OrderStatus.HELD:
            world.order = replace(order, status=OrderStatus.CONFIRMED, payment_id=OTHER)
        case "cancel_order" if order.status is OrderStatus.CONFIRMED:
            world.order = replace(order, status=OrderStatus.CANCELLED)
        case "sold_out":
            world.has_stock = False
        case "wait":
            world.pass_time(30)
        case "wait_long":
            world.pass_time(2_000)
