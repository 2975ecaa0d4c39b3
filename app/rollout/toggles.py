"""What a source of toggles is. Every implementation passes `tests/rollout/toggles_contract.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.ids import EventId, OrganiserId
from app.rollout.catalogue import Toggle


@dataclass(frozen=True, slots=True)
class ToggleContext:
    """What a verdict may depend on. `sticky_id` keeps one buyer on one side of a percentage."""

    event_id: EventId
    organiser_id: OrganiserId | None = None
    sticky_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToggleState:
    """`enabled`: as the source says, before any constraint; None when it does not know it."""

    toggle: Toggle
    enabled: bool | None


class Toggles(Protocol):
    """No method blocks for long or raises for what the source says."""

    def is_on(self, toggle: Toggle, context: ToggleContext) -> bool:
        """About 18 µs: asked once per event and refresh, never once per order."""

    def refresh(self) -> bool:
        """Takes what is new from the source. True when anything changed. A source that cannot be
        read leaves the last good payload in force."""

    def describe(self) -> Sequence[ToggleState]:
        """The whole catalogue."""
