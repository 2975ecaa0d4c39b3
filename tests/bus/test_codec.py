"""A fact on the bus: a valid CloudEvent, read back as it was, and the same for ever."""

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.bus import decode_fact, decode_slice, encode_fact, encode_slice
from app.domain.facts import FACTS, Fact, OrderFact
from app.runtime.clock import parse_instant
from app.runtime.errors import ContractError
from tests.bus.facts import example, example_of_a_payment, facts
from tests.contracts.bus import a_bulky_fact

GOLDEN = Path(__file__).parent / "golden"
EVERY_KIND = sorted(FACTS)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Whole facts take a while to make up on a busy machine."""


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.v{FACTS[name].SCHEMA_VERSION}.json").read_text()


@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_fact_is_written_as_its_golden_file_has_it(name: str) -> None:
    assert json.loads(encode_fact(example(name))) == json.loads(golden(name))


def test_a_paid_order_is_written_and_read_as_its_golden_file_has_it() -> None:
    text = (GOLDEN / "OrderConfirmed.paid.v1.json").read_text()
    fact = example_of_a_payment("OrderConfirmed")

    assert json.loads(encode_fact(fact)) == json.loads(text)
    assert decode_fact(text) == fact


@pytest.mark.parametrize("name", ["OrderHeld", "OrderConfirmed", "OrderCancelled"])
def test_a_free_order_is_written_as_before_there_were_payments(name: str) -> None:
    """So a reader of the release before reads on, and what it wrote is read."""
    order = json.loads(encode_fact(example(name)))["data"]["order"]
    assert not order.keys() & {"payment_id", "settlement", "refunded"}


@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_golden_file_is_read_as_the_fact_it_tells(name: str) -> None:
    assert decode_fact(golden(name)) == example(name)


def test_every_golden_file_is_one_of_a_fact_of_ours() -> None:
    names = {path.name.partition(".")[0] for path in GOLDEN.iterdir()}
    assert names == FACTS.keys()


@given(facts())
@settings(UNHURRIED, max_examples=100)
def test_every_fact_comes_back_as_it_was(fact: Fact) -> None:
    assert decode_fact(encode_fact(fact)) == fact


@given(st.lists(facts(), max_size=5))
@settings(UNHURRIED, max_examples=30)
def test_a_slice_comes_back_in_order_with_the_text_that_the_archive_keeps(
    slice_facts: list[Fact],
) -> None:
    recorded = decode_slice(encode_slice(slice_facts))

    assert [each.fact for each in recorded] == slice_facts
    assert [decode_fact(each.text) for each in recorded] == slice_facts


@given(facts())
@settings(UNHURRIED, max_examples=50)
def test_the_official_reader_takes_every_fact_for_a_cloud_event(fact: Fact) -> None:
    event = JSONFormat().read(CloudEvent, encode_fact(fact))

    subject = fact.order.id if isinstance(fact, OrderFact) else fact.event_id
    assert event.get_specversion() == "1.0"
    assert event.get_id() == fact.id
    assert event.get_source() == "/taquilla"
    assert event.get_type() == f"taquilla.{type(fact).__name__}.v1"
    assert event.get_subject() == subject
    assert event.get_datacontenttype() == "application/json"
    time = event.get_time()
    assert time is not None
    assert parse_instant(time.isoformat()) == fact.at_ms
    extensions = {name: event.get_extension(name) for name in ("partition", "epoch", "sequence")}
    assert extensions == {
        "partition": fact.partition,
        "epoch": fact.position.epoch,
        "sequence": f"{fact.position.seq:020d}",
    }


def test_positions_sort_as_text_as_they_do_as_numbers() -> None:
    low, high = (json.loads(encode_fact(a_bulky_fact(seq)))["sequence"] for seq in (9, 10))
    assert low < high


# What nobody of ours wrote


def _spoil(name: str, path: str, value: object) -> str:
    """The golden event with one member replaced; None removes it."""
    event = json.loads(golden(name))
    *parents, last = path.split(".")
    member: Any = event
    for each in parents:
        member = member[int(each) if each.isdigit() else each]
    if value is None:
        del member[last]
    else:
        member[last] = value
    return json.dumps(event)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "null", "1", '"text"', "{}", golden("OrderHeld")[:-5], b"\xff\xfe"],
    ids=str,
)
def test_what_is_no_event_at_all_is_a_fault_of_our_own(text: str | bytes) -> None:
    with pytest.raises(ContractError):
        decode_fact(text)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("specversion", "0.3"),
        ("type", "taquilla.OrderHeld.v2"),
        ("type", "taquilla.OrderEaten.v1"),
        ("type", "OrderHeld"),
        ("type", 1),
        ("id", "02:1:43:abcdefghijklmnopqrstuvwxyz"),
        ("partition", 3),
        ("sequence", "many"),
        ("time", "yesterday"),
        ("data", None),
        ("data.event_id", None),
        ("data.version", "2"),
        ("data.previous", "eaten"),
        ("data.order", None),
        ("data.order.status", "eaten"),
        ("data.order.id", "other"),
        ("data.order.created_at", "2027-01-15T08:00:00"),
        ("data.order.birth", None),
        ("data.order.lines", "two"),
        ("data.order.lines.0.quantity", "2"),
        ("data.order.lines.0.unit_price.amount", 1.5),
        ("data.order.lines.0.unit_price.currency", "???"),
        ("data.order.total.amount", -1),
    ],
)
def test_an_event_with_a_spoilt_member_is_a_fault_of_our_own(path: str, value: object) -> None:
    with pytest.raises(ContractError):
        decode_fact(_spoil("OrderHeld", path, value))


def test_a_refund_in_another_currency_is_a_fault_of_our_own() -> None:
    with pytest.raises(ContractError):
        decode_fact(_spoil("OrderRefunded", "data.order.refunded.currency", "JPY"))


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"nonsense",
        zlib.compress(b"nonsense"),
        encode_slice([example("OrderHeld")])[:-10],
        zlib.compress(b"{}x"),
        zlib.compress(b"[1]"),
        zlib.compress(b'{"a": 1}'),
        zlib.compress(b"1"),
        zlib.compress(b"null"),
    ],
    ids=str,
)
def test_a_record_that_is_no_slice_is_a_fault_of_our_own(record: bytes) -> None:
    with pytest.raises(ContractError):
        decode_slice(record)
