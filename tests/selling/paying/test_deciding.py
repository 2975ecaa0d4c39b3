"""What comes next for a payment: every branch of the decision, by an example."""

from dataclasses import replace
from typing import Final

import pytest

from app.domain.orders import Order, OrderStatus
from app.ledger import OperationKind, OperationState, Outcome, PaymentRow
from app.selling.paying.deciding import (
    DOUBT_GRACE_MS,
    BeginAgain,
    Cancel,
    Capture,
    Close,
    Confirm,
    EndOperation,
    ExpireHold,
    Freeze,
    GiveHoldBack,
    LookUp,
    Reacquire,
    ReflectRefund,
    Resolve,
    Rest,
    ReturnMoney,
    ReturnReason,
    Step,
    decide,
)
from payments import Capability, IntegrityFault, RefundStatus, RemoteStatus
from tests.selling.paying.rows import (
    ACTION,
    ALL,
    AUTHORIZED,
    CANCELLED,
    CAPTURED,
    FAILED,
    HOLD_END_MS,
    MINE,
    NOW_MS,
    OTHER,
    REFUNDED,
    RETURN_ID,
    RETURNED,
    TOTAL_MINOR,
    a_method,
    a_payment,
    an_operation,
    an_order,
    facts_of,
)

O, K, S, R = OrderStatus, OperationKind, OperationState, RemoteStatus  # noqa: E741 - a table
LOOK_MS: Final = NOW_MS + 2_000
PAYING = an_order(O.PAYING, payment_id=MINE)
OVER = an_order(O.PAYING, payment_id=MINE, ends_at_ms=NOW_MS)
HELD, EXPIRED, RELEASED = an_order(O.HELD), an_order(O.EXPIRED), an_order(O.RELEASED)
OVERDUE = an_order(O.HELD, ends_at_ms=NOW_MS)
CONFIRMED = an_order(O.CONFIRMED, payment_id=MINE)
CANCELLED_ORDER = an_order(O.CANCELLED, payment_id=MINE)
OTHERS = [an_order(each, payment_id=OTHER) for each in (O.PAYING, O.CONFIRMED, O.CANCELLED)]

INITIATING = an_operation(K.INITIATE, S.SUBMITTING)
LEFT_ALONE = an_operation(K.INITIATE, S.SUBMITTING, lease_until_ms=NOW_MS)
DOUBTED = an_operation(K.INITIATE, S.UNKNOWN)
CAPTURING = an_operation(K.CAPTURE, S.UNKNOWN)
CANCELLING = an_operation(K.CANCEL, S.UNKNOWN)
REFUNDING = an_operation(K.REFUND, S.PENDING, reason="late", seen_as=RETURN_ID)
CAPTURE_REFUSED = an_operation(K.CAPTURE, S.REJECTED)
CANCEL_REFUSED = an_operation(K.CANCEL, S.REJECTED)
NO_CANCEL = ALL - {Capability.CANCEL, Capability.AUTHORIZE}
NO_FETCH = ALL - {Capability.FETCH}


def _refunds(status: RefundStatus, amount: int = TOTAL_MINOR) -> object:
    return facts_of(R.CAPTURED, captured=TOTAL_MINOR, refunds={RETURN_ID: (amount, status)})


def _due(payment: PaymentRow) -> PaymentRow:
    return replace(payment, next_look_at_ms=NOW_MS)


FAULTY = replace(CAPTURED, integrity=frozenset({IntegrityFault.AMOUNT}))
PART = facts_of(
    R.CAPTURED, captured=TOTAL_MINOR, refunds={RETURN_ID: (700, RefundStatus.SUCCEEDED)}
)
PENDING_PART = facts_of(
    R.CAPTURED, captured=TOTAL_MINOR, refunds={RETURN_ID: (700, RefundStatus.PENDING)}
)
PENDING_BACK = facts_of(
    R.CAPTURED, captured=TOTAL_MINOR, refunds={RETURN_ID: (TOTAL_MINOR, RefundStatus.PENDING)}
)
FAILED_BACK = facts_of(
    R.CAPTURED, captured=TOTAL_MINOR, refunds={RETURN_ID: (TOTAL_MINOR, RefundStatus.FAILED)}
)
LESS = facts_of(R.CAPTURED, captured=TOTAL_MINOR - 1)
DISPUTED = facts_of(R.CAPTURED, captured=TOTAL_MINOR, disputed=TOTAL_MINOR)
CLOSED = {each: a_payment(FAILED, outcome=each) for each in Outcome}

TABLE: dict[str, tuple[PaymentRow, Order, Step]] = {
    # What cannot be, whatever else is known.
    "a fault": (a_payment(FAULTY), PAYING, Freeze()),
    "a fault of a settled one": (a_payment(FAULTY, outcome=Outcome.CONFIRMED), CONFIRMED, Freeze()),
    "less than all was taken": (a_payment(LESS), PAYING, Freeze()),
    # A command whose end the facts show.
    "initiated, as it turns out": (
        a_payment(ACTION, DOUBTED),
        PAYING,
        EndOperation(DOUBTED, S.SUCCEEDED),
    ),
    "initiated while it is still being sent": (
        a_payment(ACTION, INITIATING),
        PAYING,
        EndOperation(INITIATING, S.SUCCEEDED),
    ),
    "captured, as it turns out": (
        a_payment(CAPTURED, CAPTURING),
        PAYING,
        EndOperation(CAPTURING, S.SUCCEEDED),
    ),
    "a capture after the reservation ran out": (
        a_payment(CANCELLED, CAPTURING),
        PAYING,
        EndOperation(CAPTURING, S.REJECTED),
    ),
    "a capture that failed": (
        a_payment(FAILED, CAPTURING),
        PAYING,
        EndOperation(CAPTURING, S.REJECTED),
    ),
    "cancelled, as it turns out": (
        a_payment(CANCELLED, CANCELLING),
        PAYING,
        EndOperation(CANCELLING, S.SUCCEEDED),
    ),
    "a cancel that came after the money": (
        a_payment(CAPTURED, CANCELLING),
        PAYING,
        EndOperation(CANCELLING, S.REJECTED),
    ),
    "a refund that succeeded meanwhile": (
        a_payment(REFUNDED, REFUNDING),
        EXPIRED,
        EndOperation(REFUNDING, S.SUCCEEDED),
    ),
    "a refund that failed meanwhile": (
        a_payment(FAILED_BACK, REFUNDING),
        EXPIRED,
        EndOperation(REFUNDING, S.REJECTED),
    ),
    # A command whose end nobody knows.
    "being sent": (a_payment(facts_of(), INITIATING), PAYING, Rest(INITIATING.lease_until_ms)),
    "left alone by its sender": (a_payment(facts_of(), LEFT_ALONE), PAYING, Resolve(LEFT_ALONE)),
    "in doubt, not due": (a_payment(facts_of(), DOUBTED), PAYING, Rest(LOOK_MS)),
    "in doubt, due": (_due(a_payment(facts_of(), DOUBTED)), PAYING, Resolve(DOUBTED)),
    "in doubt past the hold, not due": (a_payment(facts_of(), DOUBTED), OVER, Rest(LOOK_MS)),
    "in doubt past the grace": (
        a_payment(facts_of(), DOUBTED),
        an_order(O.PAYING, payment_id=MINE, ends_at_ms=NOW_MS - DOUBT_GRACE_MS),
        ExpireHold(),
    ),
    "a capture in doubt past the grace keeps its units": (
        a_payment(AUTHORIZED, CAPTURING),
        an_order(O.PAYING, payment_id=MINE, ends_at_ms=NOW_MS - DOUBT_GRACE_MS),
        Rest(LOOK_MS),
    ),
    "a refund on its way, not due": (a_payment(PENDING_BACK, REFUNDING), EXPIRED, Rest(LOOK_MS)),
    "a refund on its way, due": (
        _due(a_payment(PENDING_BACK, REFUNDING)),
        EXPIRED,
        Resolve(REFUNDING),
    ),
    # The money is there.
    "taken": (a_payment(CAPTURED), PAYING, Confirm()),
    "taken after the hold's time": (a_payment(CAPTURED), OVER, Confirm()),
    "confirmed, not closed": (a_payment(CAPTURED), CONFIRMED, Close(Outcome.CONFIRMED)),
    "confirmed after a failure": (
        a_payment(CAPTURED, outcome=Outcome.FAILED),
        CONFIRMED,
        Close(Outcome.CONFIRMED),
    ),
    "confirmed and closed": (a_payment(CAPTURED, outcome=Outcome.CONFIRMED), CONFIRMED, Rest(None)),
    "a part went back": (
        a_payment(PART, outcome=Outcome.CONFIRMED),
        CONFIRMED,
        ReflectRefund(700),
    ),
    "a part went back, and the order knows": (
        a_payment(PART, outcome=Outcome.CONFIRMED),
        replace(CONFIRMED, refunded=an_order(refunded_minor=700).refunded),
        Rest(None),
    ),
    "a part went back after a cancel": (
        a_payment(PART, outcome=Outcome.CONFIRMED),
        CANCELLED_ORDER,
        ReflectRefund(700),
    ),
    "a part is on its way": (
        a_payment(PENDING_PART, outcome=Outcome.CONFIRMED),
        CONFIRMED,
        Rest(LOOK_MS),
    ),
    "a part is on its way, due": (
        _due(a_payment(PENDING_PART, outcome=Outcome.CONFIRMED)),
        CONFIRMED,
        LookUp(),
    ),
    "late, for a hold": (a_payment(CAPTURED, outcome=Outcome.FAILED), HELD, BeginAgain()),
    "late, for a hold that is over": (a_payment(CAPTURED), OVERDUE, BeginAgain()),
    "late, expired": (a_payment(CAPTURED, outcome=Outcome.EXPIRED), EXPIRED, Reacquire()),
    "late, released": (a_payment(CAPTURED, outcome=Outcome.FAILED), RELEASED, Reacquire()),
    **{
        f"late, {each.status} by another": (
            a_payment(CAPTURED),
            each,
            ReturnMoney(ReturnReason.DUPLICATE),
        )
        for each in OTHERS
    },
    "all of it is on its way back, made at the provider": (
        a_payment(PENDING_BACK),
        EXPIRED,
        Rest(LOOK_MS),
    ),
    "all of it is on its way back, made at the provider, due": (
        _due(a_payment(PENDING_BACK)),
        EXPIRED,
        LookUp(),
    ),
    "a return that failed after all": (a_payment(FAILED_BACK, RETURNED), EXPIRED, Freeze()),
    "a return that was refused": (
        a_payment(CAPTURED, replace(RETURNED, state=S.REJECTED)),
        EXPIRED,
        Freeze(),
    ),
    "late and disputed": (a_payment(DISPUTED), EXPIRED, Freeze()),
    # All of it went back.
    "back, late": (a_payment(REFUNDED, RETURNED), EXPIRED, Close(Outcome.REFUNDED)),
    "back, closed": (
        a_payment(REFUNDED, RETURNED, outcome=Outcome.REFUNDED),
        EXPIRED,
        Rest(None),
    ),
    "back, and the order does not know": (
        a_payment(REFUNDED, outcome=Outcome.CONFIRMED),
        CONFIRMED,
        ReflectRefund(TOTAL_MINOR),
    ),
    "back, after a cancel": (
        a_payment(REFUNDED, outcome=Outcome.CONFIRMED),
        CANCELLED_ORDER,
        ReflectRefund(TOTAL_MINOR),
    ),
    "back, and the order knows": (
        a_payment(REFUNDED, outcome=Outcome.CONFIRMED),
        replace(CANCELLED_ORDER, refunded=an_order(refunded_minor=TOTAL_MINOR).refunded),
        Close(Outcome.REFUNDED),
    ),
    "back before the order was confirmed": (a_payment(REFUNDED), PAYING, GiveHoldBack()),
    "back before the order was confirmed, over": (a_payment(REFUNDED), OVER, ExpireHold()),
    # Reserved.
    "reserved": (a_payment(AUTHORIZED), PAYING, Capture()),
    "reserved, the hold is over": (a_payment(AUTHORIZED), OVER, Capture()),
    "reserved late, for a hold": (a_payment(AUTHORIZED), HELD, BeginAgain()),
    "reserved late, for a hold that is over": (a_payment(AUTHORIZED), OVERDUE, Cancel()),
    "reserved, expired": (a_payment(AUTHORIZED), EXPIRED, Cancel()),
    "reserved, by another": (a_payment(AUTHORIZED), OTHERS[0], Cancel()),
    "reserved, and the capture was refused": (
        a_payment(AUTHORIZED, CAPTURE_REFUSED),
        PAYING,
        Cancel(),
    ),
    "reserved, and nothing works": (
        a_payment(AUTHORIZED, CAPTURE_REFUSED, CANCEL_REFUSED),
        PAYING,
        Freeze(),
    ),
    # Waiting for the buyer or the provider.
    "waiting": (a_payment(ACTION), PAYING, Rest(LOOK_MS)),
    "waiting, due": (_due(a_payment(ACTION)), PAYING, LookUp()),
    "pending": (a_payment(facts_of(R.PENDING)), PAYING, Rest(LOOK_MS)),
    "waiting, over": (a_payment(ACTION), OVER, Cancel()),
    "waiting, over, cannot be cancelled": (a_payment(ACTION, CANCEL_REFUSED), OVER, ExpireHold()),
    "waiting for an order that has gone": (a_payment(ACTION), EXPIRED, Cancel()),
    "waiting, gone, cannot be cancelled": (
        a_payment(ACTION, CANCEL_REFUSED),
        EXPIRED,
        Rest(LOOK_MS),
    ),
    # No money.
    "declined": (a_payment(FAILED), PAYING, GiveHoldBack()),
    "declined, over": (a_payment(FAILED), OVER, GiveHoldBack()),
    "declined, given back": (a_payment(FAILED), HELD, Close(Outcome.FAILED)),
    "never executed": (a_payment(facts_of()), PAYING, GiveHoldBack()),
    "never executed, over": (a_payment(facts_of()), OVER, ExpireHold()),
    "never executed, given back": (a_payment(facts_of()), HELD, Close(Outcome.FAILED)),
    "cancelled": (a_payment(CANCELLED), PAYING, GiveHoldBack()),
    "cancelled, over": (a_payment(CANCELLED), OVER, ExpireHold()),
    "cancelled, given back": (a_payment(CANCELLED), HELD, Close(Outcome.CANCELLED)),
    "cancelled, expired": (a_payment(CANCELLED), EXPIRED, Close(Outcome.EXPIRED)),
    **{
        f"declined, closed as {outcome}": (
            payment,
            HELD,
            Rest(None if outcome in {Outcome.CONFIRMED, Outcome.REFUNDED} else LOOK_MS),
        )
        for outcome, payment in CLOSED.items()
    },
}


@pytest.mark.parametrize("name", TABLE)
def test_the_next_step_follows_from_what_is_known(name: str) -> None:
    payment, order, step = TABLE[name]
    assert decide(payment, order, a_method(), NOW_MS) == step


def test_every_step_there_is_stands_in_the_table() -> None:
    decided = {type(step) for _, _, step in TABLE.values()}
    assert decided == set(Step.__args__)


def test_without_a_look_up_nobody_is_asked() -> None:
    waiting = _due(a_payment(ACTION))
    assert decide(waiting, PAYING, a_method(NO_FETCH), NOW_MS) == Rest(NOW_MS)
    refund = _due(a_payment(PENDING_PART, outcome=Outcome.CONFIRMED))
    assert decide(refund, CONFIRMED, a_method(NO_FETCH), NOW_MS) == Rest(NOW_MS)


def test_what_cannot_be_cancelled_expires_with_its_hold() -> None:
    method = a_method(NO_CANCEL)
    assert decide(a_payment(ACTION), OVER, method, NOW_MS) == ExpireHold()
    assert decide(a_payment(ACTION), EXPIRED, method, NOW_MS) == Rest(LOOK_MS)


@pytest.mark.parametrize("before_ms", [1, 0])
def test_a_hold_ends_with_its_last_millisecond(before_ms: int) -> None:
    order = an_order(O.PAYING, payment_id=MINE)
    step = decide(a_payment(ACTION), order, a_method(), HOLD_END_MS - before_ms)
    assert isinstance(step, LookUp) == (HOLD_END_MS - before_ms >= LOOK_MS)
    parked = replace(a_payment(ACTION), next_look_at_ms=HOLD_END_MS + 1_000)
    step = decide(parked, order, a_method(), HOLD_END_MS - before_ms)
    assert step == (Rest(HOLD_END_MS + 1_000) if before_ms else Cancel())
