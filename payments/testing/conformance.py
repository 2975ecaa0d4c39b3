"""Every check of the conformance kit, in the order in which they are run: A what a method is,
B paying, C recovering what was lost, D notices, E moving reserved and taken money, F secrets,
G behaving in a process."""

from typing import Final

from payments.testing.checking import Check
from payments.testing.checks.behaving import BEHAVING
from payments.testing.checks.being import BEING
from payments.testing.checks.keeping_secrets import KEEPING_SECRETS
from payments.testing.checks.moving import MOVING
from payments.testing.checks.noticing import NOTICING
from payments.testing.checks.paying import PAYING
from payments.testing.checks.recovering import RECOVERING

CHECKS: Final[tuple[Check, ...]] = (
    *BEING,
    *PAYING,
    *RECOVERING,
    *NOTICING,
    *MOVING,
    *KEEPING_SECRETS,
    *BEHAVING,
)
