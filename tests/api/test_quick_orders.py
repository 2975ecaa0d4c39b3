"""The short way of a plain order and its route: every request is answered alike, byte by byte."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api import quick_orders
from app.api.order_forms import PlacedOrderAnswer
from app.domain.ids import CustomerRef, EventId, OrderId, TicketTypeId
from app.domain.orders import Birth, Order, OrderLine, OrderStatus
from app.domain.outcomes import (
    ClosedReason,
    HoldsOverdue,
    KeyReused,
    LimitExceeded,
    LimitKind,
    OrderPlaced,
    PlaceOutcome,
    SaleClosed,
    SellingOff,
    SoldOut,
    UnknownEvent,
    UnknownTicketType,
)
from app.main import create_app
from app.runtime.errors import ContractError, OutcomeUnknown, Reason, Unavailable
from payments import Money
from tests.api.conftest import Api
from tests.api.listener import Listener, listening
from tests.api.odd_orders import odd_requests
from tests.api.test_hostile import TABLE, listener
from tests.api.two_ways import (
    HEADERS,
    PLAIN,
    Pair,
    Request,
    without_short_way,
)

__all__ = ["listener"]  # a fixture: an event on sale, and a closed one

ORDER = Order(
    id=OrderId("02.concert.aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    event_id=EventId("concert"),
    customer_ref=CustomerRef("c" * 26),
    fingerprint="f" * 32,
    status=OrderStatus.HELD,
    birth=Birth(OrderStatus.HELD, 1_800_000_600_000),
    lines=(OrderLine(TicketTypeId("adult"), 2, Money(1050, "EUR"), 'Señor "X" \u2028 \U0001f3b8'),),
    total=Money(2100, "EUR"),
    created_at_ms=1_800_000_000_007,
    expires_at_ms=1_800_000_600_007,
    confirmed_at_ms=None,
    version=1,
    payment_id=None,
    settlement=None,
    refunded=Money(0, "EUR"),
)


OUTCOMES: Sequence[PlaceOutcome | Exception] = (
    OrderPlaced(ORDER, replayed=False),
    OrderPlaced(ORDER, replayed=True),
    OrderPlaced(replace(ORDER, status=OrderStatus.CONFIRMED, expires_at_ms=None), replayed=False),
    SoldOut(TicketTypeId("adult"), may_return=True),
    SoldOut(TicketTypeId("adult"), may_return=False),
    LimitExceeded(LimitKind.MAX_PER_CUSTOMER, TicketTypeId("adult"), 4),
    LimitExceeded(LimitKind.LIVE_HOLDS_PER_ADDRESS, None, 3),
    SaleClosed(ClosedReason.PAUSED),
    SellingOff("selling.halt"),
    UnknownEvent(),
    UnknownTicketType(TicketTypeId("ghost")),
    KeyReused(),
    HoldsOverdue(),
    Unavailable("unix:/run/secret.sock", Reason.BUSY),
    OutcomeUnknown("unix:/run/secret.sock"),
    ContractError("our halves disagree"),
    RuntimeError("a bug"),
)


@settings(max_examples=1_000, deadline=None)
@given(request=odd_requests(), outcome=st.sampled_from(OUTCOMES))
def test_any_request_is_answered_as_the_route_answers_it(
    pair: Pair, request: Request, outcome: PlaceOutcome | Exception
) -> None:
    pair.compare(request, outcome)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
def test_whatever_is_decided_is_told_as_the_route_tells_it(
    pair: Pair, outcome: PlaceOutcome | Exception
) -> None:
    with _counting_short_ways() as taken:
        pair.compare(Request(), outcome)
    assert taken == [True]


UNUSUAL = {
    "confirm twice": Request((b'{"confirm":true,' + PLAIN[1:-1] + b',"confirm":false}',)),
    "a quantity twice": Request((PLAIN.replace(b'"quantity":2', b'"quantity":1,"quantity":2'),)),
    "no name, twice": Request((PLAIN.replace(b'"email"', b'"name":null,"name":null,"email"'),)),
    "two e-mails": Request((PLAIN.replace(b'"email"', b'"email":"eve@example.com","email"'),)),
    "two e-mails, written otherwise": Request(
        (PLAIN.replace(b'"email"', b'"\\u0065mail":"eve@example.com","email"'),)
    ),
    "lines twice": Request((PLAIN[:-1] + b',"lines":[{"ticket_type":"adult","quantity":1}]}',)),
    "a fraction": Request((PLAIN.replace(b"2}", b"2.0}"),)),
    "no body": Request((b"",)),
    "a body and more": Request((PLAIN, b"x")),
    "a charset": Request(
        headers=(*HEADERS[:2], (b"content-type", b"application/json; charset=utf-8"))
    ),
    "two media types": Request(
        headers=(*HEADERS[:2], (b"content-type", b"text/plain"), *HEADERS[2:])
    ),
    "a coding": Request(headers=(*HEADERS, (b"content-encoding", b"identity"))),
    "a key twice": Request(headers=(*HEADERS, HEADERS[1])),
    "a key and a line break": Request(
        headers=((b"idempotency-key", b"key-0000000000000000\n"), HEADERS[2])
    ),
    "not ready": Request(reasons=("Redis is behind the ledger",)),
    "below another address": Request(root_path="/shop"),
}


@pytest.mark.parametrize("request_", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_not_plain_goes_the_long_way(pair: Pair, request_: Request) -> None:
    with _counting_short_ways() as taken:
        pair.compare(request_, OrderPlaced(ORDER, replayed=False))
    assert True not in taken


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        PLAIN.replace(b":", b" : ").replace(b",", b" ,\n"),
        PLAIN[:-1] + b',"confirm":false}',
        PLAIN.replace(b'"email"', '"name":"Señor \U0001f3b8","email"'.encode()),
        PLAIN.replace(b'"email"', b'"name":null,"email"'),
        PLAIN.replace(b'"email"', b'"name":"Se\\u00f1or \\ud83c\\udfb8","email"'),
        PLAIN.replace(b"}]", b'},{"quantity":1,"ticket_type":"adult"}]'),
    ],
)
def test_what_buyers_send_goes_the_short_way(pair: Pair, body: bytes) -> None:
    with _counting_short_ways() as taken:
        seen = pair.compare(Request((body,)), OrderPlaced(ORDER, replayed=False))
    assert taken == [True]
    assert len(seen.asked) == 1
    assert seen.timed == {("placeOrder", "201"): 1}


def test_an_answer_is_what_its_model_says(pair: Pair) -> None:
    start, body = pair.compare(Request(), OrderPlaced(ORDER, replayed=False)).messages
    assert start["status"] == 201
    assert PlacedOrderAnswer.model_validate_json(body["body"]).model_dump_json() == (
        body["body"].decode()
    )


@contextmanager
def _counting_short_ways() -> Iterator[list[bool]]:
    """Of each request that came so far, whether it was found plain."""
    taken: list[bool] = []
    read = quick_orders._read

    def note(*arguments: Any) -> Any:
        found = read(*arguments)
        taken.append(found is not None)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick_orders, "_read", note)
        yield taken


async def test_all_hostile_input_is_answered_as_without_the_short_way(
    api: Api, listener: Listener
) -> None:
    long = without_short_way(lambda: create_app(api.settings))
    long.state.services = api.application.state.services
    async with listening(long, api.settings) as other:
        for name, (data, _, _) in TABLE.items():
            answers = [await each.ask(data) for each in (listener, other)]
            for answer in answers:
                answer.headers.pop("date", None)
            assert answers[0] == answers[1], name
