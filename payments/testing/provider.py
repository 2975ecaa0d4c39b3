"""What the provider double does with a request: first what happens, then how it is told.

The two are apart, as they are on a network: a charge may stand in the books while its answer is
lost. Every request is one transaction on the books, so two of the same key are one charge.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from payments.messages import RefundStatus, RemoteStatus
from payments.money import Money
from payments.testing.books import Books
from payments.testing.entries import Entry, Notice, RefundEntry
from payments.testing.outcomes import Taken, after, later, take, wrong_money
from payments.testing.page import Page
from payments.testing.script import ANSWER_LOST, NOT_EXECUTED, Queue, Step, Word
from payments.testing.wire import body_of

S, W = RemoteStatus, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What the provider is asked to charge. `scripts`: what is to happen then."""

    account: str
    reference: str
    key: str
    amount: Money
    is_capture: bool
    return_url: str | None = None
    webhook_url: str = ""
    scripts: Mapping[Queue, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A command on a payment that is there."""

    account: str
    reference: str
    key: str
    amount: Money
    refund_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """How a request ended and how that is told. `fault`: the word by which the answer goes wrong;
    `refusal`: why the provider does not do it; `entry` None: it knows no such payment."""

    entry: Entry | None
    fault: Step | None = None
    refusal: str | None = None
    is_key_conflict: bool = False
    slow_ms: int = 0
    waits_for_notice: bool = False


class Refusal(Exception):  # noqa: N818 - the provider's no, inside this file
    """The provider does not do it."""


class Provider:
    """One provider with many accounts; blocking, so a coroutine calls it in a thread."""

    def __init__(self, books: Books, now: Callable[[], datetime]) -> None:
        self._books = books
        self._now = now

    def initiate(self, charge: Charge) -> Told:
        """Charges, reserves, declines or waits, as its script says."""
        with self._books.transaction() as page:
            if page.steps(charge.account, charge.reference, Queue.SCRIPT) is None:
                for queue, steps in {Queue.SCRIPT: (), **charge.scripts}.items():
                    page.write_steps(charge.account, charge.reference, queue, steps)
                page.adopt_waiting_script(charge.account, charge.reference)
            command = _Command("initiate", charge.account, charge.reference, charge.key)
            digest = _digest("initiate", charge.reference, charge.amount, charge.is_capture)

            def execute(entry: Entry | None, taken: Taken) -> Entry:
                if entry is not None:
                    raise Refusal("reference_used")
                new = Entry(
                    account=charge.account,
                    reference=charge.reference,
                    amount=wrong_money(charge.amount, taken.wrong),
                    status=S.PENDING,
                    is_capture=charge.is_capture,
                    return_url=charge.return_url,
                    webhook_url=charge.webhook_url,
                )
                return after(new, taken.outcome or Step(W.APPROVE))

            return self._run(page, command, digest, execute)

    def capture(self, target: Target) -> Told:
        """Takes what is reserved; once it is taken, nothing more."""

        def execute(entry: Entry | None, taken: Taken) -> Entry:
            if entry is None:
                raise Refusal("no_such_payment")
            if entry.captured_minor:
                return entry
            if entry.status is not S.AUTHORIZED:
                raise Refusal("not_authorized")
            if target.amount != entry.amount:
                raise Refusal("other_amount")
            outcome = taken.outcome or Step(W.APPROVE)
            if outcome.word is W.DECLINE:
                return replace(entry, status=S.CANCELLED)
            return after(replace(entry, is_capture=True), outcome)

        return self._command("capture", target, Queue.SCRIPT, execute)

    def cancel(self, target: Target) -> Told:
        """Lets go of what is reserved; money that was taken stays."""

        def execute(entry: Entry | None, _: Taken) -> Entry:
            if entry is None:
                raise Refusal("no_such_payment")
            ends = not entry.captured_minor and entry.status is not S.FAILED
            return replace(entry, status=S.CANCELLED) if ends else entry

        return self._command("cancel", target, Queue.SCRIPT, execute, takes_outcome=False)

    def refund(self, target: Target) -> Told:
        """Gives back, never more than is left."""

        def execute(entry: Entry | None, taken: Taken) -> Entry:
            if entry is None:
                raise Refusal("no_such_payment")
            if target.amount.currency != entry.amount.currency:
                raise Refusal("other_currency")
            if target.amount.amount_minor > entry.refundable_minor:
                raise Refusal("over_refund")
            word = (taken.outcome or Step(W.OK)).word
            refund = RefundEntry(
                refund_id=target.refund_id,
                provider_refund_id=f"sbr_{entry.reference}_{len(entry.refunds) + 1}",
                amount_minor=target.amount.amount_minor,
                status=RefundStatus.PENDING if word is W.PENDING else RefundStatus.SUCCEEDED,
                fails_later=word is W.FAIL_LATER,
            )
            return replace(entry, refunds=(*entry.refunds, refund))

        return self._command("refund", target, Queue.REFUNDS, execute)

    def look_up(self, account: str, reference: str) -> Told:
        """How the payment stands; what waited for time to go on goes on first."""
        with self._books.transaction() as page:
            taken = take(page, account, reference, Queue.LOOKUPS, takes_outcome=False)
            is_answered = taken.fault is None or taken.fault.word in ANSWER_LOST
            page.write_request(account, reference, "fetch", is_executed=is_answered)
            entry = page.entry(account, reference)
            if entry is not None and is_answered:
                entry = self._write(page, entry, later(page, entry))
            return Told(entry, fault=taken.fault, slow_ms=taken.slow_ms)

    def proceed(self, account: str, reference: str, steps: tuple[Step, ...] = ()) -> Entry:
        """The buyer acts, or the time has come: the next word of the script happens now. With
        `steps`: those, whatever was planned, even to a payment that was cancelled. ValueError
        where there is none."""
        with self._books.transaction() as page:
            entry = page.entry(account, reference)
            if entry is None:
                raise ValueError(f"{account} has no payment {reference}")
            if not steps:
                return self._write(page, entry, later(page, entry))
            is_taken = steps[0].word is W.APPROVE
            planned = replace(entry, is_capture=True) if is_taken else entry
            page.write_steps(account, reference, Queue.SCRIPT, steps[1:])
            return self._write(page, entry, after(planned, steps[0]))

    def waits_for_delivery(self, account: str, reference: str) -> bool:
        """Whether a notice of this payment is still to be delivered."""
        with self._books.transaction() as page:
            return page.waits_for_delivery(account, reference)

    def _command(
        self,
        name: str,
        target: Target,
        queue: Queue,
        execute: Callable[[Entry | None, Taken], Entry],
        *,
        takes_outcome: bool = True,
    ) -> Told:
        command = _Command(name, target.account, target.reference, target.key, queue, takes_outcome)
        digest = _digest(name, target.reference, target.amount, target.refund_id)
        with self._books.transaction() as page:
            return self._run(page, command, digest, execute)

    def _run(
        self,
        page: Page,
        command: "_Command",
        digest: str,
        execute: Callable[[Entry | None, Taken], Entry],
    ) -> Told:
        account, reference = command.account, command.reference
        known = page.digest_of_key(account, command.key)
        takes_outcome = command.takes_outcome and known is None
        taken = take(page, account, reference, command.queue, takes_outcome=takes_outcome)
        entry = page.entry(account, reference)
        if taken.fault is not None and taken.fault.word is W.REFUSED_CONNECTION:
            return Told(entry, fault=taken.fault, slow_ms=taken.slow_ms)
        if taken.fault is not None and taken.fault.word in NOT_EXECUTED:
            page.write_request(account, reference, command.name, is_executed=False)
            return Told(entry, fault=taken.fault, slow_ms=taken.slow_ms)
        if known is not None and known != digest:
            page.write_request(account, reference, command.name, is_executed=False)
            return Told(entry, is_key_conflict=True)
        if known is None:
            try:
                entry = self._write(page, entry, execute(entry, taken))
            except Refusal as refusal:
                page.write_request(account, reference, command.name, is_executed=False)
                return Told(entry, refusal=str(refusal), slow_ms=taken.slow_ms)
            page.write_key(account, command.key, digest)
        page.write_request(account, reference, command.name, is_executed=known is None)
        webhooks = page.steps(account, reference, Queue.WEBHOOKS) or ()
        return Told(
            entry,
            fault=taken.fault,
            slow_ms=taken.slow_ms,
            waits_for_notice=any(step.word is W.BEFORE_RESPONSE for step in webhooks),
        )

    def _write(self, page: Page, before: Entry | None, entry: Entry) -> Entry:
        """Every change is a new version, and a notice."""
        if entry == before:
            return entry
        entry = replace(entry, version=entry.version + 1)
        page.write(entry)
        steps = page.steps(entry.account, entry.reference, Queue.WEBHOOKS) or ()
        numbers = {step.word: step.number for step in steps if step.argument}
        is_dropped = any(step.word is W.DROP for step in steps)
        event_id = f"evt_{entry.reference}_{entry.version}"
        page.write_notice(
            Notice(
                account=entry.account,
                reference=entry.reference,
                event_id=event_id,
                url=entry.webhook_url,
                body=body_of(event_id, entry),
                steps=steps,
                due_ms=int(self._now().timestamp() * 1000) + numbers.get(W.DELAY, 0),
                copies_left=0 if is_dropped else numbers.get(W.COPIES, 1),
            )
        )
        return entry


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    account: str
    reference: str
    key: str
    queue: Queue = Queue.SCRIPT
    takes_outcome: bool = True


def _digest(*parameters: object) -> str:
    return hashlib.sha256(repr(parameters).encode()).hexdigest()
