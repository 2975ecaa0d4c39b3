"""An order: how it is shown, how it was born, and where it may go."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import CustomerRef, EventId, OrderId, TicketTypeId
from app.domain.orders import (
    HOLDING,
    LIVE,
    NEXT_STATUSES,
    Birth,
    Order,
    OrderLine,
    OrderStatus,
    Settlement,
    unsaid_settlement,
)
from payments import Money

CREATED, DEADLINE = 1_000, 61_000
LINE = OrderLine(TicketTypeId("adult"), 2, Money(0, "EUR"), "Adult")


def an_order(
    status: OrderStatus = OrderStatus.HELD,
    *,
    birth: OrderStatus = OrderStatus.HELD,
    expires_at_ms: int | None = DEADLINE,
    confirmed_at_ms: int | None = None,
    version: int = 1,
) -> Order:
    return Order(
        id=OrderId("07.concert." + "a" * 26),
        event_id=EventId("concert"),
        customer_ref=CustomerRef("c" * 26),
        fingerprint="f" * 32,
        status=status,
        birth=Birth(birth, DEADLINE if birth is OrderStatus.HELD else None),
        lines=(LINE,),
        total=Money(0, "EUR"),
        created_at_ms=CREATED,
        expires_at_ms=expires_at_ms,
        confirmed_at_ms=confirmed_at_ms,
        version=version,
        payment_id=None,
        settlement=None if confirmed_at_ms is None else Settlement.FREE,
        refunded=Money(0, "EUR"),
    )


@pytest.mark.parametrize("status", OrderStatus)
def test_a_replay_shows_a_hold_as_it_was_born_whatever_came_later(status: OrderStatus) -> None:
    now = an_order(status, expires_at_ms=DEADLINE + 120_000, confirmed_at_ms=5_000, version=4)
    assert now.at_birth() == an_order()


@pytest.mark.parametrize("status", [OrderStatus.CONFIRMED, OrderStatus.CANCELLED])
def test_a_replay_shows_an_order_that_was_born_confirmed_as_confirmed_then(
    status: OrderStatus,
) -> None:
    confirmed = OrderStatus.CONFIRMED
    born = an_order(confirmed, birth=confirmed, expires_at_ms=None, confirmed_at_ms=CREATED)
    assert replace(born, status=status, version=2, confirmed_at_ms=9_000).at_birth() == born


@given(st.sampled_from(OrderStatus), st.integers(1, 9), st.none() | st.integers(0), st.integers(0))
def test_birth_is_the_same_at_any_age(
    status: OrderStatus, version: int, expires_at_ms: int | None, confirmed_at_ms: int
) -> None:
    order = an_order(
        status, expires_at_ms=expires_at_ms, confirmed_at_ms=confirmed_at_ms, version=version
    )
    assert order.at_birth() == an_order()
    assert order.at_birth().at_birth() == order.at_birth()


@pytest.mark.parametrize(
    ("now_ms", "shown"),
    [
        (DEADLINE - 1, OrderStatus.HELD),
        (DEADLINE, OrderStatus.EXPIRED),
        (DEADLINE + 1, OrderStatus.EXPIRED),
    ],
)
def test_a_hold_is_shown_as_expired_from_its_deadline_on(now_ms: int, shown: OrderStatus) -> None:
    assert an_order().as_of(now_ms) == replace(an_order(), status=shown)


@pytest.mark.parametrize("status", [each for each in OrderStatus if each is not OrderStatus.HELD])
def test_time_does_nothing_to_an_order_that_is_not_held(status: OrderStatus) -> None:
    order = an_order(status)
    assert order.as_of(DEADLINE + 1_000_000) == order


def test_every_status_has_its_next_ones_and_every_one_can_be_reached() -> None:
    assert set(NEXT_STATUSES) == {None, *OrderStatus}
    reached = {status for following in NEXT_STATUSES.values() for status in following}
    assert reached == set(OrderStatus)


def test_what_is_live_counts_against_the_customer_and_what_holds_is_live() -> None:
    assert HOLDING < LIVE
    assert {OrderStatus.RELEASED, OrderStatus.EXPIRED, OrderStatus.CANCELLED}.isdisjoint(LIVE)


@given(st.integers(0, 10**12), st.integers(1, 2000))
def test_the_amount_of_a_line_is_its_price_that_many_times(price: int, quantity: int) -> None:
    line = OrderLine(TicketTypeId("adult"), quantity, Money(price, "EUR"), "Adult")
    assert line.amount == Money(price * quantity, "EUR")


amounts = st.integers(0, 10**12)


@given(st.lists(st.tuples(st.integers(1, 100), amounts), min_size=1, max_size=20), st.data())
def test_the_lines_of_an_order_share_a_refund_and_nothing_is_lost(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    total = Money(sum(n * price for n, price in lines), "EUR")
    priced = tuple(replace(LINE, quantity=n, unit_price=Money(each, "EUR")) for n, each in lines)
    order = replace(an_order(), lines=priced, total=total)
    part = data.draw(st.integers(0, order.total.amount_minor))

    shares = order.shares_of(Money(part, "EUR"))

    assert sum(shares) == part
    assert all(share >= 0 for share in shares)
    everything = tuple(line.amount.amount_minor for line in order.lines)
    assert order.shares_of(order.total) == everything


def test_of_what_nobody_wrote_down_the_settlement_follows() -> None:
    free, dear = Money(0, "EUR"), Money(1, "EUR")
    assert unsaid_settlement(free, None) is None
    assert unsaid_settlement(free, CREATED) is Settlement.FREE
    assert unsaid_settlement(dear, None) is None
    assert unsaid_settlement(dear, CREATED) is None
