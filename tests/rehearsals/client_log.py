"""What the buyers of a rehearsal asked for, and what they were answered."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.flows.crowd import Answer

LIMIT_PER_ORDER = 10


class Intent(Enum):
    """What a buyer is up to."""

    BUY = "one call"
    CONFIRM = "hold, then confirm"
    RELEASE = "hold, then release"
    LEAVE = "hold, and walk away"
    GREED = "more than the limit"


@dataclass(frozen=True)
class Wish:
    """One buyer, one e-mail address, one key, one event. `patient`: asks again with the same key
    until it is decided; the others give up at the first answer that is none."""

    buyer: int
    event_id: str
    quantity: int
    intent: Intent
    patient: bool = True

    @property
    def email(self) -> str:
        return f"buyer{self.buyer}@example.com"

    @property
    def key(self) -> str:
        return f"key-of-buyer-{self.buyer:010d}"

    @property
    def body(self) -> dict[str, Any]:
        return {
            "customer": {"email": self.email},
            "lines": [{"ticket_type": "adult", "quantity": self.quantity}],
            "confirm": self.intent in {Intent.BUY, Intent.GREED},
        }


@dataclass(frozen=True)
class Attempt:
    """One request. `answer` None: the connection ended first, or never came about (`was_sent`).
    Times are `time.monotonic()`."""

    verb: str
    sent_at: float
    answered_at: float
    answer: Answer | None
    was_sent: bool = True

    @property
    def is_unknown(self) -> bool:
        return self.was_sent and (self.answer is None or self.answer.status == 504)

    @property
    def is_undecided(self) -> bool:
        """Worth asking again: unknown, or nothing happened."""
        return self.answer is None or self.answer.status in {503, 504}


@dataclass
class Story:
    """All that happened to one wish, in order."""

    wish: Wish
    attempts: list[Attempt] = field(default_factory=list)

    def of(self, verb: str) -> list[Attempt]:
        return [each for each in self.attempts if each.verb == verb]

    @property
    def acknowledged(self) -> list[Answer]:
        """Every 201."""
        return [
            each.answer for each in self.of("place") if each.answer and each.answer.status == 201
        ]

    @property
    def refusal(self) -> Answer | None:
        """A decided no, for a wish that was never acknowledged."""
        last = self.of("place")[-1] if self.of("place") else None
        is_decided = last is not None and not last.is_undecided
        return last.answer if last and is_decided and not self.acknowledged else None

    @property
    def may_have_happened(self) -> bool:
        """Some request to place it may have been carried out."""
        return bool(self.acknowledged) or any(each.is_unknown for each in self.of("place"))

    @property
    def is_unresolved(self) -> bool:
        return not self.acknowledged and self.refusal is None and self.may_have_happened

    def ended(self, verb: str) -> Answer | None:
        """The first decided answer to `confirm` or `release`."""
        for each in self.of(verb):
            if not each.is_undecided:
                return each.answer
        return None
