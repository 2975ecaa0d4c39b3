"""The language in which a test says what the provider double does: words in a row, each taken once.

`script`, taken by initiate, capture and cancel:
    approve | authorize | decline:<code> | action | pending     what happens (cancel takes none)
    refused_connection | rate_limited:<s> | timeout_before      nothing happens, and that is told
    timeout_after | http_500 | garbage                          it happens, and the answer is lost
    slow:<ms>                                                   the answer comes late
    wrong_amount | wrong_currency                               other money than was asked for
What follows `action` or `pending` happens at the next look-up, or when the test says `proceed`.
When no word is left, everything is approved.

`refunds`, taken by refund: ok | pending | fail_later, or a word of the second to fourth line above.
`lookups`, taken by fetch: a word of the second to fourth line.
`webhooks`, true of every notice of the payment: copies:<n> delay:<ms> shuffle before_response drop
tamper stale future.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from payments.messages import Decline

SCRIPT_WORDS_MAX: Final = 50


class Queue(StrEnum):
    """Which requests take the words."""

    SCRIPT = "script"
    REFUNDS = "refunds"
    LOOKUPS = "lookups"
    WEBHOOKS = "webhooks"


class Word(StrEnum):
    """One step."""

    APPROVE = "approve"
    AUTHORIZE = "authorize"
    DECLINE = "decline"
    ACTION = "action"
    PENDING = "pending"
    REFUSED_CONNECTION = "refused_connection"
    RATE_LIMITED = "rate_limited"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    HTTP_500 = "http_500"
    GARBAGE = "garbage"
    SLOW = "slow"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    OK = "ok"
    FAIL_LATER = "fail_later"
    COPIES = "copies"
    DELAY = "delay"
    SHUFFLE = "shuffle"
    BEFORE_RESPONSE = "before_response"
    DROP = "drop"
    TAMPER = "tamper"
    STALE = "stale"
    FUTURE = "future"


W = Word
OUTCOMES: Final = frozenset(
    {W.APPROVE, W.AUTHORIZE, W.DECLINE, W.ACTION, W.PENDING, W.OK, W.FAIL_LATER}
)
"""What happens at the provider."""
NOT_EXECUTED: Final = frozenset({W.REFUSED_CONNECTION, W.RATE_LIMITED, W.TIMEOUT_BEFORE})
"""Faults before anything happened."""
ANSWER_LOST: Final = frozenset({W.TIMEOUT_AFTER, W.HTTP_500, W.GARBAGE})
"""Faults after it happened."""

_FAULTS: Final = NOT_EXECUTED | ANSWER_LOST | {W.SLOW}
_WORDS_OF: Final = {
    Queue.SCRIPT: _FAULTS
    | {W.APPROVE, W.AUTHORIZE, W.DECLINE, W.ACTION, W.PENDING, W.WRONG_AMOUNT, W.WRONG_CURRENCY},
    Queue.REFUNDS: _FAULTS | {W.OK, W.PENDING, W.FAIL_LATER},
    Queue.LOOKUPS: _FAULTS,
    Queue.WEBHOOKS: frozenset(
        {W.COPIES, W.DELAY, W.SHUFFLE, W.BEFORE_RESPONSE, W.DROP, W.TAMPER, W.STALE, W.FUTURE}
    ),
}
_NUMBER_MAX_OF: Final = {W.RATE_LIMITED: 3600, W.SLOW: 120_000, W.COPIES: 10, W.DELAY: 120_000}


class ScriptRefused(ValueError):  # noqa: N818 - what happened to it
    """A script that says nothing we know."""


@dataclass(frozen=True, slots=True)
class Step:
    """A word, and what stands behind its colon."""

    word: Word
    argument: str = ""

    @property
    def number(self) -> int:
        """The argument of a word that has a number."""
        return int(self.argument)

    def __str__(self) -> str:
        return f"{self.word}:{self.argument}" if self.argument else str(self.word)


def parse(text: str, queue: Queue) -> tuple[Step, ...]:
    """Words between spaces or commas. Raises ScriptRefused."""
    words = text.replace(",", " ").split()
    if len(words) > SCRIPT_WORDS_MAX:
        raise ScriptRefused(f"a script has {SCRIPT_WORDS_MAX} words at most")
    return tuple(_step(word, queue) for word in words)


def _step(text: str, queue: Queue) -> Step:
    name, _, argument = text.partition(":")
    try:
        step = Step(Word(name), argument)
    except ValueError:
        raise ScriptRefused(f"{queue} has no word {name[:40]!r}") from None
    if step.word not in _WORDS_OF[queue]:
        raise ScriptRefused(f"{name} is no word of {queue}")
    most = _NUMBER_MAX_OF.get(step.word)
    if most is not None:
        if not re.fullmatch(r"[0-9]{1,6}", argument) or int(argument) > most:
            raise ScriptRefused(f"{name} needs a whole number up to {most}")
    elif step.word is W.DECLINE:
        if argument not in set(Decline):
            raise ScriptRefused(f"decline needs one of {', '.join(Decline)}")
    elif argument:
        raise ScriptRefused(f"{name} takes nothing behind a colon")
    return step
