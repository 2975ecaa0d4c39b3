"""The code on a ticket: a format that is printed on paper, and whatever is not of it.

`golden_tickets.json` was computed by another program, in another language, from the description of
the format alone. It is added to, never edited: a changed value there is a ticket that no longer
opens the door.
"""

import base64
import json
import random
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.ids import EventId, OrderId, Partition, TicketTypeId, make_order_id
from app.domain.ticket_codes import (
    CODE_CHARACTERS_MAX,
    CODE_CHARACTERS_MIN,
    ForeignCode,
    MalformedCode,
    TicketKeys,
    index_keys,
    read_code,
)
from app.domain.tickets import Ticket

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("golden_tickets.json").read_text())
SECRET, OLDER = GOLDEN["secret"].encode(), GOLDEN["older_secret"].encode()
KEYS = TicketKeys([SECRET])
OLDER_KEYS = TicketKeys([OLDER])
ROTATED = TicketKeys([SECRET, OLDER])
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
RANDOM_SECONDS = 1.0

slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
tails = st.text(BASE32.lower(), min_size=26, max_size=26)


def a_ticket(
    event_id: str, tail: str, number: int, ticket_type: str, *, partition: int = 7
) -> Ticket:
    order_id = make_order_id(Partition(partition), EventId(event_id), tail)
    return Ticket(order_id, EventId(event_id), number, TicketTypeId(ticket_type))


tickets = st.builds(
    a_ticket, slugs, tails, st.integers(1, 65_535), slugs, partition=st.integers(0, 99)
)
CODE = KEYS.make_code(a_ticket("concert", "g4l35oj7kpufqx6w3fd7tno6mx", 1, "adult"))


def refuses(text: str) -> bool:
    """Whether none of our keys takes this for a ticket."""
    return isinstance(read_code(text, ROTATED.public), MalformedCode | ForeignCode)


# The format --------------------------------------------------------------------------------------


@pytest.mark.parametrize("each", GOLDEN["tickets"], ids=lambda each: str(each["event_id"]))
def test_the_code_of_a_ticket_is_what_it_always_was(each: dict[str, Any]) -> None:
    ticket = Ticket(
        OrderId(each["order_id"]),
        EventId(each["event_id"]),
        each["number"],
        TicketTypeId(each["ticket_type"]),
    )
    assert KEYS.make_code(ticket) == each["code"]
    assert OLDER_KEYS.make_code(ticket) == each["older_code"]
    assert read_code(each["code"], KEYS.public) == ticket


def test_a_secret_makes_the_key_it_always_made() -> None:
    found = [(key.id, _base64url(key.raw)) for key in ROTATED.public.values()]
    assert found == [(each["kid"], each["x"]) for each in GOLDEN["keys"]]


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@given(tickets)
def test_a_code_says_what_was_written_and_fits_a_url_and_the_bounds(ticket: Ticket) -> None:
    code = KEYS.make_code(ticket)
    assert read_code(code, KEYS.public) == ticket
    assert KEYS.make_code(ticket) == code
    assert set(code) <= set(BASE32)
    assert CODE_CHARACTERS_MIN <= len(code) <= CODE_CHARACTERS_MAX


def test_the_bounds_are_reached() -> None:
    lengths = [
        len(KEYS.make_code(a_ticket("e" * size, "a" * 26, 1, "t" * size))) for size in (1, 40)
    ]
    assert lengths == [CODE_CHARACTERS_MIN, CODE_CHARACTERS_MAX]


@given(tickets, tickets)
def test_two_tickets_never_share_a_code(one: Ticket, other: Ticket) -> None:
    assume(one != other)
    assert KEYS.make_code(one) != KEYS.make_code(other)


# Forgeries ---------------------------------------------------------------------------------------


def test_every_single_flipped_bit_of_the_text_is_refused() -> None:
    for place in range(len(CODE)):
        for bit in range(8):
            flipped = chr(ord(CODE[place]) ^ (1 << bit))
            assert refuses(CODE[:place] + flipped + CODE[place + 1 :]), (place, bit)


@given(tickets, st.data())
def test_a_flipped_bit_of_what_is_signed_or_of_the_signature_is_refused(
    ticket: Ticket, data: st.DataObject
) -> None:
    octets = bytearray(_octets(KEYS.make_code(ticket)))
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << (bit % 8)
    assert refuses(_text(bytes(octets)))


def test_every_other_last_letter_is_refused_though_its_bits_may_not_count() -> None:
    longer = KEYS.make_code(a_ticket("demo", "a" * 26, 1, "general"))
    for code in (CODE, longer):
        assert all(refuses(code[:-1] + each) for each in BASE32 if each != code[-1])


@given(tickets, slugs)
def test_a_ticket_cannot_be_written_over_to_another_event(ticket: Ticket, event_id: str) -> None:
    assume(event_id != ticket.event_id)
    tail = ticket.order_id.rpartition(".")[2]
    other = a_ticket(event_id, tail, ticket.number, ticket.ticket_type)
    signature = _octets(KEYS.make_code(ticket))[-64:]
    assert refuses(_text(_octets(KEYS.make_code(other))[:-64] + signature))


@given(st.integers(1, 39), st.integers(1, 39))
def test_letters_cannot_be_moved_between_the_event_and_the_ticket_type(
    event: int, ticket_type: int
) -> None:
    one = a_ticket("a" * event, "a" * 26, 1, "a" * (ticket_type + 1))
    other = a_ticket("a" * (event + 1), "a" * 26, 1, "a" * ticket_type)
    signature = _octets(KEYS.make_code(one))[-64:]
    assert refuses(_text(_octets(KEYS.make_code(other))[:-64] + signature))


def test_the_key_of_somebody_else_opens_nothing() -> None:
    stranger = TicketKeys([b"the secret of another installation, 32+"])
    ticket = a_ticket("concert", "a" * 26, 1, "adult")
    code = stranger.make_code(ticket)
    assert isinstance(read_code(code, KEYS.public), ForeignCode)
    claimed = _text(_octets(CODE)[:6] + _octets(code)[6:])
    assert isinstance(read_code(claimed, KEYS.public), ForeignCode)
    other_id = _text(_octets(CODE)[:1] + _octets(code)[1:6] + _octets(CODE)[6:])
    assert isinstance(read_code(other_id, KEYS.public), ForeignCode)


def test_a_ticket_is_not_guessed_from_its_order() -> None:
    """All but the signature can be written down by whoever knows the order's id."""
    known = _octets(CODE)[:-64]
    chance = random.Random(20)
    for _ in range(200):
        assert refuses(_text(known + chance.randbytes(64)))
    assert refuses(_text(known + bytes(64)))
    one, other = (
        _octets(KEYS.make_code(a_ticket("concert", "a" * 26, number, "adult"))) for number in (1, 2)
    )
    assert refuses(_text(other[:-64] + one[-64:]))


def test_a_signature_has_one_form_only() -> None:
    """The order of the curve added to a signature is a second one where nobody looks."""
    order = 2**252 + 27742317777372353535851937790883648493
    octets = _octets(CODE)
    scalar = int.from_bytes(octets[-32:], "little") + order
    assert scalar < 2**256
    assert refuses(_text(octets[:-32] + scalar.to_bytes(32, "little")))


# What is no code at all --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        CODE.lower(),
        CODE.capitalize(),
        f" {CODE}",
        f"{CODE} ",
        f"{CODE}\n",
        f"{CODE[:80]} {CODE[80:]}",
        f"{CODE}=",
        CODE + CODE,
        CODE[1:],
        CODE + "A" * 8,
        f"/v1/qr/{CODE}.svg",
        f"{CODE[:-1]}\u0131",
        "\uff21" + CODE[1:],
        "A" * CODE_CHARACTERS_MIN,
        "A" * CODE_CHARACTERS_MAX,
        "7" * CODE_CHARACTERS_MAX,
        "A" * 1_000_000,
        "\x00" * CODE_CHARACTERS_MIN,
        "02.concert.g4l35oj7kpufqx6w3fd7tno6mx",
        "ev2oafbzc2qt4p4n7gymg6fozu",
    ],
)
def test_what_nobody_wrote_is_malformed(text: str) -> None:
    assert isinstance(read_code(text, KEYS.public), MalformedCode)


def test_a_code_that_is_cut_off_anywhere_is_refused() -> None:
    assert all(refuses(CODE[:kept]) for kept in range(len(CODE)))
    assert all(refuses(_text(_octets(CODE)[:kept])) for kept in range(len(_octets(CODE))))


@pytest.mark.parametrize(
    ("at", "octets"),
    [
        pytest.param(0, b"\x00", id="version 0"),
        pytest.param(0, b"\x02", id="version 2"),
        pytest.param(6, b"\x64", id="partition 100"),
        pytest.param(23, b"\xff", id="more than 130 bits of an order"),
        pytest.param(24, b"\x00\x00", id="ticket 0"),
        pytest.param(26, b"\x00", id="no event"),
        pytest.param(26, b"\x29", id="an event of 41 letters"),
        pytest.param(26, b"\x0c", id="no ticket type"),
        pytest.param(27, b"C", id="an upper-case event"),
        pytest.param(34, b"-", id="a ticket type that begins with a dash"),
        pytest.param(35, b"\xe9", id="a letter that is not ASCII"),
    ],
)
def test_what_we_never_write_is_malformed_whoever_signed_it(at: int, octets: bytes) -> None:
    signed = bytearray(_octets(CODE)[:-64])
    signed[at : at + len(octets)] = octets
    code = _text(bytes(signed) + KEYS._signing.sign(bytes(signed)))
    assert isinstance(read_code(code, KEYS.public), MalformedCode)


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    assert refuses(text)


def test_a_second_of_random_codes_opens_nothing() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    head = _octets(CODE)[:-64]
    tried, deadline = 0, monotonic() + RANDOM_SECONDS
    while monotonic() < deadline:
        size = chance.randrange(CODE_CHARACTERS_MIN - 2, CODE_CHARACTERS_MAX + 2)
        assert refuses("".join(chance.choices(BASE32, k=size)))
        assert refuses(_text(chance.randbytes(size * 5 // 8)))
        assert refuses(_text(head[: chance.randrange(len(head))] + chance.randbytes(100)))
        tried += 3
    assert tried > 100


# Rotation ----------------------------------------------------------------------------------------


@given(tickets)
def test_an_old_code_is_good_while_its_key_is_published_and_the_new_key_signs(
    ticket: Ticket,
) -> None:
    printed = OLDER_KEYS.make_code(ticket)
    assert read_code(printed, ROTATED.public) == ticket
    assert ROTATED.make_code(ticket) == KEYS.make_code(ticket) != printed
    assert read_code(ROTATED.make_code(ticket), ROTATED.public) == ticket
    assert isinstance(read_code(printed, KEYS.public), ForeignCode)


def test_a_key_that_is_published_before_it_signs_changes_no_code() -> None:
    ticket = a_ticket("concert", "a" * 26, 1, "adult")
    announced = TicketKeys([OLDER, SECRET])
    assert announced.make_code(ticket) == OLDER_KEYS.make_code(ticket)
    assert list(announced.public) == list(ROTATED.public)[::-1]


def test_without_any_key_nothing_is_a_ticket() -> None:
    assert isinstance(read_code(CODE, index_keys([])), ForeignCode)


def _octets(code: str) -> bytes:
    return base64.b32decode(code + "=" * (-len(code) % 8))


def _text(octets: bytes) -> str:
    return base64.b32encode(octets).decode().rstrip("=")
