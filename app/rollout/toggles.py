"""What a source of toggles is, and what all sources share: the last good payload stays in force.

Every implementation passes `tests/rollout/toggles_contract.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.ids import EventId, OrganiserId
from app.rollout.catalogue import CATALOGUE, Toggle
from app.rollout.features import Features


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

    def why_silent(self) -> str | None:
        """For whoever is on call: why there has never been a good payload. None once there has."""


class LastGoodToggles:
    """Answers from the last good payload; until there has been one, the catalogue's defaults stand.

    A source derives from it and calls `_take`.
    """

    def __init__(self, catalogue: Sequence[Toggle] = CATALOGUE) -> None:
        """`catalogue`: what `describe` tells of."""
        self._catalogue = catalogue
        self._features: Features | None = None

    def is_on(self, toggle: Toggle, context: ToggleContext) -> bool:
        if self._features is None or toggle.name not in self._features.enabled:
            return toggle.default
        return self._features.is_on(toggle.name, _fields(context))

    def describe(self) -> Sequence[ToggleState]:
        enabled = self._features.enabled if self._features else {}
        return [ToggleState(toggle, enabled.get(toggle.name)) for toggle in self._catalogue]

    def _take(self, features: Features) -> None:
        self._features = features


def _fields(context: ToggleContext) -> dict[str, str]:
    """The names that a constraint in Unleash goes by."""
    fields: dict[str, str] = {"eventId": context.event_id}
    if context.organiser_id is not None:
        fields["organiserId"] = context.organiser_id
    if context.sticky_id is not None:
        fields["userId"] = context.sticky_id
    return fields
