"""A till in this process: everything that brings payments on, wired as the service is, with a clock
that stands still until it is moved, the sandbox as its provider, and toggles that a test flips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from app.domain.ids import EventId, OrderAddress, PaymentId, parse_order_id
from app.domain.orders import Order, Person
from app.domain.outcomes import EventIs, OrderPlaced
from app.inventory import Inventory
from app.ledger import Ledger, PaymentRow
from app.rollout import (
    SELLING_FREE,
    SELLING_PAID,
    SellingGates,
    Toggle,
    ToggleContext,
    ToggleState,
    catalogue_of,
    offer_toggle,
)
from app.runtime.clock import SettableClock
from app.runtime.jobs import Progress
from app.selling import (
    Advancing,
    Claims,
    Commanding,
    Expiring,
    NoticeTaken,
    Noticing,
    Offering,
    Ordering,
    OrderingSecrets,
    OrderRequest,
    Paying,
    PaymentIs,
    PaymentRequest,
    Providers,
    Refunding,
    StartOutcome,
)
from app.workers import Reconciler
from payments import Account, Registry, Scalar, load_methods
from payments.testing import Books, Provider, Queue, parse
from payments.testing.sandbox import Courier
from tests.builders import PARTITIONS, SECRET, a_ticket_type, an_event

CONCERT = EventId("concert")
PRICE = 1_250
NOTICE_SECRET = "the sandbox and we know this"
STEPS_MAX = 50


@dataclass
class Switches:
    """Toggles of a test: what is in `on` is on, for everybody."""

    on: set[str] = field(
        default_factory=lambda: {
            *(SELLING_FREE.name, SELLING_PAID.name),
            offer_toggle("sandbox").name,
        }
    )
    asked: list[tuple[str, ToggleContext]] = field(default_factory=list)

    def is_on(self, toggle: Toggle, context: ToggleContext) -> bool:
        self.asked.append((toggle.name, context))
        return toggle.name in self.on

    def refresh(self) -> bool:
        return False

    def describe(self) -> Sequence[ToggleState]:
        return [ToggleState(each, each.name in self.on) for each in catalogue_of(("sandbox",))]

    def why_silent(self) -> str | None:
        return None


@dataclass
class Till:
    """`books`: the provider's own, to be compared with ours."""

    clock: SettableClock
    inventory: Inventory
    ledger: Ledger
    books: Books
    registry: Registry
    switches: Switches

    def __post_init__(self) -> None:
        payments = self.ledger.payments
        self.expiring = Expiring(self.inventory.orders)
        gates = SellingGates(self.switches, self.inventory.events.read_organiser)
        secrets = OrderingSecrets(SECRET, SECRET, [SECRET])
        self.ordering = Ordering(self.inventory, gates, self.expiring, secrets)
        self.providers = Providers(self.registry, "http://till.test")
        self.claims = Claims(self.inventory, self.expiring)
        self.commanding = Commanding(payments, self.providers, self.clock)
        self.advancing = Advancing(
            self.claims, self.commanding, self.providers, payments, self.clock
        )
        self.offering = Offering(self.registry, self.switches)
        self.paying = Paying(
            self.ordering,
            self.inventory,
            payments,
            self.offering,
            self.advancing,
            self.commanding,
            self.claims,
            self.providers,
            self.switches,
            self.clock,
            SECRET,
        )
        self.refunding = Refunding(
            payments, self.providers, self.commanding, self.advancing, self.claims
        )
        self.noticing = Noticing(
            self.registry, self.ledger.notices, payments, self.advancing, self.clock
        )
        self.reconciler = Reconciler(
            self.inventory, self.ledger, self.advancing, self.noticing, self.clock
        )
        self.provider = Provider(self.books, self.now)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)

    async def open_event(
        self, event: str = "concert", *, capacity: int = 10, price: int = PRICE, **changes: object
    ) -> None:
        adult = a_ticket_type(
            price=price,
            currency=str(changes.get("currency", "EUR")),
            max_per_customer=int(str(changes.get("max_per_customer", 10))),
        )
        configuration = an_event(
            event,
            pools={"floor": capacity},
            ticket_types=(adult,),
            currency=str(changes.get("currency", "EUR")),
            hold_seconds=int(str(changes.get("hold_seconds", 600))),
        )
        assert isinstance(await self.inventory.events.open_event(configuration), EventIs)

    async def hold(
        self,
        quantity: int = 1,
        *,
        buyer: str = "ana",
        event: str = "concert",
        key: str = "key-0000000000000000",
    ) -> Order:
        placed = await self.ordering.place(
            OrderRequest(
                EventId(event),
                key,
                Person(f"{buyer}@example.com", None),
                [(a_ticket_type().id, quantity)],
                confirm=True,
            )
        )
        assert isinstance(placed, OrderPlaced), placed
        return placed.order

    async def pay(
        self,
        order: Order,
        script: str = "",
        *,
        key: str = "payment-key-00000",
        method: str = "sandbox",
        return_url: str | None = None,
        **queues: str,
    ) -> StartOutcome:
        """`queues`: scripts of the other queues of the sandbox."""
        words: dict[str, Scalar] = {**queues, **({"script": script} if script else {})}
        return await self.paying.start(
            PaymentRequest(
                order_id=order.id,
                token=self.ordering.token_of(order.id),
                idempotency_key=key,
                method=method,
                return_url=return_url,
                method_input=words,
            )
        )

    async def began(
        self, order: Order, script: str = "", *, key: str = "payment-key-00000", refunds: str = ""
    ) -> PaymentRow:
        """One that must begin, as it stands when the buyer has the answer."""
        queues = {"refunds": refunds} if refunds else {}
        outcome = await self.pay(order, script, key=key, **queues)
        assert isinstance(outcome, PaymentIs), outcome
        return outcome.payment

    async def paid(self, order: Order, *, key: str = "payment-key-00000") -> PaymentRow:
        payment = await self.began(order, key=key)
        assert payment.is_settled, payment
        return payment

    async def read(self, payment: PaymentRow | PaymentId) -> PaymentRow:
        payment_id = payment.payment_id if isinstance(payment, PaymentRow) else payment
        row = await self.ledger.payments.read(payment_id)
        assert row is not None
        return row

    async def order(self, order: Order) -> Order:
        found = await self.inventory.orders.read_order(self.address(order))
        assert found is not None
        return found

    async def order_of(self, payment: PaymentRow) -> Order:
        return await self.claims.read(payment)

    async def advance(self, payment: PaymentRow) -> PaymentRow:
        return (await self.advancing.advance(await self.read(payment))).payment

    async def work(self, seconds: float = 0) -> None:
        """The reconciler, `seconds` later, until nothing is due."""
        self.clock.advance(round(seconds * 1000))
        for _ in range(STEPS_MAX):
            if await self.reconciler.step() is Progress.IDLE:
                return
        raise AssertionError("the reconciler finds work for ever")

    async def work_for(self, *waits: float) -> None:
        for each in waits:
            await self.work(each)

    async def sweep(self, order: Order) -> None:
        address = self.address(order)
        while await self.expiring.expire_batch(address.partition, address.event_id):
            pass

    def proceed(self, payment: PaymentRow, script: str) -> None:
        """Something happens at the provider, and nobody is told."""
        steps = parse(script, Queue.SCRIPT)
        self.provider.proceed(payment.account, payment.reference, steps)

    def taken(self) -> int:
        """What buyers have paid and not got back, of all currencies."""
        return sum(self.books.taken().values())

    def commands(self, payment: PaymentRow) -> list[str]:
        """What the provider was asked, look-ups aside."""
        return [name for name, _ in self.books.requests(payment.reference) if name != "fetch"]

    async def deliver(self) -> list[int]:
        """Every notice that the provider has to send, straight into the door."""
        statuses: list[int] = []

        async def send(url: str, headers: object, body: bytes) -> int:
            assert isinstance(headers, dict)
            *_, method, account = url.split("/")
            outcome = await self.noticing.take(method, account, headers, {}, body)
            statuses.append(outcome.status if isinstance(outcome, NoticeTaken) else 400)
            return statuses[-1]

        courier = Courier(self.books, send, {"main": [NOTICE_SECRET.encode()]}, self.now)
        await courier.step()
        return statuses

    def address(self, order: Order) -> OrderAddress:
        address = parse_order_id(order.id, PARTITIONS)
        assert address is not None
        return address


def sandbox_account(books: Books, name: str = "main") -> Account:
    return Account(
        method="sandbox",
        id=name,
        environment="test",
        config={
            "books_file": str(books.path),
            "webhook_secrets": (SecretStr(NOTICE_SECRET),),
        },
    )


def open_till(
    clock: SettableClock,
    inventory: Inventory,
    ledger: Ledger,
    folder: Path,
    methods: Iterable[str] = ("hack", "sandbox"),
) -> Till:
    books = Books(folder / "books.sqlite")

    def now() -> datetime:
        return datetime.fromtimestamp(clock.now_ms() / 1000, UTC)

    registry = load_methods(
        tuple(methods),
        [sandbox_account(books)],
        is_production=False,
        has_production_mark=False,
        now=now,
    )
    assert not registry.broken, registry.broken
    return Till(clock, inventory, ledger, books, registry, Switches())
