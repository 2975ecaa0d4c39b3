"""What proves a payment method: the conformance kit, and a provider that does as it is told.

Never on the path of real money: what is here refuses to be loaded in production.
"""

from payments.testing.books import Books
from payments.testing.checking import Check, Result, Verdict, run_check
from payments.testing.conformance import CHECKS
from payments.testing.entries import Entry, RefundEntry
from payments.testing.expecting import Violation
from payments.testing.harness import SLOW_SECONDS, Behaviour, PaymentHarness
from payments.testing.provider import Provider
from payments.testing.scaffolding import ScaffoldRefused, scaffold
from payments.testing.script import Queue, ScriptRefused, Step, Word, parse

__all__ = [
    "CHECKS",
    "SLOW_SECONDS",
    "Behaviour",
    "Books",
    "Check",
    "Entry",
    "PaymentHarness",
    "Provider",
    "Queue",
    "RefundEntry",
    "Result",
    "ScaffoldRefused",
    "ScriptRefused",
    "Step",
    "Verdict",
    "Violation",
    "Word",
    "parse",
    "run_check",
    "scaffold",
]
