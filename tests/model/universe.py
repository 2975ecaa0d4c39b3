"""The small world of the machine: who asks, for what, and how large things are.

Small on purpose: few customers, keys and units, so that they collide all the time.
"""

from dataclasses import dataclass, replace
from typing import Final

from hypothesis import strategies as st

from app.domain.events import EventConfiguration, TicketType
from app.domain.ids import EventId, PoolId, TicketTypeId, partition_of
from app.domain.orders import Person
from app.inventory import NO_CAPS, HoldCaps, PlaceOrder, SellingGate
from payments import Money
from tests.builders import OPEN_GATE, PARTITIONS, a_ticket_type, a_wish, an_event

CANARY: Final = "canary"
"""In every name and address of a person: where it turns up, personal data has gone."""
CUSTOMERS: Final = ("ana", "bob", "eve")
ADDRESS_CANARY: Final = "lair"
"""In what stands for every address: it may be in the record of a live hold and nowhere else."""
ADDRESSES: Final = (None, f"{ADDRESS_CANARY}-1", f"{ADDRESS_CANARY}-2")
CAPS: Final = (NO_CAPS, NO_CAPS, HoldCaps(1, 0), HoldCaps(0, 1), HoldCaps(2, 3), NO_CAPS)

CONCERT: Final = EventId("concert")
PARTITION: Final = partition_of(CONCERT, PARTITIONS)
_NEIGHBOURS = [
    each
    for each in (EventId(f"concert-{number}") for number in range(100))
    if partition_of(each, PARTITIONS) == PARTITION
]
NEIGHBOUR, GHOST = _NEIGHBOURS[:2]
"""Of the same partition: one that sells the same ticket types, and one that is never opened."""
ELSEWHERE = next(
    each
    for each in (EventId(f"elsewhere-{number}") for number in range(100))
    if partition_of(each, PARTITIONS) != PARTITION
)
"""Of a partition that was never started."""
OPENED: Final = (CONCERT, NEIGHBOUR)
EVENTS: Final = (*OPENED, GHOST)
HOLD_SECONDS: Final = (1, 60)

POOLS: Final = {"floor": (30, 12, 6, 2), "balcony": (20, 8, 4, 1)}
"""With the units that each may begin with."""
TYPES: Final = {
    "adult": (0, ("floor",)),
    "child": (0, ("floor",)),
    "combo": (0, ("floor", "balcony")),
    "box": (1050, ("balcony",)),
}
"""Price at first in minor units, and pools."""

GATES: Final = (
    SellingGate(free_off="selling.free", paid_off=None),
    SellingGate(free_off=None, paid_off="selling.paid"),
    SellingGate(free_off="selling.halt", paid_off="selling.halt"),
)
NONSENSE: Final = (
    *("", "0", "00", "-1", "+1", "101", "1000", "1.0", "1e2", "0x10", "nan", "inf", "-inf"),
    *(" 1", "1 ", "1\n", "1\n2", "1\x00", "٣", "one", "99999999999999999999"),
)
"""None of them is a quantity from 1 to 100 in digits alone."""
FIXED_FIELDS: Final = (
    *("currency", "pools", "types", "status", "version", "type:adult:pools", "type:new:price"),
    *("pool:floor:capacity", "pool:floor:available", "pool:floor:held", "pool:floor:sold", "new"),
)
"""What a change of an event must not touch, or bring in."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One buyer's request as it is sent."""

    event_id: EventId
    customer: str
    key: int
    lines: tuple[tuple[str, int], ...]
    confirm: bool
    address: str | None = None
    caps: HoldCaps = NO_CAPS

    def wish(self, gate: SellingGate = OPEN_GATE) -> PlaceOrder:
        email = f"{self.customer}@{CANARY}.example"
        wish = a_wish(
            list(self.lines),
            event_id=self.event_id,
            email=email,
            key=f"key-{self.key:016d}",
            confirm=self.confirm,
            gate=gate,
            address=self.address,
            caps=self.caps,
        )
        return replace(wish, person=Person(email, f"{CANARY.capitalize()} {CANARY}"))


EVENT_IDS: Final = st.sampled_from((*[CONCERT] * 9, GHOST, *[NEIGHBOUR] * 5))
"""Mostly the one event, so that orders meet. Rare ones stand in the middle:
ends are drawn more often."""
LINES: Final = st.lists(
    st.tuples(
        st.sampled_from((*[*TYPES] * 4, "unicorn", *[*TYPES] * 4)),
        st.sampled_from((1, 1, 1, 2, 2, 3, 7, 3, 2, 2, 1, 1, 1)),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
"""Ticket types and quantities; a type may come twice, and one that nobody sells seldom."""
ASKS: Final = st.builds(
    Ask,
    event_id=EVENT_IDS,
    customer=st.sampled_from(CUSTOMERS),
    key=st.integers(0, 9),
    lines=LINES,
    confirm=st.booleans(),
    address=st.sampled_from(ADDRESSES),
    caps=st.sampled_from(CAPS),
)


@st.composite
def configurations(draw: st.DrawFn) -> EventConfiguration:
    """Of the concert."""
    types = []
    for name, (price, pools) in TYPES.items():
        least, more, most = draw(LIMITS)
        types.append(
            a_ticket_type(
                name,
                price=price,
                pools=pools,
                min_per_order=least,
                max_per_order=more,
                max_per_customer=most,
            )
        )
    return an_event(
        CONCERT,
        pools={name: draw(st.sampled_from(units)) for name, units in POOLS.items()},
        ticket_types=tuple(types),
        hold_seconds=draw(st.sampled_from(HOLD_SECONDS)),
    )


NEIGHBOURING: Final = an_event(
    NEIGHBOUR,
    pools={name: units[1] for name, units in POOLS.items()},
    ticket_types=tuple(
        a_ticket_type(name, price=price, pools=pools) for name, (price, pools) in TYPES.items()
    ),
    hold_seconds=HOLD_SECONDS[1],
)
"""Of the neighbour: it need not vary as well."""


def _limits(least: int, order_extra: int, customer_extra: int) -> tuple[int, int, int]:
    return least, least + order_extra, least + customer_extra


LIMITS: Final = st.builds(
    _limits, st.sampled_from((1, 1, 1, 2)), st.integers(0, 6), st.integers(0, 8)
)
"""min_per_order, max_per_order, max_per_customer."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an organiser changes of a ticket type after the opening; None stays as it is.

    The window is given from the moment of the change, in milliseconds.
    """

    name: str | None = None
    price: int | None = None
    limits: tuple[int, int, int] | None = None
    window: tuple[int | None, int | None] | None = None
    hold_seconds: int | None = None

    def apply(
        self, configuration: EventConfiguration, ticket_type: str, now_ms: int
    ) -> EventConfiguration:
        types = tuple(
            self._of_type(each, now_ms) if each.id == ticket_type else each
            for each in configuration.ticket_types
        )
        hold_seconds = self.hold_seconds or configuration.hold_seconds
        return replace(configuration, ticket_types=types, hold_seconds=hold_seconds)

    def _of_type(self, each: TicketType, now_ms: int) -> TicketType:
        if self.name is not None:
            each = replace(each, name=self.name)
        if self.price is not None:
            each = replace(each, price=Money(self.price, each.price.currency))
        if self.limits is not None:
            least, more, most = self.limits
            each = replace(each, min_per_order=least, max_per_order=more, max_per_customer=most)
        if self.window is not None:
            start, until = (None if bound is None else now_ms + bound for bound in self.window)
            each = replace(each, on_sale_from_ms=start, on_sale_until_ms=until)
        return each


_BOUNDS = st.sampled_from((None, None, -1, 0, 1, 1_000, 30_000))
CHANGES: Final = st.one_of(
    st.builds(
        Change, name=st.sampled_from(("Adult", "2 x 1 for 3", "Ñandú | ☂ ")), price=st.none()
    ),
    st.builds(Change, price=st.sampled_from((0, 1, 1050, 10**12))),
    st.builds(Change, limits=LIMITS),
    st.builds(Change, window=st.tuples(_BOUNDS, _BOUNDS)),
    st.builds(Change, hold_seconds=st.sampled_from(HOLD_SECONDS)),
)
POOL_IDS: Final = st.sampled_from([PoolId(name) for name in (*POOLS, "cellar")])
TYPE_IDS: Final = st.sampled_from([TicketTypeId(name) for name in TYPES])
