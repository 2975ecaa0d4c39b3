"""Descriptors: what contradicts itself, or could not be recovered, is refused when it is made."""

from datetime import timedelta
from typing import Any

import pytest

from payments import (
    Capability,
    CurrencyRule,
    Descriptor,
    DescriptorRefused,
    Idempotency,
    Lookup,
    Money,
    WebhookTrust,
)

C = Capability
GOOD: dict[str, Any] = {
    "id": "acme",
    "display_name": "Acme",
    "capabilities": frozenset({C.FETCH, C.REFUND}),
    "currencies": {"EUR": CurrencyRule(wire_digits=2)},
    "idempotency": Idempotency.KEY,
    "idempotency_window": timedelta(hours=24),
    "lookup": Lookup.PRESENCE,
}


def test_a_sound_descriptor_is_taken() -> None:
    descriptor = Descriptor(**GOOD)
    assert descriptor.can(C.FETCH)
    assert not descriptor.can(C.AUTHORIZE)
    assert descriptor.accepts(Money(1, "EUR"))
    assert not descriptor.accepts(Money(1, "USD"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "Acme"}, "id must match"),
        ({"id": "a"}, "id must match"),
        ({"id": "acme\n"}, "id must match"),
        ({"display_name": " "}, "display_name"),
        ({"capabilities": frozenset({C.FETCH, C.AUTHORIZE})}, "AUTHORIZE needs CANCEL"),
        ({"capabilities": frozenset({C.FETCH, C.PARTIAL_REFUND})}, "PARTIAL_REFUND needs REFUND"),
        ({"capabilities": frozenset({C.REFUND})}, "FETCH and lookup must agree"),
        ({"lookup": Lookup.NONE}, "FETCH and lookup must agree"),
        (
            {
                "capabilities": frozenset({C.WEBHOOKS}),
                "lookup": Lookup.NONE,
                "webhook_trust": WebhookTrust.HINT,
            },
            "a hint can only be followed up",
        ),
        (
            {
                "capabilities": frozenset[Capability](),
                "lookup": Lookup.NONE,
                "idempotency": Idempotency.NONE,
                "idempotency_window": None,
            },
            "never be recovered",
        ),
        ({"idempotency_window": None}, "idempotency_window"),
        ({"idempotency": Idempotency.UNIQUE_REFERENCE}, "goes with KEY alone"),
        ({"idempotency_window": timedelta(0)}, "above 0"),
        ({"currencies": {}}, "no currency"),
        ({"currencies": {"DEM": CurrencyRule(wire_digits=2)}}, "DEM: no active code"),
        ({"currencies": {"EUR": CurrencyRule(wire_digits=7)}}, "wire_digits"),
        ({"currencies": {"KWD": CurrencyRule(wire_digits=2)}}, "multiple of 10"),
        ({"currencies": {"EUR": CurrencyRule(wire_digits=2, least_minor=0)}}, "least_minor"),
        (
            {"currencies": {"EUR": CurrencyRule(wire_digits=2, least_minor=9, most_minor=8)}},
            "least_minor",
        ),
        ({"reference_pattern": "["}, "no pattern"),
        ({"call_timeout": timedelta(0)}, "above 0"),
        ({"call_timeout": timedelta(minutes=2)}, "call_timeout"),
    ],
    ids=str,
)
def test_a_descriptor_that_contradicts_itself_is_refused(
    change: dict[str, Any], fault: str
) -> None:
    with pytest.raises(DescriptorRefused, match=fault):
        Descriptor(**{**GOOD, **change})


def test_a_refusal_lists_every_fault() -> None:
    with pytest.raises(DescriptorRefused, match=r"id must match.*; .*no currency"):
        Descriptor(**{**GOOD, "id": "!", "currencies": {}})


@pytest.mark.parametrize(
    ("rule", "amount", "wire"),
    [
        (CurrencyRule(wire_digits=2), Money(1050, "EUR"), 1050),
        (CurrencyRule(wire_digits=0), Money(500, "JPY"), 500),
        (CurrencyRule(wire_digits=2), Money(500, "ISK"), 50000),
        (CurrencyRule(wire_digits=3), Money(1230, "KWD"), 1230),
        (CurrencyRule(wire_digits=2, multiple_of_minor=10), Money(1230, "KWD"), 123),
    ],
)
def test_an_amount_is_counted_as_the_provider_does_and_back(
    rule: CurrencyRule, amount: Money, wire: int
) -> None:
    assert rule.accepts(amount)
    assert rule.wire_amount(amount) == wire
    assert rule.minor_amount(wire, amount.currency) == amount.amount_minor


def test_nothing_is_rounded_on_the_wire() -> None:
    rule = CurrencyRule(wire_digits=2, multiple_of_minor=10)
    assert not rule.accepts(Money(1235, "KWD"))
    with pytest.raises(ValueError, match="no exact form"):
        rule.wire_amount(Money(1235, "KWD"))
    with pytest.raises(ValueError, match="no whole number"):
        CurrencyRule(wire_digits=2).minor_amount(50, "JPY")
    with pytest.raises(TypeError):
        CurrencyRule(wire_digits=2).minor_amount(10.5, "EUR")  # type: ignore[arg-type]
