"""What the provider double says of a payment, as it stands in a notice: JSON, and back again."""

import json
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from payments.messages import (
    Decline,
    Failure,
    NextAction,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
)
from payments.money import Money
from payments.testing.entries import Entry

_Minor = Annotated[int, Field(ge=0, lt=2**53)]
_POLL_SECONDS: Final = 1.0


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class _Refund(_Strict):
    id: str
    refund_id: str
    amount: _Minor
    status: str


class Payment(_Strict):
    """One payment as the double shows it."""

    id: str
    account: str
    reference: str
    amount: _Minor
    currency: str
    status: str
    authorized: _Minor
    captured: _Minor
    decline: str | None
    version: _Minor
    refunds: list[_Refund]


class Event(_Strict):
    """One notice. `id` is the same for every delivery of it."""

    id: str
    type: str
    payment: Payment | None


def body_of(event_id: str, entry: Entry) -> str:
    """The text of the notice that tells how the payment stands now."""
    payment = Payment(
        id=provider_id(entry.reference),
        account=entry.account,
        reference=entry.reference,
        amount=entry.amount.amount_minor,
        currency=entry.amount.currency,
        status=entry.status.value,
        authorized=entry.authorized_minor,
        captured=entry.captured_minor,
        decline=entry.decline,
        version=entry.version,
        refunds=[
            _Refund(
                id=each.provider_refund_id,
                refund_id=each.refund_id,
                amount=each.amount_minor,
                status=each.status.value,
            )
            for each in entry.refunds
        ],
    )
    event = Event(id=event_id, type=f"payment.{entry.status}", payment=payment)
    return json.dumps(event.model_dump(), separators=(",", ":"))


def provider_id(reference: str) -> str:
    """The double's own id of a payment."""
    return f"sbx_{reference}"


def snapshot_of_entry(entry: Entry, pay_page_url: str | None = None) -> Snapshot:
    """What a call is answered with."""
    return Snapshot(
        status=entry.status,
        provider_payment_id=provider_id(entry.reference),
        reference=entry.reference,
        amount=entry.amount,
        is_live=False,
        authorized_minor=entry.authorized_minor,
        captured_minor=entry.captured_minor,
        refunds=tuple(
            RefundState(
                refund_id=each.refund_id,
                provider_refund_id=each.provider_refund_id,
                amount=Money(each.amount_minor, entry.amount.currency),
                status=each.status,
            )
            for each in entry.refunds
        ),
        version=entry.version,
        next_action=_next_action(entry, pay_page_url),
        failure=_failure(entry.status, entry.decline),
        evidence={"version": entry.version},
    )


def snapshot_of_payment(payment: Payment) -> Snapshot:
    """What a notice tells. ValueError for what cannot be."""
    return Snapshot(
        status=RemoteStatus(payment.status),
        provider_payment_id=payment.id,
        reference=payment.reference,
        amount=Money(payment.amount, payment.currency),
        is_live=False,
        authorized_minor=payment.authorized,
        captured_minor=payment.captured,
        refunds=tuple(
            RefundState(
                refund_id=each.refund_id,
                provider_refund_id=each.id,
                amount=Money(each.amount, payment.currency),
                status=RefundStatus(each.status),
            )
            for each in payment.refunds
        ),
        version=payment.version,
        failure=_failure(RemoteStatus(payment.status), payment.decline),
        evidence={"version": payment.version},
    )


def _failure(status: RemoteStatus, decline: str | None) -> Failure | None:
    if status is not RemoteStatus.FAILED or decline is None:
        return None
    return Failure(code=Decline(decline), provider_code=f"sandbox_{decline}")


def _next_action(entry: Entry, pay_page_url: str | None) -> NextAction | None:
    """Where the double has no page, whoever is sent there is back at once."""
    if entry.status is RemoteStatus.PENDING:
        return NextAction(kind="wait", poll_seconds=_POLL_SECONDS)
    if entry.status is RemoteStatus.REQUIRES_ACTION:
        if pay_page_url is not None:
            return NextAction(kind="redirect", url=f"{pay_page_url}/{entry.reference}")
        url = entry.return_url or f"https://sandbox.invalid/pay/{entry.reference}"
        return NextAction(kind="redirect", url=url)
    return None
