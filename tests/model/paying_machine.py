"""The machine of `selling_machine`, where buyers pay as well: payments begin, fail, are authorised,
settle orders, come too late and go back, while everything else goes on.

    run_state_machine_as_test(machine_on(redis.url), settings=...)
"""

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, rule

from app.domain.events import EventConfiguration
from app.domain.ids import EventId, OrderAddress, PaymentId, PoolId
from app.domain.orders import OrderStatus, Settlement
from app.domain.outcomes import HoldsOverdue
from app.inventory import NO_CAPS, PlaceOrder
from app.inventory.scripts import LUA_DIRECTORY, load_scripts
from app.runtime.errors import ContractError
from tests.model import universe
from tests.model.paying_acts import (
    MINE,
    NONSENSE,
    OTHER,
    PAYMENT_ACTS,
    PAYMENTS,
    SETTLEMENTS,
    PaymentAct,
    acts_of,
)
from tests.model.paying_oracle import PaidSeller
from tests.model.selling_machine import SellingMachine
from tests.model.sides import RACERS, Answer, model_act, together
from tests.model.universe import ELSEWHERE, PARTITION, Ask, Change

BALCONY = PoolId("balcony")
BOX = "box"
"""The type that costs something, unless its price was changed; it draws on the balcony."""
ENDS = acts_of("unpin", "expire", "confirm", "fail", "begin", "pin")


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order that costs something, its payment, and what becomes of that."""

    ask: Ask
    story: list[PaymentAct]


def _purchase(ask: Ask, quantity: int, story: list[PaymentAct]) -> Purchase:
    dear = replace(ask, key=ask.key + 20, lines=((BOX, quantity),), confirm=True, caps=NO_CAPS)
    return Purchase(dear, [PaymentAct("begin"), *story])


PURCHASES = st.builds(
    _purchase,
    ask=universe.ASKS,
    quantity=st.sampled_from((1, 2, 1)),
    story=st.lists(acts_of("confirm", "expire", "pin", "fail", "refund", "begin"), max_size=3),
)
RACERS_FOR_MONEY = st.one_of(ENDS, st.sampled_from(RACERS), PAYMENT_ACTS)
Racer = str | PaymentAct


class PayingMachine(SellingMachine):
    asked: Bundle[Ask] = SellingMachine.asked
    seller: PaidSeller

    def __init__(self) -> None:
        super().__init__()
        self.seller = PaidSeller(self.clock)

    @initialize(
        target=asked,
        concert=universe.configurations(),
        asks=st.lists(universe.ASKS, min_size=2, max_size=6),
        purchases=st.lists(PURCHASES, min_size=1, max_size=5),
    )
    def open_and_sell(
        self, concert: EventConfiguration, asks: list[Ask], purchases: list[Purchase]
    ) -> MultipleResults[Ask]:
        """Some have bought before each sequence, and some have paid."""
        super().open_and_sell(concert, asks)
        return multiple(*asks, *(self._buy(each) for each in purchases))

    @rule(target=asked, purchase=PURCHASES)
    def buy(self, purchase: Purchase) -> Ask:
        return self._buy(purchase)

    @rule(ask=asked, act=PAYMENT_ACTS, repeat=st.booleans())
    def pay(self, ask: Ask, act: PaymentAct, repeat: bool) -> None:
        for _ in range(1 + repeat):
            self._pay(ask.wish().address, act)

    @rule(
        which=st.integers(0, 9),
        is_authorised=st.booleans(),
        acts=st.lists(ENDS, min_size=1, max_size=3),
    )
    def go_on(self, which: int, is_authorised: bool, acts: list[PaymentAct]) -> None:
        """With an order that is being paid; here MINE is the payment that is open."""
        acts = [PaymentAct("pin"), *acts] if is_authorised else acts
        for address in self._some({OrderStatus.PAYING}, which):
            mine = self.seller.orders[address.order_id].payment_id or MINE
            names = {MINE: mine, OTHER: MINE if mine == OTHER else OTHER}
            for act in acts:
                self._pay(address, replace(act, payment_id=names[act.payment_id]))

    @rule(
        which=st.integers(0, 9),
        settlement=SETTLEMENTS,
        payment_id=PAYMENTS,
        meanwhile=st.sampled_from(("", "sold_out", "", "close", "limit", "sold_out", "limit", "")),
    )
    def pay_too_late(
        self, which: int, settlement: Settlement, payment_id: PaymentId, meanwhile: str
    ) -> None:
        """What the reconciler does with late money: overdue holds are ended, then it asks again."""
        act = PaymentAct("reacquire", payment_id, settlement=settlement)
        for address in self._some({OrderStatus.EXPIRED, OrderStatus.RELEASED}, which):
            self._spoil(address.event_id, meanwhile)
            if self._pay(address, act) == HoldsOverdue():
                self._sweep(address.event_id)
                assert self._pay(address, act) != HoldsOverdue()

    @rule(which=st.integers(0, 9), tenths=st.lists(st.integers(1, 11), min_size=1, max_size=4))
    def give_back(self, which: int, tenths: list[int]) -> None:
        """Of what it cost, in any order, and sometimes more than all of it; after a cancel too."""
        for address in self._some({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}, which):
            order = self.seller.orders[address.order_id]
            for each in tenths:
                refunded_minor = order.total.amount_minor * each // 10
                self._pay(address, PaymentAct("refund", order.payment_id or MINE, refunded_minor))

    @rule(ask=asked, racers=st.lists(RACERS_FOR_MONEY, min_size=2, max_size=3))
    def race_for_the_money(self, ask: Ask, racers: list[Racer]) -> None:
        """Payments against each other, and against the buyer, the organiser and the sweeper."""
        wish = ask.wish()
        answers = self._run(together([self._real(each, wish) for each in racers]))
        seen = self._run(self.watcher.look())
        for order in itertools.permutations(range(len(racers))):
            seller = self.seller.copy()
            expected = {turn: _model(seller, racers[turn], wish) for turn in order}
            is_alike = [expected[turn] for turn in range(len(racers))] == answers
            if is_alike and seller.picture() == seen:
                self.seller = seller
                return
        raise AssertionError(f"no order of {racers} ends in {answers} and {seen}")

    @rule(which=st.integers(0, 9), later_ms=st.sampled_from((0, 1, 1_000, 60_000)))
    def look_up(self, which: int, later_ms: int) -> None:
        """As the reconciler does it: what is due, the longest first, and then later again."""
        at_ms, payments = self.clock.now_ms(), self.real.payments
        waiting = sorted((score, each) for each, score in self.seller.paying.items())
        due = [each for score, each in waiting if score <= at_ms]
        self._agree(due, payments.due_look_ups(PARTITION))
        self._agree([PARTITION] if due else [], payments.partitions_to_look_up(PARTITION + 1))
        for address in self._some(set(OrderStatus), which):
            if address.order_id in self.seller.paying:
                self.seller.paying[address.order_id] = at_ms + later_ms
            self._agree(None, payments.postpone_look_up(address, at_ms + later_ms))

    @rule(ask=asked, act=st.sampled_from(NONSENSE))
    def pay_nonsense(self, ask: Ask, act: PaymentAct) -> None:
        with pytest.raises(ContractError, match="MALFORMED"):
            self._run(act.real(self.real.payments, ask.wish().address))

    @rule(ask=asked, act=PAYMENT_ACTS)
    def pay_when_nobody_waits_any_more(self, ask: Ask, act: PaymentAct) -> None:
        self._refuse_to_run(act.real(self.late.payments, ask.wish().address))

    @rule(ask=universe.ASKS, act=PAYMENT_ACTS)
    def pay_in_a_partition_that_was_never_started(self, ask: Ask, act: PaymentAct) -> None:
        there = Ask(ELSEWHERE, ask.customer, ask.key, ask.lines, ask.confirm)
        self._refuse_to_run(act.real(self.real.payments, there.wish().address))

    def _buy(self, purchase: Purchase) -> Ask:
        wish = purchase.ask.wish()
        self._place(wish)
        if wish.address.order_id in self.seller.orders:
            for act in purchase.story:
                self._pay(wish.address, act)
        return purchase.ask

    def _spoil(self, event_id: EventId, meanwhile: str) -> None:
        """What has become of the event while the money was on its way."""
        match meanwhile:
            case "sold_out":
                stock = self.seller.stock(event_id)[BALCONY]
                self._change_capacity(event_id, BALCONY, stock.held + stock.sold)
            case "close":
                self._agree(
                    self.seller.close_event(event_id), self.real.events.close_event(event_id)
                )
            case "limit":
                before = self.seller.event(event_id)
                after = Change(limits=(1, 1, 1)).apply(before.configuration, BOX, 0)
                self._agree(
                    self.seller.change_event(before, after),
                    self.real.events.change_event(before, after),
                )

    def _some(self, statuses: Collection[OrderStatus], which: int) -> list[OrderAddress]:
        """One of the orders that cost something and are in such a state, or none."""
        found = [
            each
            for each in self.seller.orders.values()
            if each.status in statuses and not each.total.is_zero
        ]
        chosen = found[which % len(found) :][:1] if found else []
        return [OrderAddress(each.id, PARTITION, each.event_id) for each in chosen]

    def _pay(self, address: OrderAddress, act: PaymentAct) -> object:
        expected = act.model(self.seller, address)
        self._agree(expected, act.real(self.real.payments, address))
        return expected

    def _real(self, racer: Racer, wish: PlaceOrder) -> Answer:
        if isinstance(racer, PaymentAct):
            return racer.real(self.real.payments, wish.address)
        return self.real.act(racer, wish)


def _model(seller: PaidSeller, racer: Racer, wish: PlaceOrder) -> object:
    if isinstance(racer, PaymentAct):
        return racer.model(seller, wish.address)
    return model_act(seller, racer, wish)


def machine_on(redis_url: str, lua_directory: Path = LUA_DIRECTORY) -> type[PayingMachine]:
    """The machine for one server and one folder of scripts."""

    class Machine(PayingMachine):
        pass

    Machine.redis_url = redis_url
    Machine.lua = load_scripts(lua_directory)
    return Machine
