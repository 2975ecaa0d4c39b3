"""Which methods an order may be paid with: each gate alone closes the offer, and what was decided
stays decided."""

from dataclasses import replace

import pytest

from app.domain.ids import OrganiserId
from app.domain.orders import Order, OrderStatus
from app.domain.outcomes import SellingOff
from app.rollout import halt_toggle, offer_toggle
from app.selling import MethodHalted, MethodUnavailable, Offer, Offering, PaymentIs
from payments import Account, Money, load_methods
from tests.selling.paying.rows import an_order
from tests.till import Switches, Till, sandbox_account

HALL = OrganiserId("hall")
OFFER, HALT = offer_toggle("sandbox").name, halt_toggle("sandbox").name


def _offering(
    till: Till, *accounts: Account, allowed: tuple[str, ...] = ("hack", "sandbox")
) -> Offering:
    registry = load_methods(
        allowed, accounts, is_production=False, has_production_mark=False, now=till.now
    )
    return Offering(registry, till.switches)


def _order(till: Till, **changes: object) -> Order:
    held = an_order(OrderStatus.HELD, ends_at_ms=till.clock.now_ms() + 600_000)
    return replace(held, **changes)  # type: ignore[arg-type]


async def test_with_every_gate_open_it_is_offered(till: Till) -> None:
    offering = _offering(till, sandbox_account(till.books))
    (offer,) = offering.offers(_order(till), HALL, till.clock.now_ms())
    assert offer.account.account_id == "main"
    assert offer.activation == {"toggle": OFFER, "at_ms": till.clock.now_ms()}
    chosen = offering.choose("sandbox", _order(till), HALL, till.clock.now_ms())
    assert chosen == offer


async def test_each_gate_alone_closes_it_and_all_say_the_same(till: Till) -> None:
    account, order, now_ms = sandbox_account(till.books), _order(till), till.clock.now_ms()
    closed = {
        "not installed or not allowed": (_offering(till, account, allowed=("hack",)), order),
        "no account": (_offering(till), order),
        "an account that is switched off": (
            _offering(till, replace(account, is_enabled=False)),
            order,
        ),
        "an account that is wrong": (_offering(till, replace(account, config={})), order),
        "an account for live money": (
            _offering(till, replace(account, environment="live")),
            order,
        ),
        "a currency that it does not take": (
            _offering(till, account),
            _order(till, total=Money(2_500, "NOK")),
        ),
        "an amount that it does not take": (
            _offering(till, account),
            _order(till, total=Money(0, "EUR")),
        ),
        "too little time": (_offering(till, account), _order(till, expires_at_ms=now_ms + 999)),
        "no time": (_offering(till, account), _order(till, expires_at_ms=None)),
    }
    for name, (offering, asked) in closed.items():
        assert offering.offers(asked, HALL, now_ms) == [], name
        assert offering.choose("sandbox", asked, HALL, now_ms) == MethodUnavailable(), name
    till.switches.on.remove(OFFER)
    offering = _offering(till, account)
    assert offering.offers(order, HALL, now_ms) == []
    assert offering.choose("sandbox", order, HALL, now_ms) == MethodUnavailable()


@pytest.mark.parametrize("word", ["hack", "stripe", "", "SANDBOX", "sandbox ", "__class__"])
async def test_whatever_else_somebody_names_is_unavailable(word: str, till: Till) -> None:
    till.switches.on |= {offer_toggle("hack").name}
    offering = _offering(till, sandbox_account(till.books))
    outcome = offering.choose(word, _order(till), HALL, till.clock.now_ms())
    assert outcome == MethodUnavailable()


async def test_the_second_account_of_a_method_waits_for_the_first_to_go(till: Till) -> None:
    first, second = sandbox_account(till.books, "a"), sandbox_account(till.books, "b")
    now_ms = till.clock.now_ms()
    (offer,) = _offering(till, first, second).offers(_order(till), HALL, now_ms)
    assert offer.account.account_id == "a"
    off = replace(first, is_enabled=False)
    (offer,) = _offering(till, off, second).offers(_order(till), HALL, now_ms)
    assert offer.account.account_id == "b"


async def test_toggles_are_asked_about_this_order(till: Till) -> None:
    switches = Switches()
    till.switches = switches
    order = _order(till)
    offering = _offering(till, sandbox_account(till.books))
    offering.choose("sandbox", order, HALL, till.clock.now_ms())
    for name, context in switches.asked:
        assert name in {OFFER, HALT}
        assert (context.event_id, context.organiser_id) == (order.event_id, HALL)
        assert context.sticky_id == order.id, "so that no percentage flips for it"


async def test_the_verdict_stays_with_the_payment(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    at_ms = till.clock.now_ms()
    payment = await till.began(order, "action")
    till.switches.on.clear()
    till.clock.advance(5_000)
    till.switches.asked.clear()

    till.proceed(payment, "approve")
    await till.deliver()
    await till.work()

    payment = await till.read(payment)
    assert payment.is_settled
    assert (payment.activation["toggle"], payment.activation["at_ms"]) == (OFFER, at_ms)
    assert till.switches.asked == [], "what is under way asks no toggle"


async def test_a_halt_stops_new_payments_alone(till: Till) -> None:
    await till.open_event()
    open_order, new_order = await till.hold(), await till.hold(buyer="bea")
    paid_order = await till.hold(buyer="eve")
    payment, paid = await till.began(open_order, "action"), await till.paid(paid_order)
    till.switches.on.add(HALT)

    assert isinstance(await till.pay(new_order, key="payment-of-bea-00"), MethodHalted)
    offers = await till.paying.methods(new_order.id, till.ordering.token_of(new_order.id))
    assert [each.account.method_id for each in offers or []] == ["sandbox"]
    assert await till.ledger.payments.of_order(new_order.id) == []

    till.proceed(payment, "authorize")
    await till.work_for(2, 5, 15)
    assert (await till.read(payment)).is_settled, "reserved, captured and confirmed all the same"
    refunded = await till.advance(
        await till.commanding.return_money(paid, await till.order(paid_order), "late")  # type: ignore[arg-type]
    )
    assert refunded.facts.refunded_minor == paid.amount.amount_minor

    till.switches.on.remove(HALT)
    assert isinstance(await till.pay(new_order, key="payment-of-bea-00"), PaymentIs)


async def test_a_halt_of_selling_stops_new_payments_too(till: Till) -> None:
    await till.open_event()
    order = await till.hold()
    till.switches.on.add("selling.halt")
    assert await till.pay(order) == SellingOff("selling.halt")
    assert await till.ledger.payments.of_order(order.id) == []
    till.switches.on.remove("selling.halt")
    assert isinstance(await till.pay(order), PaymentIs)


def test_an_offer_says_what_was_asked() -> None:
    assert Offer.__slots__ == ("account", "activation")
