"""What a payment method says of itself: its id, what it can do, in which currencies, and how an
attempt whose answer was lost can be recovered.

Checked when it is made: a method that could not be recovered is refused when it is loaded, and not
when the first answer is lost.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from payments.money import MAX_AMOUNT_MINOR, Money, minor_digits_of

API_VERSION: Final = (1, 0)
"""Of this contract. A method with another first number is not loaded."""

METHOD_ID_PATTERN: Final = r"[a-z][a-z0-9_]{1,31}"

CALL_TIMEOUT_MAX: Final = timedelta(minutes=1)
"""A buyer waits for the first call; nobody waits longer than this."""


class Capability(StrEnum):
    """What a method can do beyond taking money at once."""

    AUTHORIZE = "authorize"
    """Reserves the money first and takes it by `capture`; then it must be able to CANCEL too."""
    CANCEL = "cancel"
    """Ends an attempt that has taken no money."""
    REFUND = "refund"
    PARTIAL_REFUND = "partial_refund"
    """More than one refund, each of a part."""
    FETCH = "fetch"
    """Tells how a payment stands, by its reference alone."""
    WEBHOOKS = "webhooks"
    """The provider sends notices, and the method can tell true ones from false ones."""


class Idempotency(StrEnum):
    """What keeps a command that is sent twice from moving money twice."""

    KEY = "key"
    """The provider remembers the idempotency key for `idempotency_window`."""
    UNIQUE_REFERENCE = "unique_reference"
    """The provider refuses a second payment under the same reference."""
    NONE = "none"


class Lookup(StrEnum):
    """What `fetch` proves when it finds nothing."""

    NONE = "none"
    """There is no `fetch`."""
    PRESENCE = "presence"
    """What it finds is true; that it finds nothing proves nothing (an index may lag)."""
    ABSENCE = "absence"
    """After `absence_after`, what it does not find was never executed."""


class WebhookTrust(StrEnum):
    """What a notice is worth."""

    SIGNED = "signed"
    HINT = "hint"
    """Not signed, or not over all that matters: only ever a reason to `fetch`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRule:
    """How the provider counts one currency. `wire_digits`: decimals of an amount on its wire, which
    need not be those of ISO 4217. `multiple_of_minor`: amounts must be whole multiples of it."""

    wire_digits: int
    multiple_of_minor: int = 1
    least_minor: int = 1
    most_minor: int = MAX_AMOUNT_MINOR

    def accepts(self, amount: Money) -> bool:
        """Whether the provider takes this amount."""
        minor = amount.amount_minor
        return self.least_minor <= minor <= self.most_minor and minor % self.multiple_of_minor == 0

    def wire_amount(self, amount: Money) -> int:
        """The amount as the provider counts it. ValueError where that would need rounding."""
        shift = self.wire_digits - minor_digits_of(amount.currency)
        if shift >= 0:
            return int(amount.amount_minor * 10**shift)
        whole, rest = divmod(amount.amount_minor, 10**-shift)
        if rest:
            raise ValueError(f"{amount} has no exact form with {self.wire_digits} decimals")
        return int(whole)

    def minor_amount(self, wire: int, currency: str) -> int:
        """Back again, into minor units. ValueError where that would need rounding, TypeError for
        anything but an int."""
        if type(wire) is not int:
            raise TypeError(f"an amount on the wire is a whole number, not {type(wire).__name__}")
        shift = self.wire_digits - minor_digits_of(currency)
        if shift <= 0:
            return int(wire * 10**-shift)
        whole, rest = divmod(wire, 10**shift)
        if rest:
            raise ValueError(f"{wire} on the wire is no whole number of minor units of {currency}")
        return int(whole)


class DescriptorRefused(ValueError):  # noqa: N818 - what happened to it
    """A descriptor that contradicts itself, or describes a method that could not be recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """`typical_completion`: how long a buyer mostly needs; a method is not offered to a hold that
    ends sooner. `completion_limit`: after it an unanswered payment needs a person. `call_timeout`
    bounds one call. `reference_pattern`: what the provider takes as our reference.

    Raises DescriptorRefused, which lists every fault."""

    id: str
    display_name: str
    capabilities: frozenset[Capability]
    currencies: Mapping[str, CurrencyRule]
    idempotency: Idempotency
    idempotency_window: timedelta | None = None
    lookup: Lookup = Lookup.NONE
    absence_after: timedelta = timedelta(0)
    webhook_trust: WebhookTrust = WebhookTrust.SIGNED
    reference_pattern: str = r"[a-z0-9]{26}"
    typical_completion: timedelta = timedelta(minutes=2)
    completion_limit: timedelta = timedelta(days=3)
    call_timeout: timedelta = timedelta(seconds=10)
    is_internal: bool = False
    """Never offered to the public; used by the internal listener only."""
    is_double: bool = False
    """Plays a provider; cannot be loaded in production."""
    api_version: tuple[int, int] = API_VERSION

    def __post_init__(self) -> None:
        faults = [*_faults_of_words(self), *_faults_of_recovery(self), *_faults_of_money(self)]
        if faults:
            raise DescriptorRefused(f"payment method {self.id!r}: {'; '.join(faults)}")

    def can(self, capability: Capability) -> bool:
        """Whether the method declares it."""
        return capability in self.capabilities

    def accepts(self, amount: Money) -> bool:
        """Whether the provider takes this amount of this currency."""
        rule = self.currencies.get(amount.currency)
        return rule is not None and rule.accepts(amount)


def _faults_of_words(descriptor: Descriptor) -> list[str]:
    bounds = (descriptor.typical_completion, descriptor.completion_limit, descriptor.call_timeout)
    checks = [
        (
            re.fullmatch(METHOD_ID_PATTERN, descriptor.id) is None,
            f"its id must match {METHOD_ID_PATTERN}",
        ),
        (not descriptor.display_name.strip(), "people need a display_name"),
        (not _is_pattern(descriptor.reference_pattern), "reference_pattern is no pattern"),
        (any(bound <= timedelta(0) for bound in bounds), "a time that it may take must be above 0"),
        (
            descriptor.call_timeout > CALL_TIMEOUT_MAX,
            f"call_timeout may be {CALL_TIMEOUT_MAX} at most",
        ),
    ]
    return [fault for is_fault, fault in checks if is_fault]


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _faults_of_recovery(descriptor: Descriptor) -> list[str]:
    can = descriptor.can
    window = descriptor.idempotency_window
    checks = [
        (
            can(Capability.AUTHORIZE) and not can(Capability.CANCEL),
            "what reserves money must be able to let it go: AUTHORIZE needs CANCEL",
        ),
        (
            can(Capability.PARTIAL_REFUND) and not can(Capability.REFUND),
            "PARTIAL_REFUND needs REFUND",
        ),
        (
            can(Capability.FETCH) == (descriptor.lookup is Lookup.NONE),
            "FETCH and lookup must agree",
        ),
        (descriptor.absence_after < timedelta(0), "absence_after cannot lie in the past"),
        (
            descriptor.webhook_trust is WebhookTrust.HINT and not can(Capability.FETCH),
            "a hint can only be followed up with FETCH",
        ),
        (
            descriptor.idempotency is Idempotency.NONE
            and descriptor.lookup is Lookup.NONE
            and not descriptor.is_internal,
            "with neither idempotency nor look-up a lost answer could never be recovered",
        ),
        (
            (descriptor.idempotency is Idempotency.KEY) == (window is None),
            "idempotency_window says how long a key is remembered, and goes with KEY alone",
        ),
        (window is not None and window <= timedelta(0), "idempotency_window must be above 0"),
    ]
    return [fault for is_fault, fault in checks if is_fault]


def _faults_of_money(descriptor: Descriptor) -> list[str]:
    if not descriptor.currencies and not descriptor.is_internal:
        return ["it has no currency"]
    return [
        f"{currency}: {fault}"
        for currency, rule in descriptor.currencies.items()
        for fault in _faults_of_rule(currency, rule)
    ]


def _faults_of_rule(currency: str, rule: CurrencyRule) -> list[str]:
    try:
        digits = minor_digits_of(currency)
    except ValueError:
        return ["no active code of ISO 4217"]
    dropped = max(digits - rule.wire_digits, 0)
    checks = [
        (not 0 <= rule.wire_digits <= 6, "wire_digits must be 0 to 6"),
        (rule.multiple_of_minor < 1, "multiple_of_minor must be 1 or more"),
        (
            not 1 <= rule.least_minor <= rule.most_minor <= MAX_AMOUNT_MINOR,
            f"1 <= least_minor <= most_minor <= {MAX_AMOUNT_MINOR}",
        ),
        (
            rule.multiple_of_minor % 10**dropped != 0,
            f"multiple_of_minor must be a multiple of {10**dropped}: its wire drops digits",
        ),
    ]
    return [fault for is_fault, fault in checks if is_fault]
