"""Which payment methods an order may be paid with: every gate, asked once, when a payment begins.

Installed, allowed, an account that is valid (the registry); switched on for this event and order
(`payments.<method>.offer`); not halted; and able to take this amount in the time that is left. What
the gates said is kept with the payment; nothing that is under way asks them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.ids import OrganiserId
from app.domain.orders import Order
from app.rollout import ToggleContext, Toggles, halt_toggle, offer_toggle
from payments import Enrolled, Registry, Scalar


@dataclass(frozen=True, slots=True)
class Offer:
    """`activation`: the verdicts under which it was offered."""

    account: Enrolled
    activation: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class MethodUnavailable:
    """Unknown, internal, switched off or unfit for this order: one answer for all."""


@dataclass(frozen=True, slots=True)
class MethodHalted:
    """It would be offered, and no payment begins now."""

    toggle: str


class Offering:
    def __init__(self, registry: Registry, toggles: Toggles) -> None:
        self._registry = registry
        self._toggles = toggles

    def offers(self, order: Order, organiser_id: OrganiserId, now_ms: int) -> Sequence[Offer]:
        """The first account of each method, in the order of the registry, whether halted or not."""
        context = ToggleContext(order.event_id, organiser_id, sticky_id=order.id)
        offers: dict[str, Offer] = {}
        for each in self._registry.offerable():
            toggle = offer_toggle(each.method_id)
            if each.method_id in offers or not _fits(each, order, now_ms):
                continue
            if self._toggles.is_on(toggle, context):
                offers[each.method_id] = Offer(each, {"toggle": toggle.name, "at_ms": now_ms})
        return list(offers.values())

    def choose(
        self, method: str, order: Order, organiser_id: OrganiserId, now_ms: int
    ) -> Offer | MethodUnavailable | MethodHalted:
        """`method` is whatever word somebody sent."""
        for offer in self.offers(order, organiser_id, now_ms):
            if offer.account.method_id == method:
                toggle = halt_toggle(method)
                context = ToggleContext(order.event_id, organiser_id, sticky_id=order.id)
                is_halted = self._toggles.is_on(toggle, context)
                return MethodHalted(toggle.name) if is_halted else offer
        return MethodUnavailable()


def _fits(account: Enrolled, order: Order, now_ms: int) -> bool:
    descriptor = account.descriptor
    needed_ms = descriptor.typical_completion.total_seconds() * 1000
    left_ms = (order.expires_at_ms or 0) - now_ms
    return descriptor.accepts(order.total) and left_ms >= needed_ms
