"""What a gate says of a code, with keys and a list that were fetched before."""

import pytest

from app.domain.ids import EventId, OrderId, TicketTypeId
from app.domain.ticket_codes import TicketKeys
from app.domain.tickets import Ticket, TicketId
from app.selling import CheckedTicket, TicketCheck, check_ticket
from tests.builders import SECRET

KEYS = TicketKeys([SECRET])
TICKET = Ticket(OrderId("02.concert." + "a" * 26), EventId("concert"), 2, TicketTypeId("adult"))
CODE = KEYS.make_code(TICKET)


@pytest.mark.parametrize("event", ["concert", None])
def test_a_ticket_of_ours_is_valid(event: str | None) -> None:
    found = check_ticket(CODE, KEYS.public, frozenset(), EventId(event) if event else None)
    assert found == CheckedTicket(TicketCheck.VALID, TICKET)


def test_a_revoked_ticket_is_told_apart_and_its_neighbour_is_not() -> None:
    revoked = frozenset({TICKET.id})
    neighbour = Ticket(TICKET.order_id, TICKET.event_id, 1, TICKET.ticket_type)
    assert check_ticket(CODE, KEYS.public, revoked, None).check is TicketCheck.REVOKED
    code = KEYS.make_code(neighbour)
    assert check_ticket(code, KEYS.public, revoked, None).check is TicketCheck.VALID


def test_a_code_printed_before_a_rotation_is_revoked_with_its_ticket() -> None:
    rotated = TicketKeys([b"the secret that came after the first", SECRET])
    for code in (CODE, rotated.make_code(TICKET)):
        found = check_ticket(code, rotated.public, frozenset({TICKET.id}), None)
        assert found == CheckedTicket(TicketCheck.REVOKED, TICKET)


def test_a_ticket_of_another_event_is_refused_revoked_or_not() -> None:
    for revoked in (frozenset[TicketId](), frozenset({TICKET.id})):
        found = check_ticket(CODE, KEYS.public, revoked, EventId("match"))
        assert found == CheckedTicket(TicketCheck.OTHER_EVENT, TICKET)


def test_what_is_not_ours_says_nothing_that_could_be_believed() -> None:
    stranger = TicketKeys([b"the secret of another installation, 32+"]).make_code(TICKET)
    assert check_ticket(stranger, KEYS.public, frozenset(), None) == CheckedTicket(
        TicketCheck.NOT_OURS, None
    )
    assert check_ticket(CODE.lower(), KEYS.public, frozenset(), None) == CheckedTicket(
        TicketCheck.MALFORMED, None
    )
