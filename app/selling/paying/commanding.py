"""Commands to a provider: committed as an operation before they are sent, recorded afterwards.

An operation has one key for life. Whoever finds one whose end is unknown asks the provider first,
and sends it again only where doing so cannot move money twice.
"""

import secrets
from dataclasses import dataclass
from typing import Final, assert_never

from app.domain.ids import PaymentId, reference_of
from app.domain.orders import Order, OrderStatus
from app.ledger import (
    Busy,
    Channel,
    Follows,
    Moved,
    NewOperation,
    OperationKind,
    OperationRow,
    OperationState,
    OverRefund,
    PaymentRow,
    Payments,
)
from app.runtime.clock import Clock
from app.runtime.errors import ContractError
from app.selling.paying.answers import (
    absence_proven_at_ms,
    answered_state,
    look_again_ms,
    may_send_again,
    next_look_ms,
    proves_absence,
    settled_elsewhere,
    state_seen,
    unanswered_state,
)
from app.selling.paying.asking import (
    Absent,
    Answered,
    CommandAnswer,
    InDoubt,
    NotDone,
    Providers,
    beginning_of,
)
from app.selling.paying.deciding import ReturnReason
from payments import Capability, RefundState, RefundStatus, RemoteStatus, Snapshot

GONE_LOOKS_MAX: Final = 2
"""A place in LOOK_SECONDS: 15 seconds."""

_AHEAD: Final = frozenset({RemoteStatus.REQUIRES_ACTION, RemoteStatus.PENDING})


@dataclass(frozen=True, slots=True)
class NewRefund:
    """`refund_id`: ours, the same for the same wish. `requested_by`: the id of an API key; None:
    it goes back by itself."""

    refund_id: str
    idempotency_key: str
    amount_minor: int
    reason: str
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class LookedUp:
    """`is_answered` False: the provider said nothing, so nothing is known anew."""

    payment: PaymentRow
    is_answered: bool


class Commanding:
    """Every method answers the payment as it stands afterwards; raises Unavailable and
    OutcomeUnknown of the ledger, and nothing of a provider."""

    def __init__(self, payments: Payments, providers: Providers, clock: Clock) -> None:
        self._payments = payments
        self._providers = providers
        self._clock = clock

    async def read(self, payment_id: PaymentId) -> PaymentRow:
        payment = await self._payments.read(payment_id)
        if payment is None:
            raise ContractError(f"{payment_id} was there, and is not any more")
        return payment

    async def initiate(
        self, payment: PaymentRow, order: Order, operation: OperationRow
    ) -> PaymentRow:
        """The first command, which is the caller's to send; the order waits for it already."""
        answer = await self.ask(payment, order, operation)
        return await self.record(payment, order, operation, answer)

    async def ask(
        self, payment: PaymentRow, order: Order, operation: OperationRow
    ) -> CommandAnswer:
        """Sends a command that is the caller's to send; nothing is written."""
        if operation.kind is OperationKind.INITIATE:
            beginning = beginning_of(payment, order)
            return await self._providers.initiate(payment, operation, beginning)
        return await self._providers.command(payment, operation)

    async def reserve_capture(self, payment: PaymentRow) -> OperationRow | None:
        """The caller's to send; None: somebody else was faster."""
        new = self.new_capture(payment)
        reserved = await self._reserve(payment, new)
        is_ours = isinstance(reserved, OperationRow) and reserved.operation_id == new.operation_id
        return reserved if is_ours and isinstance(reserved, OperationRow) else None

    def new_capture(self, payment: PaymentRow) -> NewOperation:
        """All of it; not begun yet."""
        return self._new_operation(payment, OperationKind.CAPTURE)

    async def cancel(self, payment: PaymentRow, order: Order) -> PaymentRow:
        return await self._command(payment, order, OperationKind.CANCEL)

    async def refund(
        self,
        payment: PaymentRow,
        order: Order,
        new: NewRefund,
        *,
        decided_on: int | None = None,
    ) -> PaymentRow | OverRefund:
        """OverRefund: somebody else was faster, and less is left than that."""
        operation_id = _operation_id(new.idempotency_key)
        reserved = await self._payments.reserve(
            payment.payment_id,
            OperationKind.REFUND,
            operation_id=operation_id,
            idempotency_key=new.idempotency_key,
            amount_minor=new.amount_minor,
            refund_id=new.refund_id,
            reason=new.reason,
            requested_by=new.requested_by,
            decided_on=decided_on,
            lease_until_ms=self._lease_until_ms(payment),
            at_ms=self._clock.now_ms(),
        )
        return await self._send(payment, order, operation_id, reserved)

    async def return_money(
        self, payment: PaymentRow, order: Order, reason: ReturnReason
    ) -> PaymentRow:
        """All of it. One key, whatever the reason: it goes back once."""
        new = NewRefund(
            refund_id=reference_of(payment.payment_id),
            idempotency_key=f"{payment.payment_id}.return",
            amount_minor=payment.refundable_minor,
            reason=reason,
        )
        sent = await self.refund(payment, order, new, decided_on=payment.version)
        return sent if isinstance(sent, PaymentRow) else await self.read(payment.payment_id)

    async def leave_with_issuer(self, payment: PaymentRow) -> PaymentRow:
        """Money that was never here is not sent back from here: whoever has it gives it back."""
        back = RefundState(
            refund_id=reference_of(payment.payment_id),
            provider_refund_id="issuer",
            amount=payment.amount,
            status=RefundStatus.SUCCEEDED,
        )
        return await self._payments.record(
            payment.payment_id,
            channel=Channel.GRANT,
            at_ms=self._clock.now_ms(),
            snapshot=settled_elsewhere(payment, refunds=(back,)),
        )

    async def look_up(self, payment: PaymentRow, order: Order) -> LookedUp:
        """FETCH: how it stands now. Where nobody answers, it is asked again later. Whoever looks
        before it is due puts nothing off: a page may poll for as long as it likes."""
        answer = await self._providers.look_up(payment)
        planned_ms = payment.next_look_at_ms
        is_due = planned_ms is None or planned_ms <= self._clock.now_ms()
        next_at_ms = look_again_ms(payment, order, self._clock.now_ms()) if is_due else None
        if not isinstance(answer, Answered):
            if next_at_ms is not None:
                await self._payments.schedule(payment.payment_id, next_at_ms)
            is_answered = isinstance(answer, Absent)
            return LookedUp(await self.read(payment.payment_id), is_answered)
        recorded = await self._payments.record(
            payment.payment_id,
            channel=Channel.FETCH,
            at_ms=self._clock.now_ms(),
            snapshot=answer.snapshot,
            next_at_ms=next_at_ms,
        )
        return LookedUp(recorded, is_answered=True)

    async def end(  # noqa: PLR0913 - all that was seen
        self,
        payment: PaymentRow,
        operation: OperationRow,
        state: OperationState,
        code: str | None = None,
        *,
        snapshot: Snapshot | None = None,
        next_at_ms: int | None = None,
    ) -> PaymentRow:
        """What was seen of an operation, other than by its own answer."""
        return await self._payments.record(
            payment.payment_id,
            channel=Channel.FETCH,
            at_ms=self._clock.now_ms(),
            operation_id=operation.operation_id,
            operation_state=state,
            error_code=code,
            snapshot=snapshot,
            next_at_ms=next_at_ms,
        )

    async def resolve(
        self, payment: PaymentRow, order: Order, operation: OperationRow
    ) -> PaymentRow:
        """An operation whose end nobody knows: look up, and send again what the look-up lacks."""
        now_ms = self._clock.now_ms()
        method = self._providers.account_of(payment).descriptor
        if not method.can(Capability.FETCH):
            return await self._send_again(payment, order, operation)
        answer = await self._providers.look_up(payment)
        match answer:
            case Answered(snapshot):
                seen = state_seen(operation, snapshot)
                next_at_ms = next_look_ms(0, now_ms)
                payment = await self.end(
                    payment,
                    operation,
                    seen or operation.state,
                    snapshot=snapshot,
                    next_at_ms=next_at_ms,
                )
                return payment if seen else await self._send_again(payment, order, operation)
            case Absent() if proves_absence(operation, method, now_ms):
                return await self.end(payment, operation, OperationState.REJECTED, "absent")
            case Absent():
                return await self._send_again(payment, order, operation)
            case NotDone(code) | InDoubt(code):
                return await self._postpone(payment, operation, code)
            case _:
                assert_never(answer)

    async def _send_again(
        self, payment: PaymentRow, order: Order, operation: OperationRow
    ) -> PaymentRow:
        now_ms = self._clock.now_ms()
        account = self._providers.account_of(payment)
        is_first = operation.kind is OperationKind.INITIATE
        if (
            operation.state is OperationState.PENDING
            or (is_first and not _is_waiting(payment, order, now_ms))
            or not may_send_again(operation, account.descriptor, now_ms)
        ):
            return await self._postpone(payment, operation, "in_doubt")
        is_ours = await self._payments.resubmit(
            operation.operation_id, lease_until_ms=self._lease_until_ms(payment), at_ms=now_ms
        )
        if not is_ours:
            return await self.read(payment.payment_id)
        if is_first:
            return await self.initiate(payment, order, operation)
        answer = await self.ask(payment, order, operation)
        return await self.record(payment, order, operation, answer)

    async def _command(self, payment: PaymentRow, order: Order, kind: OperationKind) -> PaymentRow:
        new = self._new_operation(payment, kind)
        reserved = await self._reserve(payment, new)
        sent = await self._send(payment, order, new.operation_id, reserved)
        return sent if isinstance(sent, PaymentRow) else await self.read(payment.payment_id)

    def _new_operation(self, payment: PaymentRow, kind: OperationKind) -> NewOperation:
        """One that was refused may be asked for again, under the next key."""
        ended = sum(each.kind is kind and each.is_ended for each in payment.operations)
        key = f"{payment.payment_id}.{kind}.{ended + 1}"
        return NewOperation(
            operation_id=_operation_id(key),
            kind=kind,
            idempotency_key=key,
            amount_minor=payment.amount.amount_minor,
            refund_id=None,
            reason=None,
            requested_by=None,
            lease_until_ms=self._lease_until_ms(payment),
            at_ms=self._clock.now_ms(),
        )

    async def _reserve(
        self, payment: PaymentRow, new: NewOperation
    ) -> OperationRow | Busy | OverRefund | Moved:
        return await self._payments.reserve(
            payment.payment_id,
            new.kind,
            operation_id=new.operation_id,
            idempotency_key=new.idempotency_key,
            amount_minor=new.amount_minor,
            lease_until_ms=new.lease_until_ms,
            at_ms=new.at_ms,
            decided_on=payment.version,
        )

    async def _send(
        self,
        payment: PaymentRow,
        order: Order,
        operation_id: str,
        reserved: OperationRow | Busy | OverRefund | Moved,
    ) -> PaymentRow | OverRefund:
        """If it is ours to send; otherwise somebody else was faster."""
        match reserved:
            case OperationRow() if reserved.operation_id == operation_id:
                answer = await self._providers.command(payment, reserved)
                return await self.record(payment, order, reserved, answer)
            case OperationRow() | Busy() | Moved():
                return await self.read(payment.payment_id)
            case OverRefund():
                return reserved
            case _:
                assert_never(reserved)

    def _lease_until_ms(self, payment: PaymentRow) -> int:
        account = self._providers.account_of(payment)
        return self._clock.now_ms() + self._providers.lease_ms(account)

    async def record(
        self,
        payment: PaymentRow,
        order: Order,
        operation: OperationRow,
        answer: CommandAnswer,
        follows: Follows | None = None,
    ) -> PaymentRow:
        """What a command was answered."""
        snapshot: Snapshot | None = None
        code: str | None = None
        match answer:
            case Answered(snapshot):
                state = answered_state(operation, snapshot)
            case NotDone(code) | InDoubt(code):
                state = unanswered_state(operation, answer)
            case _:
                assert_never(answer)
        is_ahead = not state.is_ended or (snapshot is not None and snapshot.status in _AHEAD)
        return await self._payments.record(
            payment.payment_id,
            channel=Channel.RESPONSE,
            at_ms=self._clock.now_ms(),
            operation_id=operation.operation_id,
            operation_state=state,
            error_code=code,
            snapshot=snapshot,
            next_at_ms=look_again_ms(payment, order, self._clock.now_ms()) if is_ahead else None,
            follows=follows,
        )

    async def _postpone(
        self, payment: PaymentRow, operation: OperationRow, code: str
    ) -> PaymentRow:
        # Of an account that is gone nobody is asked, so it may be tried often: it comes again.
        account, now_ms = self._providers.account_of(payment), self._clock.now_ms()
        looks = payment.looks if account.is_usable else min(payment.looks, GONE_LOOKS_MAX)
        next_at_ms = next_look_ms(looks, now_ms)
        proven_at_ms = absence_proven_at_ms(operation, account.descriptor)
        if proven_at_ms is not None and proven_at_ms > now_ms:
            next_at_ms = min(next_at_ms, proven_at_ms)
        return await self.end(
            payment, operation, OperationState.UNKNOWN, code, next_at_ms=next_at_ms
        )


def _operation_id(key: str) -> str:
    """Tells the one who begins an operation from all others who wanted the same."""
    return f"{key}.{secrets.token_hex(4)}"


def _is_waiting(payment: PaymentRow, order: Order, now_ms: int) -> bool:
    """Whether the order still waits for this payment, in its own time, or was confirmed by it
    before its answer could be recorded."""
    if order.payment_id != payment.payment_id:
        return False
    is_in_time = now_ms < (order.expires_at_ms or 0)
    return order.status is OrderStatus.CONFIRMED or (
        order.status is OrderStatus.PAYING and is_in_time
    )
