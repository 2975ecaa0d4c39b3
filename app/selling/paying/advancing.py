"""Brings a payment on, step by step, until there is nothing to do but wait.

Used by a buyer's call, by the handling of notices and by the reconciler: whoever is first does the
step, and the others find it done. Every step is idempotent, in Redis and in the ledger alike.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

import structlog

from app.domain.ids import PaymentId
from app.domain.orders import Order, Settlement
from app.ledger import (
    Follows,
    NewOperation,
    OperationRow,
    OperationState,
    Outcome,
    PaymentRow,
    Payments,
)
from app.runtime.clock import Clock
from app.runtime.errors import TaquillaError
from app.runtime.metrics import FROZEN_PAYMENTS, PAYMENTS
from app.selling.paying import deciding
from app.selling.paying.answers import foreseen, next_look_ms
from app.selling.paying.asking import Answered, CommandAnswer, Providers
from app.selling.paying.claims import Claims, NoStock, Pinned
from app.selling.paying.commanding import Commanding
from app.selling.paying.deciding import ReturnReason, decide
from payments import INTERNAL_ACCOUNT, Capability, Enrolled, PaymentState

STEPS_MAX: Final = 12
"""The longest way that money goes is shorter; whoever needs more goes round in a circle."""
FROZEN_LOOK_MS: Final = 3_600_000
HACK: Final = "hack"
"""The method that settles what is paid elsewhere."""

_OrderStep: TypeAlias = (
    deciding.BeginAgain
    | deciding.Confirm
    | deciding.GiveHoldBack
    | deciding.ExpireHold
    | deciding.ReflectRefund
)
_MoneyStep: TypeAlias = (
    deciding.EndOperation
    | deciding.Resolve
    | deciding.LookUp
    | deciding.Cancel
    | deciding.ReturnMoney
    | deciding.Close
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where a payment and its order stand now. `is_heard` False: its provider was to be asked, and
    did not answer."""

    payment: PaymentRow
    order: Order
    is_heard: bool = True


class Advancing:
    """Methods raise Unavailable and OutcomeUnknown: what was done stands, and the same call, or the
    reconciler, goes on from there. ContractError: the order is nowhere."""

    def __init__(
        self,
        claims: Claims,
        commanding: Commanding,
        providers: Providers,
        payments: Payments,
        clock: Clock,
    ) -> None:
        self._claims = claims
        self._commanding = commanding
        self._providers = providers
        self._payments = payments
        self._clock = clock

    async def advance(self, payment: PaymentRow, order: Order | None = None) -> Advanced:
        """As far as it goes now. `order`: as it was just read."""
        at = Advanced(payment, order or await self._claims.read(payment))
        for _ in range(STEPS_MAX):
            step = self._decide(at.payment, at.order)
            match step:
                case deciding.Rest() | deciding.Freeze():
                    await self._rest(at.payment, step)
                    return at
                case deciding.Capture():
                    at = await self._capture(at)
                case deciding.Reacquire():
                    at = await self._reacquire(at)
                case (
                    deciding.BeginAgain()
                    | deciding.Confirm()
                    | deciding.GiveHoldBack()
                    | deciding.ExpireHold()
                    | deciding.ReflectRefund()
                ):
                    at = Advanced(at.payment, await self._change_order(at.payment, step))
                case deciding.Close() | deciding.EndOperation():
                    at = Advanced(await self._change_payment(at, step), at.order)
                case _:
                    payment = await self._change_payment(at, step)
                    at = Advanced(payment, await self._claims.read(payment))
        log.error("a payment goes round in a circle", payment=payment.payment_id)
        await self._payments.schedule(payment.payment_id, self._clock.now_ms() + FROZEN_LOOK_MS)
        return at

    async def begin(self, payment: PaymentRow, order: Order, operation: OperationRow) -> Advanced:
        """The first command, which is the caller's to send, and all that comes of its answer; the
        order waits for it already."""
        answer = await self._commanding.ask(payment, order, operation)
        at = await self._answered(Advanced(payment, order), operation, answer)
        return await self.advance(at.payment, at.order)

    async def hear(self, payment: PaymentRow) -> Advanced:
        """Something happened at the provider: look, then go on. Without a look-up, only go on."""
        order = await self._claims.read(payment)
        account = self._providers.account_of(payment)
        is_heard = account.is_usable
        if account.descriptor.can(Capability.FETCH):
            looked_up = await self._commanding.look_up(payment, order)
            payment, is_heard = looked_up.payment, looked_up.is_answered
        return replace(await self.advance(payment), is_heard=is_heard)

    async def put_off(self, payment_id: PaymentId, until_ms: int) -> None:
        """Nothing is done with it before then."""
        await self._payments.schedule(payment_id, until_ms)
        payment = await self._commanding.read(payment_id)
        await self._give_up_leases(payment, "not_advanced", until_ms)

    async def _change_order(self, payment: PaymentRow, step: _OrderStep) -> Order:
        match step:
            case deciding.BeginAgain():
                return await self._claims.begin(payment, next_look_ms(0, self._clock.now_ms()))
            case deciding.Confirm():
                return await self._claims.confirm(payment, self._settlement_of(payment))
            case deciding.GiveHoldBack():
                return await self._claims.give_back(payment)
            case deciding.ExpireHold():
                return await self._claims.expire(payment)
            case deciding.ReflectRefund(refunded_minor):
                return await self._claims.reflect_refund(payment, refunded_minor)
            case _:
                assert_never(step)

    async def _change_payment(self, at: Advanced, step: _MoneyStep) -> PaymentRow:
        commanding, payment, order = self._commanding, at.payment, at.order
        match step:
            case deciding.EndOperation(operation, state):
                return await commanding.end(payment, operation, state)
            case deciding.Resolve(operation):
                return await commanding.resolve(payment, order, operation)
            case deciding.LookUp():
                return (await commanding.look_up(payment, order)).payment
            case deciding.Cancel():
                return await commanding.cancel(payment, order)
            case deciding.ReturnMoney(reason):
                return await commanding.return_money(payment, order, reason)
            case deciding.Close(outcome):
                PAYMENTS.labels(payment.method, outcome).inc()
                return await self._payments.close(payment.payment_id, outcome, self._clock.now_ms())
            case _:
                assert_never(step)

    async def _capture(self, at: Advanced) -> Advanced:
        pinned = await self._claims.pin(at.payment)
        if not isinstance(pinned, Pinned):
            return Advanced(at.payment, pinned.order)
        at = Advanced(at.payment, pinned.order)
        operation = await self._commanding.reserve_capture(at.payment)
        if operation is None:
            return Advanced(await self._commanding.read(at.payment.payment_id), at.order)
        answer = await self._commanding.ask(at.payment, at.order, operation)
        return await self._answered(at, operation, answer)

    async def _answered(
        self, at: Advanced, operation: OperationRow, answer: CommandAnswer
    ) -> Advanced:
        """Records an answer, together with what follows from it wherever nothing can get between.

        Money that was reserved: the hold is pinned first, and the command to take it is begun in
        the same transaction. Money that was taken: the order is confirmed on the provider's word,
        and the payment ends in the same transaction. A crash before it leaves a command in flight,
        whose lease is a clock: what follows is found out again. What Redis does not answer keeps
        nothing from being recorded.
        """
        order = at.order
        try:
            order = await self._foresee(at, operation, answer)
        except TaquillaError:
            await self._commanding.record(at.payment, order, operation, answer)
            raise
        capture = self._commanding.new_capture(at.payment)
        follows = self._follows(order, capture)
        payment = await self._commanding.record(at.payment, order, operation, answer, follows)
        if payment.outcome is not None and at.payment.outcome is None:
            PAYMENTS.labels(payment.method, payment.outcome).inc()
        at = Advanced(payment, order)
        for begun in payment.operations:
            if begun.operation_id == capture.operation_id:
                answer = await self._commanding.ask(payment, order, begun)
                return await self._answered(at, begun, answer)
        return at

    async def _foresee(self, at: Advanced, operation: OperationRow, answer: CommandAnswer) -> Order:
        """What this answer means for the order, done before it is recorded."""
        if not isinstance(answer, Answered):
            return at.order
        payment = foreseen(at.payment, operation, answer.snapshot)
        match self._decide(payment, at.order):
            case deciding.Capture():
                return (await self._claims.pin(payment)).order
            case deciding.Confirm():
                return await self._claims.confirm(payment, self._settlement_of(payment))
            case _:
                return at.order

    def _follows(self, order: Order, capture: NewOperation) -> Follows:
        """`order`: after what was foreseen of it. `capture`: ours, begun if it comes to that."""

        def decide_under_the_lock(payment: PaymentRow) -> NewOperation | Outcome | None:
            match self._decide(payment, order):
                case deciding.Capture():
                    return capture
                case deciding.Close(outcome):
                    return outcome
                case _:
                    return None

        return decide_under_the_lock

    def _decide(self, payment: PaymentRow, order: Order) -> deciding.Step:
        account = self._providers.account_of(payment)
        step = decide(payment, order, account.descriptor, self._clock.now_ms())
        if isinstance(step, deciding.ExpireHold) and _is_known_there_alone(account, payment):
            return deciding.Rest(payment.next_look_at_ms)
        return step

    async def _reacquire(self, at: Advanced) -> Advanced:
        settlement = self._settlement_of(at.payment)
        reacquired = await self._claims.reacquire(at.payment, settlement)
        if not isinstance(reacquired, NoStock):
            return Advanced(at.payment, reacquired)
        if settlement is Settlement.HACK:
            payment = await self._commanding.leave_with_issuer(at.payment)
        else:
            payment = await self._commanding.return_money(at.payment, at.order, ReturnReason.LATE)
        # Read again: somebody else may have found the units meanwhile, and then it says so.
        return Advanced(payment, await self._claims.read(payment))

    async def _rest(self, payment: PaymentRow, step: deciding.Rest | deciding.Freeze) -> None:
        """Whoever rests is looked at again or needs no look; never at once and for ever."""
        now_ms = self._clock.now_ms()
        wanted_ms: int | None
        if isinstance(step, deciding.Freeze):
            if payment.outcome is not None and payment.next_look_at_ms is None:
                return  # a person has looked, and closed it; news would have started its clock
            FROZEN_PAYMENTS.labels(payment.method).inc()
            log.error("a payment needs a person", payment=payment.payment_id)
            wanted_ms = now_ms + FROZEN_LOOK_MS
            payment = await self._give_up_leases(payment, "frozen", wanted_ms)
        else:
            wanted_ms = step.until_ms
        if wanted_ms is not None and wanted_ms <= now_ms:
            wanted_ms = next_look_ms(payment.looks, now_ms)
        is_sending = any(each.state is OperationState.SUBMITTING for each in payment.operations)
        if wanted_ms != payment.next_look_at_ms and not is_sending:
            await self._payments.schedule(payment.payment_id, wanted_ms)

    async def _give_up_leases(self, payment: PaymentRow, code: str, next_at_ms: int) -> PaymentRow:
        """A command whose sender is gone would be due again and again; it is in doubt instead."""
        now_ms = self._clock.now_ms()
        for each in payment.operations:
            if each.is_left_alone(now_ms):
                payment = await self._commanding.end(
                    payment, each, OperationState.UNKNOWN, code, next_at_ms=next_at_ms
                )
        return payment

    def _settlement_of(self, payment: PaymentRow) -> Settlement:
        """By the names alone, which stay when the method is gone."""
        is_hack = (payment.method, payment.account) == (HACK, INTERNAL_ACCOUNT)
        return Settlement.HACK if is_hack else Settlement.PAID


def _is_known_there_alone(account: Enrolled, payment: PaymentRow) -> bool:
    """Whether only the provider knows if money came, and cannot be asked: its method is gone, and
    comes again."""
    is_ahead = payment.state in {PaymentState.REQUIRES_ACTION, PaymentState.PENDING}
    return not account.is_usable and (is_ahead or payment.in_doubt)
