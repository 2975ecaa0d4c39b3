"""The gates before the stock, as the selling path reads them: one dictionary look-up an order.

A verdict is made when an event is first asked for, and made anew for all of them on each step.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.ids import EventId, OrganiserId
from app.rollout.catalogue import SELLING_FREE, SELLING_HALT
from app.rollout.toggles import ToggleContext, Toggles
from app.runtime.jobs import Progress

EVENTS_MAX = 10_000
"""Verdicts kept, about 1 kB each; the one not asked for the longest goes first."""


@dataclass(frozen=True, slots=True)
class SellingVerdict:
    """The toggle that forbids free, or paid, orders of an event; None lets them pass."""

    free_off: str | None
    paid_off: str | None


FindOrganiser = Callable[[EventId], Awaitable[OrganiserId | None]]


class SellingGates:
    """A job too: one step takes new toggles and makes every verdict anew.

    `find_organiser` is asked when an event is seen for the first time; None is an event that was
    never opened, of which nothing is kept.
    """

    name = "selling-gates"
    idle_seconds = 0.5

    def __init__(self, toggles: Toggles, find_organiser: FindOrganiser) -> None:
        self._toggles = toggles
        self._find_organiser = find_organiser
        self._judged: OrderedDict[EventId, _Judged] = OrderedDict()

    async def verdict_of(self, event_id: EventId) -> SellingVerdict:
        judged = self._judged.get(event_id)
        if judged is not None:
            self._judged.move_to_end(event_id)
            return judged.verdict
        organiser_id = await self._find_organiser(event_id)
        judged = self._judge(ToggleContext(event_id, organiser_id))
        if organiser_id is not None:
            self._judged[event_id] = judged
            if len(self._judged) > EVENTS_MAX:
                self._judged.popitem(last=False)
        return judged.verdict

    async def step(self) -> Progress:
        if self._toggles.refresh():
            # Swapped whole: an order sees the old verdicts or the new ones, never some of each.
            self._judged = OrderedDict(
                (event_id, self._judge(judged.context)) for event_id, judged in self._judged.items()
            )
        return Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing."""

    def _judge(self, context: ToggleContext) -> "_Judged":
        if self._toggles.is_on(SELLING_HALT, context):
            return _Judged(context, SellingVerdict(SELLING_HALT.name, SELLING_HALT.name))
        if not self._toggles.is_on(SELLING_FREE, context):
            return _Judged(context, SellingVerdict(SELLING_FREE.name, None))
        return _Judged(context, SellingVerdict(None, None))


@dataclass(frozen=True, slots=True)
class _Judged:
    context: ToggleContext
    verdict: SellingVerdict
