# ruff: noqa: ARG002 - stand-ins take what the real ones take, and need less
"""One order, one payment, one provider, in a few lines each: what the real decisions, commands and
steps are driven against, thousands of times a test.

The ledger is its own pure rules (`app.ledger.payments.changes`) over one row; Redis is what the
words of its commands say; the provider does what it is told and answers as a list of faults says.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import cast

from app.domain.ids import PaymentId
from app.domain.orders import Order, OrderStatus, Settlement
from app.domain.outcomes import OrderGone
from app.ledger import (
    Busy,
    Channel,
    Moved,
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    OverRefund,
    PaymentRow,
    Payments,
)
from app.ledger.payments.changes import (
    Follows,
    NewOperation,
    Told,
    closed,
    followed,
    reserved,
    resubmitted,
    scheduled,
    told,
)
from app.runtime.clock import SettableClock
from app.selling.paying.advancing import Advancing
from app.selling.paying.asking import (
    Absent,
    Answered,
    CommandAnswer,
    InDoubt,
    LookUpAnswer,
    NotDone,
    Providers,
)
from app.selling.paying.claims import Claims, NoStock, Pinned
from app.selling.paying.commanding import Commanding
from payments import (
    AnyPaymentMethod,
    Descriptor,
    Enrolled,
    Money,
    RefundState,
    RefundStatus,
    RemoteStatus,
    Snapshot,
)
from tests.selling.paying.rows import MINE, REFERENCE, TOTAL_MINOR

O, R = OrderStatus, RemoteStatus  # noqa: E741 - short for tables
TOTAL = Money(TOTAL_MINOR, "EUR")


class Fault(StrEnum):
    """How the answer of one call goes wrong."""

    NONE = "none"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    LOST_REQUEST = "lost_request"
    LOST_ANSWER = "lost_answer"


@dataclass
class Bank:
    """The provider's truth. `faults` are used up, one a call; then all is well."""

    plan: RemoteStatus
    faults: Iterator[Fault]
    status: RemoteStatus | None = None
    authorized: bool = False
    captured: bool = False
    refunds: dict[str, int] = field(default_factory=dict)
    refund_status: RefundStatus = RefundStatus.SUCCEEDED
    version: int = 0

    @property
    def kept_minor(self) -> int:
        failed = self.refund_status is RefundStatus.FAILED
        return TOTAL_MINOR * self.captured - (0 if failed else sum(self.refunds.values()))

    def become(self, status: RemoteStatus) -> None:
        if self.captured or (self.status is R.CANCELLED and status is not R.CAPTURED):
            return
        self.status, self.version = status, self.version + 1
        self.authorized |= status in {R.AUTHORIZED, R.CAPTURED}
        self.captured |= status is R.CAPTURED

    def snapshot(self) -> Snapshot:
        assert self.status is not None
        return Snapshot(
            status=self.status,
            provider_payment_id="pi_1",
            reference=REFERENCE,
            amount=TOTAL,
            is_live=False,
            authorized_minor=TOTAL_MINOR * self.authorized,
            captured_minor=TOTAL_MINOR * self.captured,
            refunds=tuple(
                RefundState(
                    refund_id=key,
                    provider_refund_id=f"re_{key}",
                    amount=Money(amount, "EUR"),
                    status=self.refund_status,
                )
                for key, amount in self.refunds.items()
            ),
            version=self.version,
        )

    def do(self, execute: Callable[[], None]) -> CommandAnswer:
        match next(self.faults, Fault.NONE):
            case Fault.UNREACHABLE:
                return NotDone("unreachable", is_refused=False)
            case Fault.REFUSED:
                return NotDone("refused", is_refused=True)
            case Fault.LOST_REQUEST:
                return InDoubt("timeout")
            case fault:
                execute()
                if self.status is None:
                    return NotDone("no_such_payment", is_refused=True)
                lost = fault is Fault.LOST_ANSWER
                return InDoubt("timeout") if lost else Answered(self.snapshot())

    def look_up(self) -> LookUpAnswer:
        if next(self.faults, Fault.NONE) is not Fault.NONE:
            return InDoubt("timeout")
        return Answered(self.snapshot()) if self.status else Absent()


@dataclass
class World:
    """`has_stock`: whether what was given back can be had again."""

    clock: SettableClock
    bank: Bank
    row: PaymentRow
    order: Order
    descriptor: Descriptor
    has_stock: bool = True
    is_pinned: bool = False

    def __post_init__(self) -> None:
        payments = cast("Payments", _Ledger(self))
        providers = cast("Providers", _Bank(self))
        self.commanding = Commanding(payments, providers, self.clock)
        claims = cast("Claims", _Redis(self))
        self.advancing = Advancing(claims, self.commanding, providers, payments, self.clock)

    def pass_time(self, seconds: float) -> None:
        """The sweeper comes by."""
        self.clock.advance(round(seconds * 1000))
        is_over = (self.order.expires_at_ms or 0) <= self.clock.now_ms()
        if self.order.status is O.HELD and is_over:
            self.order = replace(self.order, status=O.EXPIRED)


class _Ledger:
    def __init__(self, world: World) -> None:
        self._world = world

    async def read(self, payment_id: PaymentId) -> PaymentRow:
        assert payment_id == MINE
        return self._world.row

    async def reserve(
        self,
        payment_id: PaymentId,
        kind: OperationKind,
        *,
        decided_on: int | None = None,
        **values: object,
    ) -> OperationRow | Busy | OverRefund | Moved:
        row = self._world.row
        wanted = {"refund_id": None, "reason": None, "requested_by": None, **values}
        new = NewOperation(kind=kind, **wanted)  # type: ignore[arg-type]
        for each in row.operations:
            if each.idempotency_key == new.idempotency_key:
                return each
        if decided_on not in {None, row.version}:
            return Moved()
        if kind is OperationKind.REFUND and new.amount_minor > row.refundable_minor:
            return OverRefund(row.refundable_minor)
        for each in row.operations:
            if each.is_active and OperationKind.REFUND not in {kind, each.kind}:
                return Busy(each)
        self._world.row = reserved(row, new)
        return self._world.row.operations[-1]

    async def resubmit(self, operation_id: str, *, lease_until_ms: int, at_ms: int) -> bool:
        after = resubmitted(self._world.row, operation_id, lease_until_ms, at_ms)
        self._world.row = after or self._world.row
        return after is not None

    async def record(
        self,
        payment_id: PaymentId,
        *,
        channel: Channel,
        at_ms: int,
        operation_id: str | None = None,
        operation_state: OperationState | None = None,
        error_code: str | None = None,
        snapshot: Snapshot | None = None,
        next_at_ms: int | None = None,
        follows: Follows | None = None,
    ) -> PaymentRow:
        news = Told(channel, at_ms, operation_id, operation_state, error_code, snapshot, next_at_ms)
        after = told(self._world.row, news)
        self._world.row = followed(after, follows(after), at_ms) if follows else after
        return self._world.row

    async def close(self, payment_id: PaymentId, outcome: Outcome, at_ms: int) -> PaymentRow:
        self._world.row = closed(self._world.row, outcome, at_ms)
        return self._world.row

    async def schedule(self, payment_id: PaymentId, next_look_at_ms: int | None) -> None:
        self._world.row = scheduled(self._world.row, next_look_at_ms)


class _Bank:
    def __init__(self, world: World) -> None:
        self._world = world
        self._account = Enrolled(
            method=cast("AnyPaymentMethod", world),  # it has a descriptor; no more is asked for
            method_id="acme",
            account_id="main",
            environment="test",
            is_enabled=True,
            is_usable=True,
        )

    def account_of(self, payment: PaymentRow) -> Enrolled:
        return self._account

    def lease_ms(self, account: Enrolled) -> int:
        return 25_000

    async def initiate(
        self, payment: PaymentRow, operation: OperationRow, beginning: object
    ) -> CommandAnswer:
        bank = self._world.bank
        return bank.do(lambda: bank.become(bank.plan) if bank.status is None else None)

    async def command(self, payment: PaymentRow, operation: OperationRow) -> CommandAnswer:
        bank = self._world.bank

        def execute() -> None:
            match operation.kind:
                case OperationKind.CAPTURE if bank.status is R.AUTHORIZED:
                    bank.become(R.CAPTURED)
                case OperationKind.CANCEL if bank.status is not R.FAILED and bank.status:
                    bank.become(R.CANCELLED)
                case OperationKind.REFUND if bank.captured:
                    bank.refunds.setdefault(operation.refund_id or "", operation.amount_minor)

        return bank.do(execute)

    async def look_up(self, payment: PaymentRow) -> LookUpAnswer:
        return self._world.bank.look_up()


class _Redis:
    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def _is_mine(self) -> bool:
        order = self._world.order
        return order.status is O.PAYING and order.payment_id == MINE

    def _become(self, status: OrderStatus, payment_id: PaymentId | None) -> Order:
        world = self._world
        world.order = replace(world.order, status=status, payment_id=payment_id)
        return world.order

    async def read(self, payment: PaymentRow) -> Order:
        return self._world.order.as_of(self._world.clock.now_ms())

    async def begin(self, payment: PaymentRow, look_up_at_ms: int) -> Order:
        order = await self.read(payment)
        return self._become(O.PAYING, MINE) if order.status is O.HELD else order

    async def pin(self, payment: PaymentRow) -> Pinned | OrderGone:
        if not self._is_mine:
            return OrderGone(await self.read(payment))
        self._world.is_pinned = True
        return Pinned(self._world.order)

    async def confirm(self, payment: PaymentRow, settlement: Settlement) -> Order:
        return self._become(O.CONFIRMED, MINE) if self._is_mine else self._world.order

    async def reacquire(self, payment: PaymentRow, settlement: Settlement) -> Order | NoStock:
        world = self._world
        world.pass_time(0)  # whoever asks sweeps first
        if world.order.status not in {O.EXPIRED, O.RELEASED}:
            return world.order
        return self._become(O.CONFIRMED, MINE) if world.has_stock else NoStock()

    async def give_back(self, payment: PaymentRow) -> Order:
        if self._is_mine:
            self._world.is_pinned = False
            self._become(O.HELD, None)
        return await self.read(payment)

    async def expire(self, payment: PaymentRow) -> Order:
        if self._is_mine:
            self._world.is_pinned = False
            self._become(O.EXPIRED, None)
        return self._world.order

    async def reflect_refund(self, payment: PaymentRow, refunded_minor: int) -> Order:
        world = self._world
        is_all = refunded_minor == TOTAL_MINOR
        world.order = replace(
            world.order,
            refunded=Money(refunded_minor, "EUR"),
            status=O.CANCELLED if is_all else world.order.status,
        )
        return world.order
