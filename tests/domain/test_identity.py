"""Identity: what may never change its output for the same input, and what must tell wishes apart.

`golden.json` was computed apart from the code. It is added to, never edited: a changed value there
means that keys already in buyers' hands stop finding their orders.
"""

import base64
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.identity import (
    is_order_token,
    make_address_ref,
    make_customer_ref,
    make_fingerprint,
    make_order_token,
    order_tail,
    payment_tail,
)
from app.domain.ids import (
    CustomerRef,
    EventId,
    OrderId,
    TicketTypeId,
    make_order_id,
    make_payment_id,
    parse_order_id,
    parse_payment_id,
    partition_of,
)

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("golden.json").read_text())
SECRET = GOLDEN["secret"].encode()
OLDER = GOLDEN["older_secret"].encode()
ANA = CustomerRef(GOLDEN["customer_refs"][0]["ref"])
BASE32 = set("abcdefghijklmnopqrstuvwxyz234567")

slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=16, max_size=255)
refs = st.text(sorted(BASE32), min_size=26, max_size=26)


@pytest.mark.parametrize(
    ("email", "ref"),
    [(email, each["ref"]) for each in GOLDEN["customer_refs"] for email in each["emails"]],
)
def test_an_address_is_folded_as_it_always_was(email: str, ref: str) -> None:
    assert make_customer_ref(SECRET, email) == ref


def test_dots_and_plus_signs_are_not_folded() -> None:
    found = {each["ref"] for each in GOLDEN["customer_refs"]}
    assert len(found) == len(GOLDEN["customer_refs"])


def test_a_customer_ref_needs_the_secret() -> None:
    assert make_customer_ref(OLDER, "ana@example.com") != ANA


@given(st.emails())
def test_case_and_blanks_around_make_no_other_customer(email: str) -> None:
    ref = make_customer_ref(SECRET, email)
    assert make_customer_ref(SECRET, f" \t{email.upper()}\n") == ref
    assert len(ref) == 26
    assert set(ref) <= BASE32


@pytest.mark.parametrize("each", GOLDEN["payment_tails"])
def test_a_payment_is_found_again_by_its_key_for_ever(each: dict[str, str]) -> None:
    assert payment_tail(SECRET, OrderId(each["order_id"]), each["key"]) == each["tail"]
    assert parse_payment_id(make_payment_id(each["tail"])) == f"pay_{each['tail']}"
    assert payment_tail(OLDER, OrderId(each["order_id"]), each["key"]) != each["tail"]


@given(st.binary(min_size=32, max_size=64), refs)
def test_a_hash_is_written_as_the_standard_library_writes_base32(secret: bytes, text: str) -> None:
    digest = hmac.digest(secret, text.encode(), "sha256")
    expected = base64.b32encode(digest).decode().lower()[:26]
    assert make_order_token(secret, OrderId(text)) == expected


@pytest.mark.parametrize("each", GOLDEN["order_tails"])
def test_the_tail_of_an_order_is_what_it_always_was(each: dict[str, str]) -> None:
    found = order_tail(
        SECRET, EventId(each["event_id"]), CustomerRef(each["customer_ref"]), each["key"]
    )
    assert found == each["tail"]


claims = st.tuples(slugs.map(EventId), refs.map(CustomerRef), keys)


@given(claims, claims)
def test_another_event_customer_or_key_is_another_order(
    one: tuple[EventId, CustomerRef, str], other: tuple[EventId, CustomerRef, str]
) -> None:
    assume(one != other)
    assert order_tail(SECRET, *one) != order_tail(SECRET, *other)


@given(slugs, refs, keys, st.integers(1, 100))
def test_a_tail_always_makes_an_order_id_of_this_installation(
    event_id: str, ref: str, key: str, partitions: int
) -> None:
    event = EventId(event_id)
    partition = partition_of(event, partitions)
    order_id = make_order_id(partition, event, order_tail(SECRET, event, CustomerRef(ref), key))
    address = parse_order_id(order_id, partitions)
    assert address is not None
    assert (address.order_id, address.partition, address.event_id) == (order_id, partition, event)


def _fingerprint(lines: Sequence[tuple[str, int]], *, confirm: bool = True) -> str:
    return make_fingerprint(ANA, [(TicketTypeId(t), n) for t, n in lines], confirm=confirm)


@pytest.mark.parametrize("each", GOLDEN["fingerprints"])
def test_the_fingerprint_of_a_wish_is_what_it_always_was(each: dict[str, Any]) -> None:
    assert _fingerprint(each["lines"], confirm=each["confirm"]) == each["fingerprint"]


wishes = st.dictionaries(slugs, st.integers(1, 100), min_size=1, max_size=20)


@given(wishes, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_lines_makes_no_other_wish(
    wish: dict[str, int], random: Any, confirm: bool
) -> None:
    shuffled = list(wish.items())
    random.shuffle(shuffled)
    assert _fingerprint(shuffled, confirm=confirm) == _fingerprint(
        list(wish.items()), confirm=confirm
    )


@given(wishes, wishes, st.booleans(), st.booleans())
def test_another_type_quantity_or_way_to_confirm_is_another_wish(
    wish: dict[str, int], other: dict[str, int], confirm: bool, other_confirm: bool
) -> None:
    assume((wish, confirm) != (other, other_confirm))
    one = _fingerprint(list(wish.items()), confirm=confirm)
    assert one != _fingerprint(list(other.items()), confirm=other_confirm)


def test_another_customer_is_another_wish() -> None:
    lines = [(TicketTypeId("adult"), 1)]
    ben = CustomerRef(GOLDEN["customer_refs"][1]["ref"])
    assert make_fingerprint(ben, lines, confirm=True) != _fingerprint([("adult", 1)])


@pytest.mark.parametrize("each", GOLDEN["orders"])
def test_the_token_of_an_order_is_what_it_always_was(each: dict[str, Any]) -> None:
    assert make_order_token(SECRET, OrderId(each["id"])) == each["token"]


@pytest.mark.parametrize("each", GOLDEN["orders"])
def test_a_token_of_an_older_secret_is_accepted_until_that_secret_goes(
    each: dict[str, Any],
) -> None:
    order_id, token, older = OrderId(each["id"]), each["token"], each["older_token"]
    assert is_order_token([SECRET, OLDER], order_id, token)
    assert is_order_token([SECRET, OLDER], order_id, older)
    assert not is_order_token([SECRET], order_id, older)
    assert not is_order_token([], order_id, token)


def test_a_token_is_good_for_its_own_order_only() -> None:
    order_id, other = OrderId("07.concert." + "a" * 26), OrderId("07.concert." + "b" * 26)
    assert not is_order_token([SECRET], other, make_order_token(SECRET, order_id))


@given(st.text())
def test_nothing_else_passes_for_a_token(text: str) -> None:
    order_id = OrderId(GOLDEN["orders"][0]["id"])
    assume(text != GOLDEN["orders"][0]["token"])
    assert not is_order_token([SECRET], order_id, text)


@pytest.mark.parametrize(("event_id", "partition"), GOLDEN["partitions"].items())
def test_the_partition_of_an_event_is_what_it_always_was(event_id: str, partition: int) -> None:
    assert partition_of(EventId(event_id), 16) == partition


def test_an_address_is_known_again_in_its_event_and_nowhere_else() -> None:
    concert, other = EventId("concert"), EventId("other")
    ref = make_address_ref(SECRET, concert, "203.0.113.7")
    assert ref == make_address_ref(SECRET, concert, "203.0.113.7")
    assert set(ref) <= BASE32
    assert len(ref) == 26
    assert len({
        ref,
        make_address_ref(SECRET, concert, "203.0.113.8"),
        make_address_ref(SECRET, other, "203.0.113.7"),
        make_address_ref(OLDER, concert, "203.0.113.7"),
        make_customer_ref(SECRET, "concert|203.0.113.7"),
    }) == 5  # fmt: skip
