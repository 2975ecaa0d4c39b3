"""Folding facts: what cannot have happened is noted, whichever fact says it."""

from dataclasses import replace

import pytest

from app.domain.facts import (
    OrderCancelled,
    OrderConfirmed,
    OrderFact,
    OrderPaymentBegan,
    OrderPaymentFailed,
    OrderRefunded,
    Position,
)
from app.domain.fold import EventFold
from app.domain.ids import EventId, Partition, PaymentId
from app.domain.orders import Order, OrderStatus, Settlement
from payments import Money
from tests.domain.test_orders import an_order

PAYMENT = PaymentId("pay_" + "a" * 26)
PRICE = Money(500, "EUR")
HELD, PAYING, CONFIRMED = OrderStatus.HELD, OrderStatus.PAYING, OrderStatus.CONFIRMED
CANCELLED = OrderStatus.CANCELLED

PLACED = replace(an_order(), total=PRICE)
BEGUN = replace(PLACED, status=PAYING, version=2, payment_id=PAYMENT)
PAID = replace(BEGUN, status=CONFIRMED, version=3, expires_at_ms=None, settlement=Settlement.PAID)


def tell(
    kind: type[OrderFact], order: Order, previous: OrderStatus, amount_minor: int = 0
) -> OrderFact:
    stem = {
        "partition": Partition(7),
        "position": Position(1, order.version),
        "at_ms": 1,
        "event_id": EventId("concert"),
        "version": order.version,
        "order": order,
        "previous": previous,
    }
    if kind is OrderRefunded:
        stem["amount"] = Money(amount_minor, "EUR")
    return kind(**stem)  # type: ignore[arg-type]


def after(before: Order, fact: OrderFact) -> list[str]:
    fold = EventFold(EventId("concert"))
    fold.orders[before.id] = before
    fold.apply(fact)
    return fold.contradictions


CALLED_OFF = replace(PAID, status=CANCELLED)
"""By the organiser, who then gives the money back."""


def refunded(amount_minor: int, status: OrderStatus = CONFIRMED) -> Order:
    return replace(PAID, status=status, version=4, refunded=Money(amount_minor, "EUR"))


@pytest.mark.parametrize(
    ("before", "fact"),
    [
        (PLACED, tell(OrderPaymentBegan, BEGUN, HELD)),
        (BEGUN, tell(OrderConfirmed, PAID, PAYING)),
        (BEGUN, tell(OrderPaymentFailed, replace(PLACED, version=3), PAYING)),
        (PAID, tell(OrderRefunded, refunded(100), CONFIRMED, 100)),
        (PAID, tell(OrderRefunded, refunded(500, CANCELLED), CONFIRMED, 500)),
        (CALLED_OFF, tell(OrderRefunded, refunded(100, CANCELLED), CANCELLED, 100)),
        (CALLED_OFF, tell(OrderRefunded, refunded(500, CANCELLED), CANCELLED, 500)),
        (
            replace(PLACED, status=OrderStatus.EXPIRED),
            tell(OrderConfirmed, replace(PAID, version=2), OrderStatus.EXPIRED),
        ),
    ],
)
def test_every_step_of_a_payment_can_have_happened(before: Order, fact: OrderFact) -> None:
    assert after(before, fact) == []


@pytest.mark.parametrize(
    ("before", "fact"),
    [
        (PAID, tell(OrderConfirmed, replace(PAID, version=4), CONFIRMED)),
        (PAID, tell(OrderRefunded, refunded(100, CANCELLED), CONFIRMED, 100)),
        (PAID, tell(OrderRefunded, refunded(500), CONFIRMED, 500)),
        (CALLED_OFF, tell(OrderRefunded, refunded(100), CANCELLED, 100)),
        (CALLED_OFF, tell(OrderCancelled, refunded(0, CANCELLED), CANCELLED)),
        (PAID, tell(OrderPaymentBegan, replace(BEGUN, version=4), CONFIRMED)),
        (PLACED, tell(OrderConfirmed, BEGUN, HELD)),
        (BEGUN, tell(OrderPaymentFailed, replace(PAID, version=3), PAYING)),
    ],
)
def test_a_fact_that_leads_elsewhere_is_a_contradiction(before: Order, fact: OrderFact) -> None:
    (said,) = after(before, fact)
    assert "cannot become" in said


@pytest.mark.parametrize(
    ("before", "fact"),
    [
        (PAID, tell(OrderRefunded, refunded(100), CONFIRMED, 99)),
        (PAID, tell(OrderCancelled, refunded(100, CANCELLED), CONFIRMED)),
        (refunded(200), tell(OrderRefunded, replace(refunded(100), version=5), CONFIRMED, 100)),
    ],
)
def test_money_that_went_back_unseen_is_a_contradiction(before: Order, fact: OrderFact) -> None:
    (said,) = after(before, fact)
    assert "cannot have gone back" in said
