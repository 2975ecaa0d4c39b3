"""What goes to a payment method and what comes back: frozen values, no behaviour.

A snapshot is what the provider says *now*: amounts are absolute and cumulative, never deltas, so it
does not matter how often or in which order snapshots arrive. What cannot be is refused where it is
made, by an InvalidMessage: inside a method that makes the outcome unknown, never failed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from payments.money import Money

Scalar: TypeAlias = str | int | bool | None

EVIDENCE_BYTES_MAX: Final = 4096
"""Of a snapshot's evidence, as JSON: it is stored with every observation."""

POLL_SECONDS_MAX: Final = 3600.0

WORD_CHARACTERS_MAX: Final = 255
"""Of what a provider calls something: its ids are keys of tables, and stand in logs."""


class InvalidMessage(ValueError):  # noqa: N818 - what it is
    """A message that cannot be true, whatever happened."""


def _check_words(message: object, *names: str) -> None:
    for name in names:
        text: object = getattr(message, name)
        if (
            not isinstance(text, str)
            or not 0 < len(text) <= WORD_CHARACTERS_MAX
            or not text.isprintable()
        ):
            raise InvalidMessage(
                f"{name} is a text of 1 to {WORD_CHARACTERS_MAX} characters, none of them unseen"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What every call carries. `reference` is ours, made before the first call and the same for the
    life of the payment; `idempotency_key` is the operation's, the same at every try of it.
    `provider_payment_id` is None until the provider has told one. `amount`: what this call is
    about, and never nothing (a total of zero is no payment): InvalidMessage."""

    payment_id: str
    reference: str
    idempotency_key: str
    provider_payment_id: str | None
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.is_zero:
            raise InvalidMessage("nothing is no amount to ask a provider for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiate(Call):
    """`capture`: take the money at once; False: reserve it (AUTHORIZE). `return_url`: where the
    buyer's browser goes afterwards. `expires_at`: the hold ends then. `method_input`: what the
    buyer's page sent for this method; untrusted, never a card number."""

    capture: bool
    return_url: str | None
    webhook_url: str
    description: str
    expires_at: datetime | None
    method_input: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture(Call):
    """Take what was reserved: all of `amount`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Call):
    """End the attempt; what was reserved is let go. What was captured stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Call):
    """Give `amount` back. `refund_id` is ours; the provider's answer carries it again."""

    refund_id: str
    reason: Literal["requested", "late", "duplicate", "event_cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch(Call):
    """How does this payment stand? (`idempotency_key` means nothing here.)"""


class RemoteStatus(StrEnum):
    """What the provider says of an attempt. A reservation that ran out is CANCELLED."""

    REQUIRES_ACTION = "requires_action"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Decline(StrEnum):
    """Why a buyer's try failed, in words that a buyer may be shown. What a provider suspects of
    fraud is DO_NOT_HONOR here: nobody is told how they were found out."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_EXPIRED = "card_expired"
    AUTHENTICATION_FAILED = "authentication_failed"
    INVALID_INSTRUMENT = "invalid_instrument"
    LIMIT_EXCEEDED = "limit_exceeded"
    DO_NOT_HONOR = "do_not_honor"
    ABANDONED = "abandoned"
    EXPIRED = "expired"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """`provider_code`: for operators. `retry`: what could help the buyer."""

    code: Decline
    provider_code: str | None = None
    retry: Literal["same", "other_instrument", "never"] = "other_instrument"

    def __post_init__(self) -> None:
        code: object = self.provider_code
        if code is not None and not isinstance(code, str):
            raise InvalidMessage("provider_code is a text, or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAction:
    """What the buyer has to do. `redirect`: go to `url`. `post_form`: post `fields` there.
    `client_sdk`: hand `fields` to the provider's script. `instructions`: show `fields`. `wait`: ask
    again after `poll_seconds`. InvalidMessage for a url that a browser should not follow."""

    kind: Literal["redirect", "post_form", "client_sdk", "instructions", "wait"]
    url: str | None = None
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    poll_seconds: float | None = None

    def __post_init__(self) -> None:
        if any(not isinstance(each, Scalar) for each in self.fields.values()):
            raise InvalidMessage("the fields of a next action are texts and whole numbers")
        if self.url is None and self.kind in {"redirect", "post_form"}:
            raise InvalidMessage(f"a {self.kind} needs a url")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise InvalidMessage("the url of a next action is http or https")
        if self.poll_seconds is not None and not 0 < self.poll_seconds <= POLL_SECONDS_MAX:
            raise InvalidMessage(f"poll_seconds is above 0 and at most {POLL_SECONDS_MAX:g}")


class RefundStatus(StrEnum):
    """How far a refund is. FAILED may follow SUCCEEDED: a bank can send money back."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundState:
    """One refund as the provider shows it. `refund_id` is ours; None for one that somebody made at
    the provider."""

    refund_id: str | None
    provider_refund_id: str
    amount: Money
    status: RefundStatus

    def __post_init__(self) -> None:
        _check_words(self, "provider_refund_id")
        if self.refund_id is not None:
            _check_words(self, "refund_id")
        if self.amount.is_zero:
            raise InvalidMessage("a refund of nothing is none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`amount`: what the payment is for, as the provider has it. `authorized_minor`: the most that
    was ever reserved; `captured_minor`: all that was taken, refunds not deducted. `version`: the
    provider's own counter or clock of this payment; orders `status`, never money. `refunds`: all
    there are. `evidence`: at most 4 KiB for an operator, no secret, no card.

    Raises InvalidMessage for what cannot be: a status without its money, an amount that is no whole
    number of minor units, a refund that stands twice, an id without end."""

    status: RemoteStatus
    provider_payment_id: str
    reference: str
    amount: Money
    is_live: bool
    authorized_minor: int = 0
    captured_minor: int = 0
    disputed_minor: int = 0
    refunds: tuple[RefundState, ...] = ()
    version: int = 0
    next_action: NextAction | None = None
    failure: Failure | None = None
    evidence: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("authorized_minor", "captured_minor", "disputed_minor", "version"):
            number: object = getattr(self, name)
            if type(number) is not int or not 0 <= number < 2**53:
                raise InvalidMessage(f"{name} is an int, 0 or more and under 2^53")
        if type(self.is_live) is not bool:
            raise InvalidMessage("is_live is True or False")
        _check_words(self, "provider_payment_id", "reference")
        if self.status is RemoteStatus.CAPTURED and not self.captured_minor:
            raise InvalidMessage("CAPTURED, and nothing was captured")
        if self.status is RemoteStatus.AUTHORIZED and not self.authorized_minor:
            raise InvalidMessage("AUTHORIZED, and nothing was authorized")
        if len({each.provider_refund_id for each in self.refunds}) < len(self.refunds):
            raise InvalidMessage("a refund stands twice")
        self._check_evidence()

    def _check_evidence(self) -> None:
        if any(not isinstance(each, Scalar) for each in self.evidence.values()):
            raise InvalidMessage("evidence is texts and whole numbers")
        if len(json.dumps(dict(self.evidence)).encode()) > EVIDENCE_BYTES_MAX:
            raise InvalidMessage(f"evidence is over {EVIDENCE_BYTES_MAX} bytes")


@dataclass(frozen=True, slots=True)
class Found:
    """The provider knows the payment."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider knows no payment of this reference. What that proves, `Lookup` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A notice as it came: the exact bytes, header names in lower case."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """`event_key`: the same for every delivery of the same notice. `snapshot` None: only a hint
    that something changed. Each word has a bound (InvalidMessage): it comes from outside."""

    event_key: str
    kind: str
    reference: str
    snapshot: Snapshot | None = None

    def __post_init__(self) -> None:
        _check_words(self, "event_key", "kind", "reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookBatch:
    """What one request told, and the answer that the provider wants once it is recorded. A notice
    of a kind that means nothing to us is a batch without events: it is taken in all the same."""

    events: tuple[WebhookEvent, ...]
    ack_status: int = 200
    ack_body: bytes = b""
    ack_media_type: str = "text/plain"
