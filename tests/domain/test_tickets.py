"""The tickets of an order: one for each unit, always the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.orders import OrderStatus
from app.domain.tickets import TicketStatus, ticket_ids_of, tickets_of
from tests.ledger.facts import an_order


@given(st.lists(st.integers(1, 100), min_size=1, max_size=20))
def test_there_are_as_many_tickets_as_units_numbered_from_one(quantities: list[int]) -> None:
    order = an_order(lines=[(f"t{at}", each, 0) for at, each in enumerate(quantities)])
    tickets = tickets_of(order)
    assert tickets is not None
    assert [each.ticket.number for each in tickets] == list(range(1, sum(quantities) + 1))
    assert [each.ticket.id for each in tickets] == list(ticket_ids_of(order.id, quantities))
    for line in order.lines:
        of_line = [each for each in tickets if each.ticket.ticket_type == line.ticket_type]
        assert len(of_line) == line.quantity
        assert {each.name for each in of_line} == {line.name}


@pytest.mark.parametrize("status", OrderStatus)
def test_only_confirmed_and_cancelled_orders_have_tickets(status: OrderStatus) -> None:
    tickets = tickets_of(replace(an_order(), status=status))
    found = None if tickets is None else [each.status for each in tickets]
    expected = {
        OrderStatus.CONFIRMED: [TicketStatus.VALID],
        OrderStatus.CANCELLED: [TicketStatus.REVOKED],
    }
    assert found == expected.get(status)


def test_a_ticket_keeps_its_id_when_its_order_is_cancelled() -> None:
    order = an_order(lines=[("adult", 2, 0), ("child", 1, 0)])
    before, after = tickets_of(order), tickets_of(replace(order, status=OrderStatus.CANCELLED))
    assert before is not None
    assert after is not None
    assert [each.ticket for each in before] == [each.ticket for each in after]
