"""Paying without HTTP: real Redis, a ledger file, the sandbox and its books, a settable clock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from app.domain.identity import payment_tail
from app.domain.ids import OrganiserId, PaymentId, make_payment_id, reference_of
from app.domain.orders import Order
from app.domain.outcomes import OrderPlaced
from app.inventory import Inventory
from app.ledger import Ledger, NewPayment, PaymentRow, Started
from app.runtime.clock import SettableClock
from app.selling import Advanced, Expiring, PaymentDesk, Providers, make_payment_desk
from app.selling.paying.starting import checkout_of
from payments import Account, load_methods
from payments.testing import Books
from tests.builders import SECRET, a_ticket_type, a_wish, an_event

PRICE_MINOR = 2_500
HALL = OrganiserId("hall")


@dataclass
class Till:
    """`books`: whose money the provider has."""

    inventory: Inventory
    ledger: Ledger
    clock: SettableClock
    books: Books
    desk: PaymentDesk
    number: int = 0
    tries: int = 0

    async def pay(self, **scripts: str) -> Advanced:
        """A new order of one ticket is held, and paid as the scripts say."""
        return await self.pay_for(await self.hold(), **scripts)

    async def pay_for(self, order: Order, **scripts: str) -> Advanced:
        payment = await self.start(order, **scripts)
        order = await self.desk.claims.begin(payment, self.clock.now_ms() + 60_000)
        return await self.desk.advancing.begin(payment, order, payment.operations[0])

    async def hold(self) -> Order:
        self.number += 1
        wish = a_wish(
            email=f"buyer{self.number}@example.com", key=f"key-{self.number:016d}", confirm=False
        )
        placed = await self.inventory.orders.place_order(wish)
        assert isinstance(placed, OrderPlaced), placed
        return placed.order

    async def start(self, order: Order, **scripts: str) -> PaymentRow:
        self.tries += 1
        payment_id = make_payment_id(payment_tail(SECRET, order.id, f"try-{self.tries}"))
        now_ms = self.clock.now_ms()
        started = await self.ledger.payments.start(
            NewPayment(
                payment_id=payment_id,
                checkout=checkout_of(order, HALL, now_ms),
                method="sandbox",
                account="main",
                reference=reference_of(payment_id),
                is_live=False,
                fingerprint="same",
                activation={"input": orjson.dumps(scripts).decode()},
                idempotency_key=f"{payment_id}.initiate",
                lease_until_ms=now_ms + 25_000,
                at_ms=now_ms,
                look_up_at_ms=now_ms + 25_000,
            )
        )
        assert isinstance(started, Started), started
        return started.row

    async def order_of(self, payment: PaymentRow) -> Order:
        return await self.desk.claims.read(payment)

    async def payment(self, payment_id: PaymentId) -> PaymentRow:
        found = await self.ledger.payments.read(payment_id)
        assert found is not None
        return found


async def open_till(
    inventory: Inventory, ledger: Ledger, clock: SettableClock, folder: Path
) -> Till:
    """With an event of a hundred paid tickets on sale. Whoever opens it closes the registry."""
    await inventory.events.open_event(an_event(ticket_types=(a_ticket_type(price=PRICE_MINOR),)))
    books = Books(folder / "books.sqlite")
    account = Account(
        method="sandbox", id="main", environment="test", config={"books_file": str(books.path)}
    )
    registry = load_methods(
        ["sandbox"],
        [account],
        is_production=False,
        has_production_mark=False,
        now=lambda: datetime.fromtimestamp(clock.now_ms() / 1000, UTC),
    )
    assert not registry.broken
    providers = Providers(registry, "http://127.0.0.1:1")
    desk = make_payment_desk(inventory, ledger, providers, Expiring(inventory.orders), clock)
    return Till(inventory, ledger, clock, books, desk)
