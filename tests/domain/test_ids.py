"""Order ids: what follows from one, and what is none of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import (
    EventId,
    OrderAddress,
    Partition,
    PaymentId,
    make_order_id,
    parse_order_id,
    parse_payment_id,
    partition_of,
    reference_of,
)

slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
tails = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26)
CONCERT = EventId("concert")
TAIL = "a2" * 13


@given(slugs, tails, st.integers(1, 100))
def test_an_order_id_tells_its_event_and_partition(
    event_id: str, tail: str, partitions: int
) -> None:
    event = EventId(event_id)
    partition = partition_of(event, partitions)
    order_id = make_order_id(partition, event, tail)
    assert parse_order_id(order_id, partitions) == OrderAddress(order_id, partition, event)


@given(slugs, tails, st.integers(0, 99), st.integers(1, 100))
def test_an_id_of_a_partition_that_is_not_its_events_is_refused(
    event_id: str, tail: str, stated: int, partitions: int
) -> None:
    event = EventId(event_id)
    order_id = make_order_id(Partition(stated), event, tail)
    is_ours = stated == partition_of(event, partitions)
    assert (parse_order_id(order_id, partitions) is not None) is is_ours


@given(st.text())
def test_text_that_is_no_id_is_refused_without_an_error(text: str) -> None:
    assert parse_order_id(text, 16) is None


GOOD = make_order_id(partition_of(CONCERT, 16), CONCERT, TAIL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "concert",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD[:-1],
        GOOD + "a",
        GOOD[1:],
        "0" + GOOD,
        GOOD.replace("concert", "Concert"),
        GOOD.replace("concert", "-concert"),
        GOOD.replace("concert", "con.cert"),
        GOOD.replace("concert", "con/cert"),
        GOOD.replace("concert", "c" * 41),
        GOOD[:-1] + "1",
        GOOD[:-1] + "é",
        GOOD.replace(".", ":"),
    ],
)
def test_what_only_looks_like_an_order_id_is_refused(text: str) -> None:
    assert parse_order_id(GOOD, 16) is not None
    assert parse_order_id(text, 16) is None


def test_digits_of_other_scripts_are_no_partition() -> None:
    in_arabic = GOOD[:2].translate({ord("0") + n: 0x660 + n for n in range(10)})
    assert parse_order_id(in_arabic + GOOD[2:], 16) is None


@given(slugs, st.integers(1, 100))
def test_every_event_has_a_partition(event_id: str, partitions: int) -> None:
    assert 0 <= partition_of(EventId(event_id), partitions) < partitions


def test_events_spread_over_all_partitions() -> None:
    found = {partition_of(EventId(f"event-{n}"), 16) for n in range(200)}
    assert found == set(range(16))


PAYMENT = "pay_" + "a" * 26


@pytest.mark.parametrize(
    "text",
    [
        "",
        PAYMENT[4:],
        PAYMENT + "a",
        PAYMENT[:-1],
        PAYMENT[:-1] + "1",
        PAYMENT.upper(),
        f"{PAYMENT}\n",
    ],
)
def test_what_only_looks_like_a_payment_id_is_refused(text: str) -> None:
    assert parse_payment_id(PAYMENT) == PAYMENT
    assert parse_payment_id(text) is None


def test_a_provider_knows_a_payment_by_letters_and_digits_alone() -> None:
    assert reference_of(PaymentId(PAYMENT)) == "a" * 26
