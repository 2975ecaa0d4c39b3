"""Notices of providers: taken into the inbox first, acknowledged, and followed up later.

A notice is a reason to look. Only of a method that has no look-up is it evidence, and then only if
it is signed. Who sends it twice, or before we know of the payment, loses nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

import structlog

from app.ledger import Channel, NewNotice, NoticeRow, Notices, PaymentRow, Payments
from app.runtime.clock import Clock
from app.runtime.metrics import NOTICES
from app.selling.paying.advancing import Advancing
from app.selling.paying.answers import next_look_ms
from payments import (
    Capability,
    Enrolled,
    Registry,
    WebhookBatch,
    WebhookRejected,
    WebhookRequest,
    WebhookTrust,
)

UNMATCHED_MS_MAX: Final = 24 * 3_600_000
"""A notice of a payment that we do not know is tried this long: it may be older than the payment's
own row is visible, but not by a day."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoticeTaken:
    """Recorded; the answer is the one that the provider wants."""

    status: int
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class NoticeRefused:
    """`is_unauthentic`: nobody of the provider signed it, or not now."""

    is_unauthentic: bool


@dataclass(frozen=True, slots=True)
class UnknownAccount:
    """No such account, or one that takes no notices."""


NoticeOutcome: TypeAlias = NoticeTaken | NoticeRefused | UnknownAccount


class Noticing:
    """Methods raise Unavailable and OutcomeUnknown of the ledger, and may be repeated."""

    def __init__(
        self,
        registry: Registry,
        notices: Notices,
        payments: Payments,
        advancing: Advancing,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._notices = notices
        self._payments = payments
        self._advancing = advancing
        self._clock = clock

    async def take(
        self,
        method: str,
        account: str,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes,
    ) -> NoticeOutcome:
        """The exact bytes, header names in lower case. Toggles play no part."""
        enrolled = self._registry.find(method, account)
        if enrolled is None or not enrolled.takes_notices:
            return UnknownAccount()
        now_ms = self._clock.now_ms()
        request = WebhookRequest(
            headers=headers,
            query=query,
            body=body,
            received_at=datetime.fromtimestamp(now_ms / 1000, UTC),
        )
        batch = _parse(enrolled, request)
        if isinstance(batch, NoticeRefused):
            NOTICES.labels(method, "refused").inc()
            return batch
        digest = hashlib.sha256(body).hexdigest()
        taken = await self._notices.take(
            [
                NewNotice(
                    method=method,
                    account=account,
                    event_key=event.event_key,
                    digest=digest,
                    reference=event.reference,
                    kind=event.kind,
                    snapshot=event.snapshot,
                    received_at_ms=now_ms,
                )
                for event in batch.events
            ]
        )
        NOTICES.labels(method, "new").inc(taken.new)
        if taken.conflicting:
            NOTICES.labels(method, "conflicting").inc(len(taken.conflicting))
            log.error("a notice came twice, with other words", method=method, account=account)
        return NoticeTaken(batch.ack_status, batch.ack_body, batch.ack_media_type)

    async def follow_up(self, notice: NoticeRow) -> None:
        """Looks at its payment, and brings it on. As long as the provider does not say how the
        payment stands the notice is kept: it may be all that we hear of late money."""
        now_ms = self._clock.now_ms()
        key = notice.key
        payment = await self._payments.find(key.method, key.account, notice.reference)
        if payment is not None:
            if not await self._hear(payment, notice):
                await self._notices.retry(key, next_look_ms(notice.attempts, now_ms))
                return
        elif now_ms - notice.received_at_ms < UNMATCHED_MS_MAX:
            await self._notices.retry(key, next_look_ms(notice.attempts, now_ms))
            return
        else:
            NOTICES.labels(key.method, "unmatched").inc()
            log.error("a notice is of no payment of ours", method=key.method, account=key.account)
        await self._notices.handled(key, now_ms)

    async def _hear(self, payment: PaymentRow, notice: NoticeRow) -> bool:
        """False: what it means is not known yet."""
        account = self._registry.of_payment(payment.method, payment.account)
        descriptor = account.descriptor
        is_evidence = (
            account.is_usable  # a placeholder does not know what its notices are worth
            and not descriptor.can(Capability.FETCH)
            and descriptor.webhook_trust is WebhookTrust.SIGNED
            and notice.snapshot is not None
        )
        if is_evidence:
            payment = await self._payments.record(
                payment.payment_id,
                channel=Channel.WEBHOOK,
                at_ms=self._clock.now_ms(),
                snapshot=notice.snapshot,
            )
        return (await self._advancing.hear(payment)).is_heard


def _parse(account: Enrolled, request: WebhookRequest) -> WebhookBatch | NoticeRefused:
    """What a method raises besides is the method's fault: the provider may send it again."""
    try:
        batch: object = account.method.parse_webhook(request)
    except WebhookRejected as error:
        log.warning(
            "a notice was refused",
            method=account.method_id,
            account=account.account_id,
            reason=type(error).__name__,
            digest=hashlib.sha256(request.body).hexdigest(),
        )
        return NoticeRefused(is_unauthentic=error.status == 401)
    except Exception as error:  # noqa: BLE001 - the code of strangers
        log.error(
            "a method cannot read a notice", method=account.method_id, error=type(error).__name__
        )
        return NoticeRefused(is_unauthentic=False)
    return batch if isinstance(batch, WebhookBatch) else NoticeRefused(is_unauthentic=False)
