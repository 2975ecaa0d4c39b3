"""Requests to payment methods, as the service makes them."""

from datetime import UTC, datetime
from itertools import count
from typing import Literal

from payments import Cancel, Capture, Fetch, Initiate, Money, Refund, Scalar

NOW = datetime(2030, 6, 20, 20, 0, tzinfo=UTC)
_numbers = count(1)


def new_reference() -> str:
    """26 letters and digits, none twice."""
    return f"{next(_numbers):026d}"


def initiate(
    reference: str,
    amount: Money = Money(1050, "EUR"),  # noqa: B008 - frozen
    *,
    key: str | None = None,
    capture: bool = True,
    **method_input: Scalar,
) -> Initiate:
    return Initiate(
        payment_id=f"pay_{reference}",
        reference=reference,
        idempotency_key=key or f"{reference}:initiate",
        provider_payment_id=None,
        amount=amount,
        capture=capture,
        return_url="https://shop.example/back",
        webhook_url="https://api.example/v1/webhooks/sandbox/main",
        description="2 tickets",
        expires_at=None,
        method_input=method_input,
    )


def fetch(reference: str, amount: Money = Money(1050, "EUR")) -> Fetch:  # noqa: B008
    return Fetch(
        payment_id=f"pay_{reference}",
        reference=reference,
        idempotency_key="",
        provider_payment_id=None,
        amount=amount,
    )


def capture(
    reference: str,
    amount: Money = Money(1050, "EUR"),  # noqa: B008
    key: str = "capture",
) -> Capture:
    return Capture(
        payment_id=f"pay_{reference}",
        reference=reference,
        idempotency_key=f"{reference}:{key}",
        provider_payment_id=None,
        amount=amount,
    )


def cancel(reference: str, key: str = "cancel") -> Cancel:
    return Cancel(
        payment_id=f"pay_{reference}",
        reference=reference,
        idempotency_key=f"{reference}:{key}",
        provider_payment_id=None,
        amount=Money(1050, "EUR"),
    )


def refund(
    reference: str,
    amount: Money,
    refund_id: str = "r1",
    reason: Literal["requested", "late", "duplicate", "event_cancelled"] = "requested",
) -> Refund:
    return Refund(
        payment_id=f"pay_{reference}",
        reference=reference,
        idempotency_key=f"{reference}:refund:{refund_id}",
        provider_payment_id=None,
        amount=amount,
        refund_id=refund_id,
        reason=reason,
    )
