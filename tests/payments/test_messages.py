"""Messages: what cannot be true is refused where it is made."""

from dataclasses import replace
from typing import Any

import pytest

from payments import (
    Cancel,
    Decline,
    Failure,
    InvalidMessage,
    Money,
    NextAction,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
    WebhookEvent,
)
from payments.messages import WORD_CHARACTERS_MAX

PENDING = Snapshot(
    status=RemoteStatus.PENDING,
    provider_payment_id="pi_1",
    reference="a" * 26,
    amount=Money(1050, "EUR"),
    is_live=False,
)
REFUND = RefundState(
    refund_id="r1",
    provider_refund_id="re_1",
    amount=Money(50, "EUR"),
    status=RefundStatus.PENDING,
)


@pytest.mark.parametrize("number", [-1, True, 1.0, "1", None, 2**53, 10**30])
@pytest.mark.parametrize(
    "name", ["authorized_minor", "captured_minor", "disputed_minor", "version"]
)
def test_a_number_of_a_snapshot_is_a_whole_one(name: str, number: object) -> None:
    change: Any = {name: number}
    with pytest.raises(InvalidMessage, match=name):
        replace(PENDING, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"status": RemoteStatus.CAPTURED},
        {"status": RemoteStatus.CAPTURED, "authorized_minor": 1050},
        {"status": RemoteStatus.AUTHORIZED},
        {"status": RemoteStatus.AUTHORIZED, "captured_minor": 1050},
        {"is_live": 1},
        {"is_live": None},
        {"provider_payment_id": ""},
        {"reference": ""},
        {"refunds": (REFUND, REFUND)},
        {"evidence": {"text": "x" * 4096}},
        {"evidence": {"text": "é" * 700}},
        {"evidence": {"nested": {}}},
        {"evidence": {"share": 0.5}},
    ],
    ids=str,
)
def test_a_snapshot_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        replace(PENDING, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"status": RemoteStatus.CAPTURED, "captured_minor": 1050},
        {"status": RemoteStatus.AUTHORIZED, "authorized_minor": 1},
        {"refunds": (REFUND, replace(REFUND, provider_refund_id="re_2"))},
        {"evidence": {"text": "x" * 4000, "count": 3, "yes": True, "none": None}},
    ],
    ids=str,
)
def test_a_snapshot_that_can_be_is_taken(change: dict[str, Any]) -> None:
    replace(PENDING, **change)


def test_nobody_asks_a_provider_for_nothing() -> None:
    with pytest.raises(InvalidMessage, match="no amount"):
        Cancel(
            payment_id="pay_1",
            reference="a" * 26,
            idempotency_key="k",
            provider_payment_id=None,
            amount=Money(0, "EUR"),
        )


def test_a_refund_of_nothing_or_of_no_name_is_none() -> None:
    with pytest.raises(InvalidMessage):
        replace(REFUND, amount=Money(0, "EUR"))
    with pytest.raises(InvalidMessage):
        replace(REFUND, provider_refund_id="")


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "redirect"},
        {"kind": "post_form"},
        {"kind": "redirect", "url": "javascript:alert(1)"},
        {"kind": "redirect", "url": "data:text/html,x"},
        {"kind": "redirect", "url": "//other.example"},
        {"kind": "wait", "poll_seconds": 0},
        {"kind": "wait", "poll_seconds": float("nan")},
        {"kind": "wait", "poll_seconds": float("inf")},
        {"kind": "client_sdk", "fields": {"amount": 10.5}},
        {"kind": "client_sdk", "fields": {"of": {"an": "object"}}},
    ],
    ids=str,
)
def test_a_next_action_that_a_browser_should_not_take_is_refused(action: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        NextAction(**action)


def test_the_code_of_a_failure_is_a_text() -> None:
    wrong: Any = 51
    with pytest.raises(InvalidMessage):
        Failure(code=Decline.OTHER, provider_code=wrong)


EVENT = WebhookEvent(event_key="evt_1", kind="payment.captured", reference="a" * 26)
WORDS: list[tuple[Any, str]] = [
    (EVENT, "event_key"),
    (EVENT, "kind"),
    (EVENT, "reference"),
    (PENDING, "provider_payment_id"),
    (PENDING, "reference"),
    (REFUND, "provider_refund_id"),
    (REFUND, "refund_id"),
]


@pytest.mark.parametrize(("message", "name"), WORDS)
@pytest.mark.parametrize(
    "word",
    [
        "",
        "x" * (WORD_CHARACTERS_MAX + 1),
        "a\nb",
        "a\x00",
        "\x1b[2J",
        "a\u2028b",
        "\ud800",
        7,
        b"x",
    ],
    ids=ascii,
)
def test_a_word_of_a_provider_is_short_and_can_be_seen(
    message: Any, name: str, word: object
) -> None:
    change: Any = {name: word}
    with pytest.raises(InvalidMessage, match=name):
        replace(message, **change)
    change = {name: "é" * WORD_CHARACTERS_MAX}
    assert getattr(replace(message, **change), name)
