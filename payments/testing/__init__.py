"""What proves a payment method: the conformance kit, and a provider that does as it is told.

Never on the path of real money: what is here refuses to be loaded in production.
"""

from payments.testing.books import Books
from payments.testing.entries import Entry, RefundEntry
from payments.testing.provider import Provider
from payments.testing.script import Queue, ScriptRefused, Step, Word, parse

__all__ = [
    "Books",
    "Entry",
    "Provider",
    "Queue",
    "RefundEntry",
    "ScriptRefused",
    "Step",
    "Word",
    "parse",
]
