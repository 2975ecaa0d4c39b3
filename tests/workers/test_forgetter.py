"""What is erased after 30 days, and what stays."""

from app.domain.identity import make_customer_ref
from app.domain.ids import OrganiserId
from app.domain.orders import Person
from app.ledger import Channel, CheckoutRow, OperationState, Outcome
from app.runtime.clock import SettableClock
from app.workers import Forgetter
from payments import Money
from tests.builders import SECRET, a_ticket_type, a_wish, an_event
from tests.ledger.payments.tries import a_payment, started
from tests.workers.conftest import Pipeline, drain

DAY_MS = 86_400_000


async def test_people_without_a_confirmed_order_are_forgotten_after_30_days(
    pipeline: Pipeline, clock: SettableClock
) -> None:
    await pipeline.inventory.events.open_event(an_event())
    buyer, holder = a_wish(email="ana@example.com"), a_wish(email="bea@example.com", confirm=False)
    for wish in (buyer, holder):
        await pipeline.inventory.orders.place_order(wish)
    await drain(pipeline.relay())
    await drain(pipeline.projector())
    forgetter = Forgetter(pipeline.ledger.customers, clock)
    clock.advance(30 * DAY_MS)
    await drain(forgetter)
    assert await _known(pipeline) == {"ana@example.com", "bea@example.com"}
    clock.advance(1)
    await drain(forgetter)
    assert await _known(pipeline) == {"ana@example.com"}


async def test_whose_money_may_still_come_is_kept(pipeline: Pipeline, clock: SettableClock) -> None:
    adult = a_ticket_type(price=1_000)
    await pipeline.inventory.events.open_event(an_event(ticket_types=(adult,)))
    wish = a_wish(email="ana@example.com")
    await pipeline.inventory.orders.place_order(wish)
    await drain(pipeline.relay())
    await drain(pipeline.projector())
    checkout = CheckoutRow(
        order_id=wish.address.order_id,
        event_id=wish.address.event_id,
        organiser_id=OrganiserId("hall"),
        total=Money(1_000, "EUR"),
        lines_sha256="ab",
        created_at_ms=clock.now_ms(),
    )
    payment = await started(pipeline.ledger, a_payment(checkout=checkout))
    forgetter = Forgetter(pipeline.ledger.customers, clock)
    clock.advance(300 * DAY_MS)
    await drain(forgetter)
    assert await _known(pipeline) == {"ana@example.com"}

    await pipeline.ledger.payments.record(
        payment.payment_id,
        channel=Channel.RESPONSE,
        at_ms=clock.now_ms(),
        operation_id=payment.operations[0].operation_id,
        operation_state=OperationState.REJECTED,
    )
    await pipeline.ledger.payments.close(payment.payment_id, Outcome.EXPIRED, clock.now_ms())
    await drain(forgetter)
    assert await _known(pipeline) == set()


async def test_nobody_is_erased_while_they_come_back(
    pipeline: Pipeline, clock: SettableClock
) -> None:
    ref = make_customer_ref(SECRET, "ana@example.com")
    for _ in range(3):
        await pipeline.ledger.customers.upsert(
            [(ref, Person("ana@example.com", None), clock.now_ms())]
        )
        clock.advance(29 * DAY_MS)
    await drain(Forgetter(pipeline.ledger.customers, clock))
    assert await pipeline.ledger.customers.delete_without_confirmed_order(clock.now_ms(), 10) == 1


async def _known(pipeline: Pipeline) -> set[str]:
    rows = await pipeline.ledger.orders.read_event(an_event().id, None, 10)
    return {row.person.email for row in rows if row.person}
