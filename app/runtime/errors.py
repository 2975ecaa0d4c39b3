"""What is broken, as exceptions. Expected answers are values (`app.domain.outcomes`).

The message of an error is for the log: it may name an address, a server, a statement. What a caller
outside is told of an `Unavailable` is its `reason`, one word.

TaquillaError
├── ConfigurationError      a setting or the machine is wrong; said at start, names the setting
├── ContractError           two halves of our own disagree; always a bug
└── DependencyError         an outside system did not do its part
    ├── Unavailable         this attempt changed nothing (503)
    └── OutcomeUnknown      it may have changed something; the same key is safe again (504)
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why nothing can be done right now, as everybody may know it."""

    NO_ANSWER = "no-answer"
    """Something that we need does not answer."""
    NOT_READY = "not-ready"
    """It answers, but may not be sold from."""
    BUSY = "busy"
    """Others are at the same thing; try again at once."""


class TaquillaError(Exception):
    """Base of all errors of the service."""


class ConfigurationError(TaquillaError):
    """Names the setting, the value, the bound, and what to do."""


class ContractError(TaquillaError):
    """A reply, a record or a row that our own other half cannot have written."""


class DependencyError(TaquillaError):
    """Redis, the bus, the ledger or Unleash failed us. May be tried again."""


class Unavailable(DependencyError):  # noqa: N818 - the problem code of the same name
    """This attempt changed nothing and never will."""

    def __init__(self, message: str, reason: Reason = Reason.NO_ANSWER) -> None:
        super().__init__(message)
        self.reason = reason


class OutcomeUnknown(DependencyError):  # noqa: N818 - the problem code `outcome-unknown`
    """The command was sent and no answer came: it may or may not have been carried out."""
