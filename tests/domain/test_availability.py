"""What a buyer is shown: the first status that fits, for a type and for the event."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import (
    OpenedEvent,
    PoolStock,
    PublicStatus,
    SellingStatus,
    TicketType,
    availability_of,
)
from app.domain.ids import PoolId
from tests.builders import a_ticket_type, an_event

NOW = 1_800_000_000_000
FREE = PoolStock(capacity=10, available=4, held=3, sold=3)
ALL_HELD = PoolStock(capacity=10, available=0, held=1, sold=9)
SOLD_OUT = PoolStock(capacity=10, available=0, held=0, sold=10)


def an_opened_event(
    *types: TicketType,
    status: SellingStatus = SellingStatus.OPEN,
    stock: dict[str, PoolStock] | None = None,
) -> OpenedEvent:
    stock = stock or {"floor": FREE}
    configuration = an_event(
        pools={pool: each.capacity for pool, each in stock.items()},
        ticket_types=types or (a_ticket_type(),),
    )
    return OpenedEvent(configuration, status, 1, {PoolId(k): v for k, v in stock.items()})


def status_of(event: OpenedEvent) -> PublicStatus:
    (only,) = availability_of(event, NOW).ticket_types
    return only.status


@pytest.mark.parametrize(
    ("stock", "status"),
    [
        (FREE, PublicStatus.ON_SALE),
        (ALL_HELD, PublicStatus.ALL_HELD),
        (SOLD_OUT, PublicStatus.SOLD_OUT),
        (PoolStock(0, 0, 0, 0), PublicStatus.SOLD_OUT),
    ],
)
def test_the_stock_of_an_open_event_decides(stock: PoolStock, status: PublicStatus) -> None:
    assert status_of(an_opened_event(stock={"floor": stock})) is status


@pytest.mark.parametrize(
    ("start", "until", "status"),
    [
        (None, NOW + 1, PublicStatus.ON_SALE),
        (None, NOW, PublicStatus.CLOSED),
        (NOW, None, PublicStatus.ON_SALE),
        (NOW + 1, None, PublicStatus.SCHEDULED),
        (NOW - 2, NOW - 1, PublicStatus.CLOSED),
    ],
)
def test_the_window_begins_with_its_first_instant_and_ends_before_its_last(
    start: int | None, until: int | None, status: PublicStatus
) -> None:
    window = a_ticket_type(on_sale_from_ms=start, on_sale_until_ms=until)
    assert status_of(an_opened_event(window)) is status


@pytest.mark.parametrize(
    ("selling", "shown"),
    [(SellingStatus.CLOSED, PublicStatus.CLOSED), (SellingStatus.PAUSED, PublicStatus.PAUSED)],
)
@pytest.mark.parametrize("stock", [FREE, ALL_HELD, SOLD_OUT])
def test_what_the_organiser_said_comes_before_stock_and_schedule(
    selling: SellingStatus, shown: PublicStatus, stock: PoolStock
) -> None:
    later = a_ticket_type(on_sale_from_ms=NOW + 1)
    event = an_opened_event(later, status=selling, stock={"floor": stock})
    assert availability_of(event, NOW).status is shown
    assert status_of(event) is shown


def test_a_window_that_is_over_is_closed_though_the_event_is_paused() -> None:
    over = a_ticket_type(on_sale_until_ms=NOW)
    assert status_of(an_opened_event(over, status=SellingStatus.PAUSED)) is PublicStatus.CLOSED


def test_a_type_has_what_its_scarcest_pool_has() -> None:
    both = a_ticket_type(pools=("floor", "hall"))
    hall = replace(FREE, available=1, sold=6)
    event = an_opened_event(both, stock={"floor": FREE, "hall": hall})
    assert availability_of(event, NOW).ticket_types[0].remaining == 1


def test_units_may_come_back_only_if_every_empty_pool_has_some_on_hold() -> None:
    both = a_ticket_type(pools=("floor", "hall"))
    for floor, hall, status in [
        (ALL_HELD, FREE, PublicStatus.ALL_HELD),
        (ALL_HELD, ALL_HELD, PublicStatus.ALL_HELD),
        (ALL_HELD, SOLD_OUT, PublicStatus.SOLD_OUT),
        (SOLD_OUT, FREE, PublicStatus.SOLD_OUT),
    ]:
        event = an_opened_event(both, stock={"floor": floor, "hall": hall})
        assert status_of(event) is status


@pytest.mark.parametrize(
    ("present", "shown"),
    [
        ("on_sale all_held scheduled sold_out closed", PublicStatus.ON_SALE),
        ("all_held scheduled sold_out closed", PublicStatus.ALL_HELD),
        ("scheduled sold_out closed", PublicStatus.SCHEDULED),
        ("sold_out closed", PublicStatus.SOLD_OUT),
        ("closed", PublicStatus.CLOSED),
    ],
)
def test_an_event_is_the_best_of_its_types(present: str, shown: PublicStatus) -> None:
    types = {
        "on_sale": a_ticket_type("on_sale", pools=("free",)),
        "all_held": a_ticket_type("all_held", pools=("held",)),
        "scheduled": a_ticket_type("scheduled", pools=("free",), on_sale_from_ms=NOW + 1),
        "sold_out": a_ticket_type("sold_out", pools=("sold",)),
        "closed": a_ticket_type("closed", pools=("free",), on_sale_until_ms=NOW),
    }
    event = an_opened_event(
        *(types[name] for name in present.split()),
        stock={"free": FREE, "held": ALL_HELD, "sold": SOLD_OUT},
    )
    availability = availability_of(event, NOW)
    assert [each.status.value for each in availability.ticket_types] == present.split()
    assert availability.status is shown


instants = st.none() | st.sampled_from([NOW - 1, NOW, NOW + 1])
stocks = st.builds(
    lambda available, held, sold: PoolStock(available + held + sold, available, held, sold),
    *[st.integers(0, 2)] * 3,
)


@st.composite
def opened_events(draw: st.DrawFn) -> OpenedEvent:
    stock = draw(st.dictionaries(st.sampled_from("abc"), stocks, min_size=1))
    types = []
    for number in range(draw(st.integers(1, 3))):
        pools = draw(st.lists(st.sampled_from(sorted(stock)), min_size=1, unique=True))
        start, until = draw(instants), draw(instants)
        types.append(
            a_ticket_type(
                f"type-{number}",
                pools=tuple(pools),
                on_sale_from_ms=start,
                on_sale_until_ms=until,
            )
        )
    return an_opened_event(*types, status=draw(st.sampled_from(SellingStatus)), stock=stock)


def _first_that_fits(event: OpenedEvent, each: TicketType) -> PublicStatus:
    """The precedence of the contract, spelt out once more."""
    stocks_of_type = [event.stock[pool] for pool in each.pools]
    is_over = each.on_sale_until_ms is not None and each.on_sale_until_ms <= NOW
    is_early = each.on_sale_from_ms is not None and each.on_sale_from_ms > NOW
    can_return = all(stock.available + stock.held > 0 for stock in stocks_of_type)
    fitting = {
        PublicStatus.CLOSED: event.status is SellingStatus.CLOSED or is_over,
        PublicStatus.PAUSED: event.status is SellingStatus.PAUSED,
        PublicStatus.SCHEDULED: is_early,
        PublicStatus.ON_SALE: all(stock.available > 0 for stock in stocks_of_type),
        PublicStatus.ALL_HELD: can_return,
        PublicStatus.SOLD_OUT: True,
    }
    return next(status for status in PublicStatus if fitting[status])


@given(opened_events())
def test_every_type_shows_the_first_status_that_fits(event: OpenedEvent) -> None:
    availability = availability_of(event, NOW)
    assert availability.as_of_ms == NOW
    assert availability.event is event
    for each in availability.ticket_types:
        assert each.status is _first_that_fits(event, each.ticket_type)
        assert each.remaining == min(event.stock[p].available for p in each.ticket_type.pools)


@given(opened_events())
def test_an_event_is_on_sale_exactly_while_one_of_its_types_is(event: OpenedEvent) -> None:
    availability = availability_of(event, NOW)
    on_sale = [each for each in availability.ticket_types if each.status is PublicStatus.ON_SALE]
    assert (availability.status is PublicStatus.ON_SALE) is bool(on_sale)
    assert all(each.remaining > 0 for each in on_sale)
