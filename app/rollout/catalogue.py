"""Every toggle of the service, declared once. A name that is not here is not a toggle."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ToggleKind(StrEnum):
    """Unleash's own words."""

    RELEASE = "release"
    """Moves something in, and goes when it has: has a `remove_by`."""
    OPERATIONAL = "operational"
    """Who may be sold what; stays."""
    KILL_SWITCH = "kill-switch"
    """Stops something at once; stays."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """`default`: what stands while Unleash has never said anything of it."""

    name: str
    kind: ToggleKind
    default: bool
    owner: str
    remove_by: date | None
    description: str


SELLING_FREE = Toggle(
    name="selling.free",
    kind=ToggleKind.OPERATIONAL,
    default=False,  # nothing is sold that nobody switched on
    owner="product",
    remove_by=None,
    description="Free orders may be placed. Per event by a constraint on eventId.",
)
SELLING_PAID = Toggle(
    name="selling.paid",
    kind=ToggleKind.OPERATIONAL,
    default=False,
    owner="product",
    remove_by=None,
    description="Orders that cost money may be placed. Per event by a constraint on eventId.",
)
SELLING_HALT = Toggle(
    name="selling.halt",
    kind=ToggleKind.KILL_SWITCH,
    default=False,
    owner="on-call",
    remove_by=None,
    description="No new orders or payments at all. What is under way may still be finished.",
)

CATALOGUE: tuple[Toggle, ...] = (SELLING_FREE, SELLING_PAID, SELLING_HALT)
"""Those that every installation has; each payment method brings two more."""


def offer_toggle(method: str) -> Toggle:
    """One of the gates before a payment method: nobody is offered what nobody switched on."""
    return Toggle(
        name=f"payments.{method}.offer",
        kind=ToggleKind.OPERATIONAL,
        default=False,
        owner="product",
        remove_by=None,
        description=f"Orders may be paid with {method}. Sticky on the order's id as userId.",
    )


def halt_toggle(method: str) -> Toggle:
    """Stops what would begin; what is under way is finished."""
    return Toggle(
        name=f"payments.{method}.halt",
        kind=ToggleKind.KILL_SWITCH,
        default=False,
        owner="on-call",
        remove_by=None,
        description=f"No new payments with {method}. Notices, look-ups and refunds go on.",
    )


def catalogue_of(methods: Iterable[str]) -> tuple[Toggle, ...]:
    """Every toggle of an installation that has these payment methods."""
    derived = [make(each) for each in methods for make in (offer_toggle, halt_toggle)]
    return (*CATALOGUE, *derived)
