"""Random sequences of selling: the real scripts on a real Redis beside the seller of `oracle`.

Each rule asks both the same and compares the answers; after each, all that Redis holds is compared
with what the seller says, and must obey the laws. Nothing that is drawn depends on an answer, so a
sequence can be played again, whichever side wins a race.
"""

import asyncio
import itertools
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar, cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from app.domain.events import CAPACITY_MAX, EventConfiguration
from app.domain.ids import EventId, PoolId, TicketTypeId
from app.domain.outcomes import HoldsOverdue, UnknownEvent
from app.inventory import HoldCaps, PlaceOrder, SellingGate, TestTime
from app.inventory.keys import keys_of_event
from app.inventory.scripts import Script
from app.runtime.clock import SettableClock
from app.runtime.errors import ContractError, Unavailable
from app.runtime.redis_connection import RedisConnection
from tests.builders import PARTITIONS, an_event
from tests.model import universe
from tests.model.laws import Ceilings, check_laws
from tests.model.oracle import Seller
from tests.model.picture import Watcher
from tests.model.sides import ACTS, RACERS, LateTime, RealSeller, model_act, together
from tests.model.universe import (
    CONCERT,
    ELSEWHERE,
    NEIGHBOUR,
    OPENED,
    PARTITION,
    Ask,
    Change,
)

T = TypeVar("T")
HOLD_MS = max(universe.HOLD_SECONDS) * 1000


class SellingMachine(RuleBasedStateMachine):
    """Has an event loop of its own, and an empty Redis to begin with."""

    redis_url: ClassVar[str]
    lua: ClassVar[Mapping[str, Script]]
    asked: Bundle[Ask] = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        # Not a Runner: its signal handling costs a third of every call.
        self.loop = asyncio.new_event_loop()
        self.clock = SettableClock()
        self.connection = RedisConnection(self.redis_url, timeout_seconds=5, connections_max=4)
        self.real = RealSeller(self.connection, self.lua, TestTime(self.clock))
        self.late = RealSeller(self.connection, self.lua, LateTime(self.clock))
        self.seller = Seller(self.clock)
        self.watcher = Watcher(self.connection)
        self.ceilings = Ceilings()
        self._run(self.connection.call("FLUSHALL"))
        self._run(self.real.outbox.start_partition(PARTITION))

    def teardown(self) -> None:
        self._run(self.connection.aclose())
        self.loop.close()

    @initialize(
        target=asked,
        concert=universe.configurations(),
        asks=st.lists(universe.ASKS, min_size=3, max_size=12),
    )
    def open_and_sell(self, concert: EventConfiguration, asks: list[Ask]) -> MultipleResults[Ask]:
        """Something has happened before each sequence, whichever rules it will be made of."""
        for each in (concert, universe.NEIGHBOURING):
            self._agree(self.seller.open_event(each), self.real.events.open_event(each))
        for ask in asks:
            self._place(ask.wish())
        return multiple(*asks)

    # Buyers

    @rule(target=asked, ask=universe.ASKS)
    def place(self, ask: Ask) -> Ask:
        self._place(ask.wish())
        return ask

    @rule(target=asked, ask=universe.ASKS, confirm=st.booleans())
    def place_one_line(self, ask: Ask, confirm: bool) -> Ask:
        """Small orders are seldom refused."""
        simple = replace(ask, key=ask.key + 10, lines=ask.lines[:1], confirm=confirm)
        self._place(simple.wish())
        return simple

    @rule(ask=universe.ASKS, gate=st.sampled_from(universe.GATES))
    def place_while_a_toggle_is_off(self, ask: Ask, gate: SellingGate) -> None:
        self._place(ask.wish(gate))

    @rule(ask=universe.ASKS)
    def insist(self, ask: Ask) -> None:
        """What a request does: overdue holds are ended, then it asks again, and is answered."""
        wish = ask.wish()
        if self._place(wish) == HoldsOverdue():
            self._sweep(ask.event_id)
            assert self._place(wish) != HoldsOverdue()

    @rule(ask=asked)
    def place_again(self, ask: Ask) -> None:
        self._place(ask.wish())

    @rule(ask=asked, lines=universe.LINES, confirm=st.booleans())
    def place_another_wish_with_the_same_key(
        self, ask: Ask, lines: tuple[tuple[str, int], ...], confirm: bool
    ) -> None:
        self._place(replace(ask, lines=lines, confirm=confirm).wish())

    @rule(target=asked, ask=asked, customer=st.sampled_from(universe.CUSTOMERS))
    def place_with_the_key_of_another(self, ask: Ask, customer: str) -> Ask:
        theirs = replace(ask, customer=customer)
        self._place(theirs.wish())
        return theirs

    @rule(
        event_id=universe.EVENT_IDS,
        lines=universe.LINES,
        nonsense=st.sampled_from(universe.NONSENSE),
        at=st.integers(0, 4),
    )
    def place_nonsense(
        self, event_id: EventId, lines: tuple[tuple[str, int], ...], nonsense: str, at: int
    ) -> None:
        """Straight to the script, as no form of ours lets it through."""
        bad = ("adult", cast("int", nonsense))
        self._refuse_as_malformed(event_id, (*lines[:at], bad, *lines[at:]))

    @rule(event_id=universe.EVENT_IDS, shape=st.sampled_from(("none", "odd", "many")))
    def place_lines_of_another_shape(self, event_id: EventId, shape: str) -> None:
        shapes = {"none": 0, "odd": 2, "many": 21}
        lines: list[tuple[str, int]] = [("adult", 1)] * shapes[shape]
        if shape == "odd":
            lines.append(cast("tuple[str, int]", ("adult",)))
        self._refuse_as_malformed(event_id, lines, is_sent=shape != "none")

    @rule(ask=asked, address=st.sampled_from(universe.ADDRESSES))
    def place_again_from_elsewhere(self, ask: Ask, address: str | None) -> None:
        """Caps are for new holds; from where a replay comes, nobody asks."""
        self._place(replace(ask, address=address, caps=HoldCaps(1, 1)).wish())

    @rule(ask=asked, repeat=st.booleans())
    def confirm(self, ask: Ask, repeat: bool) -> None:
        for _ in range(1 + repeat):
            address = ask.wish().address
            self._agree(self.seller.confirm_order(address), self.real.orders.confirm_order(address))

    @rule(ask=asked, repeat=st.booleans())
    def release(self, ask: Ask, repeat: bool) -> None:
        for _ in range(1 + repeat):
            address = ask.wish().address
            self._agree(self.seller.release_order(address), self.real.orders.release_order(address))

    @rule(ask=asked, repeat=st.booleans())
    def cancel(self, ask: Ask, repeat: bool) -> None:
        for _ in range(1 + repeat):
            address = ask.wish().address
            self._agree(self.seller.cancel_order(address), self.real.orders.cancel_order(address))

    @rule(ask=asked, racers=st.lists(st.sampled_from(RACERS), min_size=2, max_size=3))
    def race(self, ask: Ask, racers: list[str]) -> None:
        """Commands of the same moment end as if they had come one after the other, somehow."""
        wish = ask.wish()
        answers = self._run(together([self.real.act(each, wish) for each in racers]))
        seen = self._run(self.watcher.look())
        for order in itertools.permutations(range(len(racers))):
            seller = self.seller.copy()
            expected = {turn: model_act(seller, racers[turn], wish) for turn in order}
            is_alike = [expected[turn] for turn in range(len(racers))] == answers
            if is_alike and seller.picture() == seen:
                self.seller = seller
                return
        raise AssertionError(f"no order of {racers} ends in {answers} and {seen}")

    # Time

    @rule(milliseconds=st.integers(0, 2 * HOLD_MS))
    def wait(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds)

    @rule(which=st.integers(0, 3), past_ms=st.sampled_from((-1, 0, 0, 1)))
    def wait_for_a_deadline(self, which: int, past_ms: int) -> None:
        """The moment itself is too late; the one before is not."""
        now_ms = self.clock.now_ms()
        deadlines = [at for each in OPENED for at in self.seller.deadlines(each).values()]
        ahead = sorted(at + past_ms for at in deadlines if at + past_ms >= now_ms)
        if ahead:
            self.clock.advance(ahead[min(which, len(ahead) - 1)] - now_ms)

    @rule(event_id=universe.EVENT_IDS)
    def sweep(self, event_id: EventId) -> None:
        self._sweep(event_id)

    @rule(asks=st.lists(asked, min_size=1, max_size=5), event_id=universe.EVENT_IDS)
    def expire_whatever_is_named(self, asks: list[Ask], event_id: EventId) -> None:
        """Not due, not held, not there, named twice: only what is overdue ends."""
        named = [ask.wish().address.order_id for ask in asks if ask.event_id == event_id]
        if named:
            self._agree(
                self.seller.expire_orders(event_id, named),
                self.real.orders.expire_orders(PARTITION, event_id, named),
            )

    @rule(asks=st.lists(asked, min_size=1, max_size=3))
    def expire_orders_of_another_event(self, asks: list[Ask]) -> None:
        """Nobody of ours names them; they are left alone, and so is the event that is named."""
        for ask in asks:
            other = NEIGHBOUR if ask.event_id == CONCERT else CONCERT
            foreign = [ask.wish().address.order_id]
            self._agree(0, self.real.orders.expire_orders(PARTITION, other, foreign))

    # Organisers and operators

    @rule(event_id=universe.EVENT_IDS, pool=universe.POOL_IDS, capacity=st.integers(0, 12))
    def change_capacity(self, event_id: EventId, pool: PoolId, capacity: int) -> None:
        self._change_capacity(event_id, pool, capacity)

    @rule(event_id=st.sampled_from(OPENED), more=st.sampled_from((-1, 0, CAPACITY_MAX)))
    def change_capacity_to_what_is_in_use(self, event_id: EventId, more: int) -> None:
        stock = self.seller.stock(event_id)[PoolId("floor")]
        capacity = min(stock.held + stock.sold + more, CAPACITY_MAX)
        self._change_capacity(event_id, PoolId("floor"), max(capacity, 0))

    @rule(text=st.sampled_from(("", "-1", "1.5", "1e3", "0x10", "nan", f"{CAPACITY_MAX + 1}")))
    def change_capacity_to_nonsense(self, text: str) -> None:
        with pytest.raises(ContractError, match="MALFORMED"):
            self._run(self.real.events.change_capacity(CONCERT, PoolId("floor"), cast("int", text)))

    @rule(
        event_id=universe.EVENT_IDS,
        act=st.sampled_from(("open", "open", "pause", "close", "pause", "open", "open")),
        repeat=st.booleans(),
    )
    def change_status(self, event_id: EventId, act: str, repeat: bool) -> None:
        """Opened again, it keeps what it was opened with, whatever comes along."""
        model, real = self.seller, self.real.events
        for _ in range(1 + repeat):
            match act:
                case "open" if event_id in OPENED:
                    other = an_event(event_id, pools={"floor": 99})
                    self._agree(model.open_event(other), real.open_event(other))
                case "pause":
                    self._agree(model.pause_event(event_id), real.pause_event(event_id))
                case "close":
                    self._agree(model.close_event(event_id), real.close_event(event_id))

    @rule(
        event_id=st.sampled_from(OPENED),
        ticket_type=universe.TYPE_IDS,
        change=universe.CHANGES,
        is_stale=st.sampled_from((False, False, False, True)),
    )
    def change_event(
        self, event_id: EventId, ticket_type: TicketTypeId, change: Change, is_stale: bool
    ) -> None:
        before = self.seller.event(event_id)
        after = change.apply(before.configuration, ticket_type, self.clock.now_ms())
        if is_stale:
            self._change_capacity(event_id, PoolId("balcony"), before.version % 7 + 5)
        self._agree(
            self.seller.change_event(before, after), self.real.events.change_event(before, after)
        )

    @rule(name=st.sampled_from(universe.FIXED_FIELDS), is_odd=st.booleans())
    def change_what_is_fixed(self, name: str, is_odd: bool) -> None:
        """Straight to the script."""
        keys, event = keys_of_event(CONCERT, PARTITIONS), self.seller.events[CONCERT]
        fields = ("name", "Gala", name) if is_odd else ("name", "Gala", name, "1")
        reply = self._run(
            self.real.scripts.write(
                "change_event",
                [keys.partition.head, keys.partition.outbox, keys.event],
                [CONCERT, event.version, *fields],
            )
        )
        assert reply.word == ("REFUSED" if event.status == "closed" else "MALFORMED")

    @rule()
    def forget_the_scripts(self) -> None:
        self._run(self.connection.call("SCRIPT", "FLUSH"))

    @rule(ask=asked, act=st.sampled_from(ACTS))
    def come_too_late(self, ask: Ask, act: str) -> None:
        self._refuse_to_run(self.late.act(act, ask.wish()))

    @rule(ask=universe.ASKS, act=st.sampled_from(ACTS))
    def go_to_a_partition_that_was_never_started(self, ask: Ask, act: str) -> None:
        there = Ask(ELSEWHERE, ask.customer, ask.key, ask.lines, ask.confirm)
        self._refuse_to_run(self.real.act(act, there.wish()))

    # What is compared

    @invariant()
    def redis_shows_what_the_seller_says_and_obeys_the_laws(self) -> None:
        seen = self._run(self.watcher.look())
        self.ceilings.note(self.seller.events.values())
        check_laws(seen, self.watcher, self.ceilings)
        expected = self.seller.picture()
        assert seen.facts == expected.facts
        assert seen == expected

    def _run(self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run_until_complete(work)

    def _agree(self, expected: object, answer: Coroutine[object, object, object]) -> None:
        assert self._run(answer) == expected

    def _place(self, wish: PlaceOrder) -> object:
        expected = self.seller.place_order(wish)
        self._agree(expected, self.real.orders.place_order(wish))
        return expected

    def _sweep(self, event_id: EventId) -> None:
        """As the sweeper does it."""
        overdue = self.seller.overdue(event_id)
        self._agree(overdue, self.real.orders.overdue_orders(PARTITION, event_id))
        overdue_events = self._run(self.real.orders.overdue_events(PARTITION))
        assert (event_id in overdue_events) == bool(overdue)
        if overdue:
            self._agree(
                self.seller.expire_orders(event_id, overdue),
                self.real.orders.expire_orders(PARTITION, event_id, overdue),
            )

    def _change_capacity(self, event_id: EventId, pool: PoolId, capacity: int) -> None:
        self._agree(
            self.seller.change_capacity(event_id, pool, capacity),
            self.real.events.change_capacity(event_id, pool, capacity),
        )

    def _refuse_as_malformed(
        self, event_id: EventId, lines: Sequence[tuple[str, int]], *, is_sent: bool = True
    ) -> None:
        wish = Ask(event_id, "ana", 99, (), True).wish()
        wish = replace(wish, lines=cast("Sequence[tuple[TicketTypeId, int]]", lines))
        answer = self.real.orders.place_order(wish)
        if is_sent and event_id not in self.seller.events:
            self._agree(UnknownEvent(), answer)
            return
        with pytest.raises(ContractError, match="MALFORMED" if is_sent else "other numbers"):
            self._run(answer)

    def _refuse_to_run(self, answer: Coroutine[object, object, object]) -> None:
        with pytest.raises(Unavailable):
            self._run(answer)
