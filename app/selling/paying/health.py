"""Whether every account that payments go through can be used; what operators are told if not.

One that cannot harms no other, and no order: it is told, and this process is ready. If payments of
it are open, it is not: nobody here could end them, and a release that lost a method must not take
the place of the one that has it. What is sold meanwhile is sold all the same.
"""

import structlog

from app.ledger import Payments
from app.runtime.errors import DependencyError
from app.runtime.jobs import Progress
from app.runtime.metrics import STRANDED_PAYMENTS
from payments import Broken, Registry

log = structlog.get_logger(__name__)


class MethodHealth:
    """A job: one step is one look. `reasons`: why this process is not ready. `warnings`: what is
    broken besides."""

    name = "method-health"
    idle_seconds = 30.0

    def __init__(self, registry: Registry, payments: Payments) -> None:
        self.reasons: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = tuple(
            f"payment method {_name(each)} cannot be used" for each in registry.broken
        )
        self._registry = registry
        self._payments = payments

    async def step(self) -> Progress:
        try:
            open_accounts = await self._payments.open_accounts()
        except DependencyError:
            return Progress.IDLE  # readiness says so; what was seen before stands
        stranded = {
            (method, account): count
            for (method, account), count in sorted(open_accounts.items())
            if not self._registry.of_payment(method, account).is_usable
        }
        STRANDED_PAYMENTS.set(sum(stranded.values()))
        reasons = tuple(
            f"payments of {method}/{account} are open, and it cannot be used"
            for method, account in stranded
        )
        if reasons != self.reasons:
            tell = log.error if reasons else log.info
            tell("stranded payments", accounts=["/".join(each) for each in stranded])
        self.reasons = reasons
        return Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing."""


def _name(broken: Broken) -> str:
    """Everybody may read it; what exactly is wrong is in the log."""
    return broken.method if broken.account is None else f"{broken.method}/{broken.account}"
