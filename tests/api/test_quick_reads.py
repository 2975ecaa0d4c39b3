"""The short ways of what pages poll and their routes: every request is answered alike, byte by
byte."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api import quick_reads
from app.api.events import AvailabilityAnswer
from app.api.order_forms import OrderAnswer
from app.domain.events import availability_of
from app.domain.orders import OrderStatus
from app.runtime.errors import ContractError, Reason, Unavailable
from tests.api.test_quick_orders import ORDER
from tests.api.two_ways import Header, Pair, Request
from tests.domain.test_availability import an_opened_event

HOST: Header = (b"host", b"localhost")
TOKEN: Header = (b"order-token", b"obiekigpynel4cnyyslrrj36bv")
LEFT = availability_of(an_opened_event(), 1_800_000_000_007)
ASK_WHAT_IS_LEFT = Request((b"",), [HOST], path="/v1/events/concert/availability", method="GET")
ASK_FOR_ORDER = Request((b"",), [HOST, TOKEN], path=f"/v1/orders/{ORDER.id}", method="GET")
TROUBLE = (
    None,
    Unavailable("unix:/run/secret.sock", Reason.BUSY),
    ContractError("our halves disagree"),
    RuntimeError("a bug"),
)

PATHS = (
    *(ASK_FOR_ORDER.path, f"{ASK_FOR_ORDER.path}\n", f"{ASK_FOR_ORDER.path}/"),
    *(ASK_WHAT_IS_LEFT.path, f"{ASK_WHAT_IS_LEFT.path}\n", f"{ASK_WHAT_IS_LEFT.path}/"),
    *("/v1/orders", "/v1/orders/", "/v1/orders/x", "/v1/orders/X", "/v1/orders/ñ", "/v1/orders/.."),
    *("/v1/orders/a\n", "/v1/orders/a/b", "/v1", "/v1/events/concert"),
    *("/v1/events/NO/availability", "/v1/events/a\n/availability", "/v1/events//availability"),
    f"/v1/events/{'a' * 41}/availability",
)

_values = st.sampled_from([b"", b" ", b"x", b"\xf1", b"t" * 9_000, TOKEN[1]])
_headers = st.lists(
    st.just(TOKEN)
    | st.tuples(st.just(b"order-token"), _values)
    | st.just((b"origin", b"https://shop.example.com")),
    max_size=3,
).map(lambda headers: [HOST, *headers])


@settings(max_examples=500, deadline=None)
@given(
    request=st.builds(
        Request,
        parts=st.just([b""]),
        headers=_headers,
        path=st.sampled_from(PATHS),
        method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"]),
        reasons=st.sampled_from([(), (), ("Redis is behind the ledger",)]),
        root_path=st.sampled_from(["", "", "/v1", "/shop"]),
    ),
    trouble=st.sampled_from(TROUBLE),
)
def test_any_request_is_answered_as_its_route_answers_it(
    pair: Pair, request: Request, trouble: Exception | None
) -> None:
    pair.compare(request, trouble)
    if request.path == ASK_FOR_ORDER.path:
        pair.compare(request, ORDER)
    if request.path == ASK_WHAT_IS_LEFT.path:
        pair.compare(request, LEFT)


@pytest.mark.parametrize("trouble", TROUBLE, ids=str)
@pytest.mark.parametrize("request_", [ASK_FOR_ORDER, ASK_WHAT_IS_LEFT], ids=lambda each: each.path)
def test_whatever_is_wrong_is_told_as_the_route_tells_it(
    pair: Pair, request_: Request, trouble: Exception | None
) -> None:
    pair.compare(request_, trouble)


def test_what_pages_poll_goes_the_short_way(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    answer = quick_reads.QuickReads._answer

    async def note(*arguments: quick_reads.QuickReads) -> object:
        found = await answer(*arguments)  # type: ignore[arg-type]
        taken.append(found is not None)
        return found

    monkeypatch.setattr(quick_reads.QuickReads, "_answer", note)
    left = pair.compare(ASK_WHAT_IS_LEFT, LEFT)
    order = pair.compare(ASK_FOR_ORDER, ORDER)
    assert taken == [True, True]
    assert (left.timed, order.timed) == (
        {("readAvailability", "200"): 1},
        {("readOrder", "200"): 1},
    )


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_answered_as_its_model_says(pair: Pair, status: OrderStatus) -> None:
    _, body = pair.compare(ASK_FOR_ORDER, replace(ORDER, status=status)).messages
    answered = OrderAnswer.model_validate_json(body["body"])
    assert answered.model_dump_json().encode() == body["body"]


def test_what_is_left_is_answered_as_its_model_says(pair: Pair) -> None:
    _, body = pair.compare(ASK_WHAT_IS_LEFT, LEFT).messages
    answered = AvailabilityAnswer.model_validate_json(body["body"])
    assert answered.model_dump_json().encode() == body["body"]
    assert answered.ticket_types
