"""D: wrong about notices."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from payments import (
    Descriptor,
    StaleWebhook,
    WebhookBatch,
    WebhookRequest,
    WebhookTrust,
)
from payments.testing.sandbox import Sandbox
from tests.payments.broken_methods.entering import caught_by


@caught_by("D1")
class ReadsAnotherReference(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        batch = super().parse_webhook(request)
        return replace(batch, events=tuple(replace(e, reference=e.event_key) for e in batch.events))


@caught_by("D2")
class NamesEveryDeliveryAnew(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        batch = super().parse_webhook(request)
        events = tuple(replace(each, event_key=uuid4().hex) for each in batch.events)
        return replace(batch, events=events)


@caught_by("D3")
class TellsOtherAmountsInNotices(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        batch = super().parse_webhook(request)
        return replace(
            batch,
            events=tuple(
                replace(each, snapshot=replace(each.snapshot, captured_minor=1))
                for each in batch.events
                if each.snapshot is not None
            ),
        )


@caught_by("D4")
class SignsWhatItReadInsteadOfWhatCame(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        try:
            body = json.dumps(json.loads(request.body), separators=(",", ":")).encode()
        except ValueError:
            body = request.body
        return super().parse_webhook(replace(request, body=body))


@caught_by("D5")
class KnowsItsNewestSecretAlone(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        config = self.config.model_copy(update={"webhook_secrets": self.config.webhook_secrets[:1]})
        return Sandbox(config, self.context).parse_webhook(request)


@caught_by("D5")
class BelievesAnybodyWhereItHasNoSecret(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        return (
            super().parse_webhook(request)
            if self.config.webhook_secrets
            else WebhookBatch(events=())
        )


@caught_by("D6")
class TakesInTheFuture(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        try:
            return super().parse_webhook(request)
        except StaleWebhook:
            later = replace(request, received_at=request.received_at + timedelta(hours=1))
            return super().parse_webhook(later)


@caught_by("D7")
class BelievesHints(Sandbox):
    descriptor: ClassVar[Descriptor] = replace(Sandbox.descriptor, webhook_trust=WebhookTrust.HINT)


@caught_by("D8")
class ReadsBeforeItVerifies(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        if json.loads(request.body)["type"] == "ping":
            return WebhookBatch(events=())
        return super().parse_webhook(request)


@caught_by("D9")
class AsksTheProviderWhileItReads(Sandbox):
    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        batch = super().parse_webhook(request)
        for each in batch.events:
            self._provider.look_up(self.context.account_id, each.reference)
        return batch
