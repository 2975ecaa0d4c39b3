"""What Acme's requests, answers and notices look like, and nothing of how they travel."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence

from payments import (
    BadSignature,
    CurrencyRule,
    Decline,
    Failure,
    Initiate,
    MalformedWebhook,
    Money,
    NextAction,
    OutcomeUnknown,
    Refund,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
    StaleWebhook,
    WebhookBatch,
    WebhookEvent,
    WebhookRequest,
)

Json = dict[str, object]

INITIATE_PATH = "/payments"
CHECK_PATH = "/account"
KEY_HEADER = "Idempotency-Key"
TOLERANCE_SECONDS = 300

CURRENCIES = {
    "EUR": CurrencyRule(wire_digits=2, least_minor=50),
    "JPY": CurrencyRule(wire_digits=0),
    "ISK": CurrencyRule(wire_digits=2),
    "KWD": CurrencyRule(wire_digits=3, multiple_of_minor=10),
}
"""As Acme counts: two decimals for ISK, which has none, and KWD in tens of fils."""

_STATUSES = {
    "open": RemoteStatus.REQUIRES_ACTION,
    "paid": RemoteStatus.CAPTURED,
    "declined": RemoteStatus.FAILED,
}
_DECLINES = {"no_funds": Decline.INSUFFICIENT_FUNDS, "expired_card": Decline.CARD_EXPIRED}


def credentials(api_key: str) -> dict[str, str]:
    """The headers by which Acme knows the account."""
    return {"Authorization": f"Bearer {api_key}"}


def fetch_path(reference: str) -> str:
    """Where a payment is looked up by our reference."""
    return f"/payments/{reference}"


def refund_path(reference: str) -> str:
    """Where a payment is given back."""
    return f"/payments/{reference}/refunds"


def initiate_body(request: Initiate, rule: CurrencyRule) -> Json:
    """The body of a new payment."""
    return {
        "reference": request.reference,
        "amount": rule.wire_amount(request.amount),
        "currency": request.amount.currency,
        "description": request.description,
        "return_url": request.return_url,
        "notify_url": request.webhook_url,
    }


def refund_body(request: Refund, rule: CurrencyRule) -> Json:
    """The body of a refund."""
    return {"merchant_refund_id": request.refund_id, "amount": rule.wire_amount(request.amount)}


def snapshot_of(answer: Json, currencies: Mapping[str, CurrencyRule], *, is_live: bool) -> Snapshot:
    """A payment as Acme shows it. LookupError, TypeError or ValueError for what is none."""
    currency = _text(answer["currency"])
    rule = currencies[currency]

    def minor(wire: object) -> int:
        return rule.minor_amount(_number(wire), currency)

    status = _STATUSES[_text(answer["status"])]
    return Snapshot(
        status=status,
        provider_payment_id=_text(answer["id"]),
        reference=_text(answer["reference"]),
        amount=Money(minor(answer["amount"]), currency),
        is_live=is_live and answer["mode"] == "live",
        captured_minor=minor(answer["paid"]),
        refunds=tuple(
            RefundState(
                refund_id=_text(each["merchant_refund_id"]),
                provider_refund_id=_text(each["id"]),
                amount=Money(minor(each["amount"]), currency),
                status=RefundStatus.SUCCEEDED,
            )
            for each in _rows(answer["refunds"])
        ),
        version=_number(answer["revision"]),
        next_action=_next_action(status, answer),
        failure=_failure(status, answer),
        evidence={"acme id": _text(answer["id"])},
    )


def verify_notice(request: WebhookRequest, secrets: Sequence[bytes]) -> None:
    """`Acme-Signature: t=<seconds>,v1=<hex>` over "<seconds>.<body>". Raises BadSignature,
    StaleWebhook."""
    header = request.headers.get("acme-signature", "")
    found = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", header)
    if found is None:
        raise BadSignature("header")
    signed = f"{found[1]}.".encode() + request.body
    digests = [hmac.new(each, signed, hashlib.sha256).hexdigest() for each in secrets if each]
    matches = [hmac.compare_digest(each, found[2]) for each in digests]
    if not any(matches):
        raise BadSignature("signature")
    if abs(request.received_at.timestamp() - int(found[1])) > TOLERANCE_SECONDS:
        raise StaleWebhook("time")


def read_notice(body: bytes, snapshot: Callable[[Json], Snapshot]) -> WebhookBatch:
    """What a true notice tells. Raises MalformedWebhook."""
    try:
        notice = json.loads(body)
        kind, key, payment = notice["type"], notice["id"], notice["payment"]
        if not kind.startswith("payment."):
            return WebhookBatch(events=())
        event = WebhookEvent(
            event_key=_text(key),
            kind=kind,
            reference=_text(payment["reference"]),
            snapshot=snapshot(payment),
        )
    except (LookupError, TypeError, ValueError, AttributeError, OutcomeUnknown):
        raise MalformedWebhook("body") from None
    return WebhookBatch(events=(event,))


def _next_action(status: RemoteStatus, answer: Json) -> NextAction | None:
    if status is not RemoteStatus.REQUIRES_ACTION:
        return None
    return NextAction(kind="redirect", url=_text(answer["pay_url"]))


def _failure(status: RemoteStatus, answer: Json) -> Failure | None:
    if status is not RemoteStatus.FAILED:
        return None
    reason = _text(answer["reason"])
    return Failure(code=_DECLINES.get(reason, Decline.OTHER), provider_code=reason)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError("no whole number")
    return value


def _rows(value: object) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value
