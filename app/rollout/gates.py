"""The gates before the stock, as the selling path reads them: one dictionary look-up an order.

A verdict stands until the next step of the job; the first order of an event after that has it made
anew. So the toggles are asked at most twice a second for an event, however many buy, and a
constraint on the time of day is felt without an edit.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.ids import EventId, OrganiserId
from app.rollout.catalogue import SELLING_FREE, SELLING_HALT, SELLING_PAID
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
    """A job too: a step takes new toggles and ends the time of all verdicts.

    `find_organiser` is asked when an event is seen for the first time; None is an event that was
    never opened, of which nothing is kept.
    """

    name = "selling-gates"
    idle_seconds = 0.5

    def __init__(self, toggles: Toggles, find_organiser: FindOrganiser) -> None:
        self._toggles = toggles
        self._find_organiser = find_organiser
        self._turn = 0
        self._judged: OrderedDict[EventId, _Judged] = OrderedDict()

    async def verdict_of(self, event_id: EventId) -> SellingVerdict:
        judged = self._judged.get(event_id)
        if judged is None:
            organiser_id = await self._find_organiser(event_id)
            judged = self._judge(ToggleContext(event_id, organiser_id))
            if organiser_id is not None:
                self._keep(judged)
        elif judged.turn != self._turn:
            judged = self._judge(judged.context)
            self._keep(judged)
        else:
            self._judged.move_to_end(event_id)
        return judged.verdict

    async def step(self) -> Progress:
        self._toggles.refresh()
        self._turn += 1
        return Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing."""

    def _keep(self, judged: "_Judged") -> None:
        self._judged[judged.context.event_id] = judged
        self._judged.move_to_end(judged.context.event_id)
        if len(self._judged) > EVENTS_MAX:
            self._judged.popitem(last=False)

    def _judge(self, context: ToggleContext) -> "_Judged":
        return _Judged(context, self._turn, self._verdict(context))

    def _verdict(self, context: ToggleContext) -> SellingVerdict:
        if self._toggles.is_on(SELLING_HALT, context):
            return SellingVerdict(SELLING_HALT.name, SELLING_HALT.name)
        free, paid = (self._toggles.is_on(each, context) for each in (SELLING_FREE, SELLING_PAID))
        return SellingVerdict(
            free_off=None if free else SELLING_FREE.name,
            paid_off=None if paid else SELLING_PAID.name,
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    """`turn`: the step after which this verdict was made."""

    context: ToggleContext
    turn: int
    verdict: SellingVerdict
