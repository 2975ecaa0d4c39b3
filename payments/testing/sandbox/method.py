"""The adapter between the contract and the double's books: it turns how a request was told into a
snapshot or an error, and does nothing else."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import ValidationError

from payments.contract import Context, MethodConfig, PaymentMethod
from payments.descriptor import Capability, CurrencyRule, Descriptor, Idempotency, Lookup
from payments.errors import (
    KeyConflict,
    MalformedWebhook,
    OutcomeUnknown,
    PaymentMethodError,
    RateLimited,
    RequestRefused,
    Unreachable,
)
from payments.messages import (
    Call,
    Cancel,
    Capture,
    Fetch,
    Found,
    Initiate,
    NotFound,
    Refund,
    Snapshot,
    WebhookBatch,
    WebhookEvent,
    WebhookRequest,
)
from payments.money import minor_digits_of
from payments.testing.books import Books
from payments.testing.entries import Entry
from payments.testing.provider import Charge, Provider, Target, Told
from payments.testing.sandbox.signing import verify
from payments.testing.script import Queue, ScriptRefused, Step, Word, parse
from payments.testing.wire import Event, snapshot_of_entry, snapshot_of_payment

NOTICE_WAIT_SECONDS_MAX: Final = 2.0
"""How long an answer waits for a notice that was to come before it."""

_CURRENCIES: Final = "EUR USD GBP CHF SEK PLN MXN BRL JPY CLP ISK KWD BHD TND"
_CALL_SECONDS: Final = 10


class SandboxConfig(MethodConfig):
    """`books_file`: shared by all processes that play with the same money. `pay_page_url`: where
    `PayPage` is served, without a slash at its end; without it a buyer who is sent away is back at
    once."""

    environment: Literal["test"]
    books_file: Path
    pay_page_url: str | None = None


class Sandbox(PaymentMethod[SandboxConfig]):
    """The double. What a look-up does not find was never charged, once the longest call is over."""

    config_model = SandboxConfig
    descriptor: ClassVar[Descriptor] = Descriptor(
        id="sandbox",
        display_name="Sandbox",
        capabilities=frozenset(Capability),
        currencies={
            code: CurrencyRule(wire_digits=minor_digits_of(code)) for code in _CURRENCIES.split()
        },
        idempotency=Idempotency.KEY,
        idempotency_window=timedelta(hours=24),
        lookup=Lookup.ABSENCE,
        absence_after=timedelta(seconds=_CALL_SECONDS),
        typical_completion=timedelta(seconds=1),
        call_timeout=timedelta(seconds=_CALL_SECONDS),
        is_double=True,
    )

    def __init__(self, config: SandboxConfig, context: Context) -> None:
        super().__init__(config, context)
        self._provider = Provider(Books(config.books_file), context.now)

    async def initiate(self, request: Initiate) -> Snapshot:
        charge = Charge(
            account=self.context.account_id,
            reference=request.reference,
            key=request.idempotency_key,
            amount=request.amount,
            is_capture=request.capture,
            return_url=request.return_url,
            webhook_url=request.webhook_url,
            scripts=_scripts(request),
        )
        if not self.descriptor.accepts(request.amount):
            raise RequestRefused("amount")
        return await self._answer(await asyncio.to_thread(self._provider.initiate, charge))

    async def capture(self, request: Capture) -> Snapshot:
        told = await asyncio.to_thread(self._provider.capture, self._target(request))
        return await self._answer(told)

    async def cancel(self, request: Cancel) -> Snapshot:
        told = await asyncio.to_thread(self._provider.cancel, self._target(request))
        return await self._answer(told)

    async def refund(self, request: Refund) -> Snapshot:
        target = self._target(request, refund_id=request.refund_id)
        return await self._answer(await asyncio.to_thread(self._provider.refund, target))

    async def fetch(self, request: Fetch) -> Found | NotFound:
        told = await asyncio.to_thread(
            self._provider.look_up, self.context.account_id, request.reference
        )
        await asyncio.sleep(told.slow_ms / 1000)
        if told.fault is not None:
            raise _error_of(told.fault)
        return NotFound() if told.entry is None else Found(self._snapshot(told.entry))

    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        secrets = [each.get_secret_value().encode() for each in self.config.webhook_secrets]
        event_id = verify(request.headers, request.body, secrets, request.received_at)
        try:
            event = Event.model_validate_json(request.body)
            payment = event.payment
            snapshot = None if payment is None else snapshot_of_payment(payment)
        except (ValidationError, ValueError):
            raise MalformedWebhook("body") from None
        if event.id != event_id:
            raise MalformedWebhook("id")
        if payment is None or not event.type.startswith("payment."):
            return WebhookBatch(events=())
        if payment.account != self.context.account_id:
            raise MalformedWebhook("account")
        return WebhookBatch(
            events=(
                WebhookEvent(
                    event_key=event.id,
                    kind=event.type,
                    reference=payment.reference,
                    snapshot=snapshot,
                ),
            )
        )

    async def check(self) -> None:
        await asyncio.to_thread(Books(self.config.books_file).entries)

    def _target(self, call: Call, refund_id: str = "") -> Target:
        return Target(
            account=self.context.account_id,
            reference=call.reference,
            key=call.idempotency_key,
            amount=call.amount,
            refund_id=refund_id,
        )

    def _snapshot(self, entry: Entry) -> Snapshot:
        return snapshot_of_entry(entry, self.config.pay_page_url)

    async def _answer(self, told: Told) -> Snapshot:
        await asyncio.sleep(told.slow_ms / 1000)
        if told.is_key_conflict:
            raise KeyConflict("key_conflict")
        if told.refusal is not None:
            raise RequestRefused(told.refusal)
        if told.waits_for_notice and told.entry is not None:
            await self._wait_for_delivery(told.entry.reference)
        if told.fault is not None:
            raise _error_of(told.fault)
        if told.entry is None:
            raise OutcomeUnknown("no_entry")
        return self._snapshot(told.entry)

    async def _wait_for_delivery(self, reference: str) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + NOTICE_WAIT_SECONDS_MAX
        while loop.time() < until:
            if not await asyncio.to_thread(
                self._provider.waits_for_delivery, self.context.account_id, reference
            ):
                return
            await asyncio.sleep(0.02)


def _scripts(request: Initiate) -> dict[Queue, tuple[Step, ...]]:
    scripts = {}
    for name, text in request.method_input.items():
        if name not in set(Queue) or not isinstance(text, str):
            raise RequestRefused("input")
        try:
            scripts[Queue(name)] = parse(text, Queue(name))
        except ScriptRefused:
            raise RequestRefused("script") from None
    return scripts


def _error_of(fault: Step) -> PaymentMethodError:
    match fault.word:
        case Word.REFUSED_CONNECTION:
            return Unreachable("refused_connection")
        case Word.RATE_LIMITED:
            return RateLimited("rate_limited", retry_after_seconds=fault.number)
        case Word.TIMEOUT_BEFORE | Word.TIMEOUT_AFTER:
            return OutcomeUnknown("timeout")
        case _:
            return OutcomeUnknown(fault.word.value)
