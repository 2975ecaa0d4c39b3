"""What is broken, as exceptions. Expected answers are values (`app.domain.outcomes`).

TaquillaError
├── ConfigurationError      a setting or the machine is wrong; said at start, names the setting
├── ContractError           two halves of our own disagree; always a bug
└── DependencyError         an outside system did not do its part
    ├── Unavailable         this attempt changed nothing (503)
    └── OutcomeUnknown      it may have changed something; the same key is safe again (504)
"""


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


class OutcomeUnknown(DependencyError):  # noqa: N818 - the problem code `outcome-unknown`
    """The command was sent and no answer came: it may or may not have been carried out."""
