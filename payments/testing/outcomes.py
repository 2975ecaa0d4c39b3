"""What happens to a payment of the provider double when a word of its script is taken."""

from dataclasses import dataclass, replace
from typing import Final

from payments.messages import RefundStatus, RemoteStatus
from payments.money import Money
from payments.testing.entries import Entry, RefundEntry
from payments.testing.page import Page
from payments.testing.script import NOT_EXECUTED, OUTCOMES, Queue, Step, Word

S, W = RemoteStatus, Word
_WAITING: Final = frozenset({S.REQUIRES_ACTION, S.PENDING})


@dataclass(frozen=True, slots=True)
class Taken:
    """What one request took from its queue."""

    outcome: Step | None = None
    fault: Step | None = None
    slow_ms: int = 0
    wrong: frozenset[Word] = frozenset()


def take(page: Page, account: str, reference: str, queue: Queue, *, takes_outcome: bool) -> Taken:
    """The words of one request: faults up to the first outcome, which it takes if it may."""
    steps = page.steps(account, reference, queue) or ()
    taken, used = Taken(), 0
    for step in steps:
        if step.word in OUTCOMES:
            if takes_outcome:
                taken, used = replace(taken, outcome=step), used + 1
            break
        if taken.fault is not None:
            break
        used += 1
        match step.word:
            case W.SLOW:
                taken = replace(taken, slow_ms=taken.slow_ms + step.number)
            case W.WRONG_AMOUNT | W.WRONG_CURRENCY:
                taken = replace(taken, wrong=taken.wrong | {step.word})
            case _:
                taken = replace(taken, fault=step)
                if step.word in NOT_EXECUTED:
                    break
    if used:
        page.write_steps(account, reference, queue, steps[used:])
    return taken


def after(entry: Entry, step: Step) -> Entry:
    """The payment once this has happened to it."""
    amount = entry.amount.amount_minor
    match step.word:
        case W.APPROVE if entry.is_capture:
            return replace(entry, status=S.CAPTURED, authorized_minor=amount, captured_minor=amount)
        case W.APPROVE | W.AUTHORIZE:
            return replace(entry, status=S.AUTHORIZED, authorized_minor=amount)
        case W.DECLINE:
            return replace(entry, status=S.FAILED, decline=step.argument)
        case W.ACTION:
            return replace(entry, status=S.REQUIRES_ACTION)
        case W.PENDING:
            return replace(entry, status=S.PENDING)
        case _:
            raise ValueError(f"{step} is nothing that happens to a payment")


def later(page: Page, entry: Entry) -> Entry:
    """What waited goes on by one word; refunds end as they were going to."""
    refunds = tuple(_settled(each) for each in entry.refunds)
    entry = replace(entry, refunds=refunds)
    if entry.status not in _WAITING:
        return entry
    steps = page.steps(entry.account, entry.reference, Queue.SCRIPT) or ()
    outcomes = [step for step in steps if step.word in OUTCOMES]
    if not outcomes:
        return entry
    page.write_steps(entry.account, entry.reference, Queue.SCRIPT, outcomes[1:])
    return after(entry, outcomes[0])


def _settled(refund: RefundEntry) -> RefundEntry:
    if refund.fails_later:
        return replace(refund, status=RefundStatus.FAILED, fails_later=False)
    if refund.status is RefundStatus.PENDING:
        return replace(refund, status=RefundStatus.SUCCEEDED)
    return refund


def wrong_money(amount: Money, wrong: frozenset[Word]) -> Money:
    minor, currency = amount.amount_minor, amount.currency
    if W.WRONG_AMOUNT in wrong:
        minor += 1
    if W.WRONG_CURRENCY in wrong:
        currency = "USD" if currency != "USD" else "EUR"
    return Money(minor, currency)
