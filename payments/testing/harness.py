"""What the author of a payment method gives the conformance kit: the method, and its provider as a
test may have it, whose books say what really happened."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from secrets import choice
from string import ascii_lowercase, digits

from payments.contract import AnyPaymentMethod
from payments.messages import Scalar, WebhookRequest


class Behaviour(StrEnum):
    """What the provider does with one request. After the last that was asked for, it approves."""

    APPROVE = "approve"
    """Does what it is asked, and says so."""
    DECLINE = "decline"
    """Says no to the buyer: no money, no error."""
    REFUSED_CONNECTION = "refused_connection"
    """Nobody listens: not one byte can be sent."""
    RATE_LIMITED = "rate_limited"
    """Says that it is asked too often, and does nothing."""
    LOST_REQUEST = "lost_request"
    """The connection ends before anything happened, and nobody can know."""
    LOST_ANSWER = "lost_answer"
    """Does what it is asked, and the connection ends before the answer."""
    SERVER_ERROR = "server_error"
    """Does what it is asked, and answers 500 (or what is a 500 there)."""
    GARBAGE = "garbage"
    """Does what it is asked, and answers what cannot be read."""
    SLOW = "slow"
    """Does what it is asked, and answers after `SLOW_SECONDS`."""


SLOW_SECONDS = 0.5


class PaymentHarness(ABC):
    """One test account at one provider double, new for every check."""

    signs_time: bool = True
    """False where the provider's notices do not say when they were signed: none can be stale."""

    @abstractmethod
    def method(self) -> AnyPaymentMethod:
        """A new instance of the method for the same account, as a new process would make it."""

    @abstractmethod
    def play(self, reference: str, *behaviours: Behaviour) -> None:
        """What the provider does with the next commands on this payment, in this order. `reference`
        may be of a payment that is still to be made. Look-ups are always answered."""

    @abstractmethod
    def requests(self, reference: str) -> int:
        """How many requests about this payment reached the provider so far, look-ups included."""

    @abstractmethod
    def charged_minor(self, reference: str) -> int:
        """By the provider's books: all that was taken, refunds not deducted."""

    def refunded_minor(self, reference: str) -> int:
        """By the provider's books: all that was given back. Needed with REFUND."""
        raise NotImplementedError("a method that declares REFUND needs refunded_minor")

    def notices(
        self, reference: str, *, secret: str | None = None, at: datetime | None = None
    ) -> Sequence[WebhookRequest]:
        """The notices that the provider sends of this payment, signed with `secret` (None: the
        newest of the account) at `at` (None: now). Needed with WEBHOOKS."""
        raise NotImplementedError("a method that declares WEBHOOKS needs notices")

    def finish(self, reference: str) -> None:  # noqa: B027 - mostly nothing
        """The buyer does what `next_action` asks of them. Nothing, where nothing is asked."""

    def method_input(self) -> Mapping[str, Scalar]:
        """What the buyer's page sends for a payment that is approved."""
        return {}

    def reference(self) -> str:
        """A fresh one; to be overridden where `reference_pattern` is not the usual one."""
        return "".join(choice(ascii_lowercase + digits) for _ in range(26))

    def now(self) -> datetime:
        """The time by the clock that the method was given."""
        return datetime.now(UTC)

    def close(self) -> None:  # noqa: B027 - mostly nothing
        """The check is over."""
