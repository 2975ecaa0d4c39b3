"""Payment methods that are each wrong in one way, as real ones have been, and the check that must
see it. Each is the sandbox with one fault."""

from tests.payments.broken_methods import (
    behaving,
    being,
    keeping_secrets,
    moving,
    noticing,
    paying,
    recovering,
)
from tests.payments.broken_methods.entering import BROKEN

__all__ = [
    "BROKEN",
    "behaving",
    "being",
    "keeping_secrets",
    "moving",
    "noticing",
    "paying",
    "recovering",
]
