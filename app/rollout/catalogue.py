"""Every toggle of the service, declared once. A name that is not here is not a toggle."""

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
SELLING_HALT = Toggle(
    name="selling.halt",
    kind=ToggleKind.KILL_SWITCH,
    default=False,
    owner="on-call",
    remove_by=None,
    description="No new orders at all. Live holds may still be confirmed and released.",
)

CATALOGUE: tuple[Toggle, ...] = (SELLING_FREE, SELLING_HALT)
