"""What operators do about payments that need a person: look, ask again, say what only they know.

A resolution is judged by what was observed, written down with its evidence and done in one
transaction; from there the payment goes on like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from app.domain.ids import parse_payment_id
from app.domain.orders import Order, OrderStatus
from app.ledger import ObservationRow, OperationKind, OperationState, PaymentRow, Payments
from app.runtime.clock import Clock, format_instant
from app.selling.paying.advancing import Advanced, Advancing
from app.selling.paying.asking import Providers
from app.selling.paying.claims import Claims
from app.selling.paying.commanding import Commanding, NewRefund
from app.selling.paying.deciding import Freeze, decide
from app.selling.paying.resolving import (
    Contradicted,
    GiveUp,
    RefundedByHand,
    RefundNow,
    Resolution,
    is_reserved,
    judge,
)
from payments import Capability, PaymentState

_MOVED: Final = Contradicted("it has changed in the meantime: look at it again")


@dataclass(frozen=True, slots=True)
class UnknownPayment:
    """There is no such payment."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`order` None: Redis has no such order."""

    payment: PaymentRow
    order: Order | None
    observations: Sequence[ObservationRow]


ResolveOutcome: TypeAlias = Advanced | Contradicted | UnknownPayment


class Operating:
    """Methods raise Unavailable and OutcomeUnknown, and may be repeated. ContractError: the order
    is nowhere."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a payment is made of
        self,
        payments: Payments,
        providers: Providers,
        commanding: Commanding,
        advancing: Advancing,
        claims: Claims,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._providers = providers
        self._commanding = commanding
        self._advancing = advancing
        self._claims = claims
        self._clock = clock

    async def stuck(self, older_than_ms: int, limit: int) -> Sequence[PaymentRow]:
        """Those with faults, and those open or in doubt for longer than that; oldest first."""
        return await self._payments.stuck(self._clock.now_ms() - older_than_ms, limit)

    async def show(self, payment_id: str) -> Shown | None:
        payment = await self._find(payment_id)
        if payment is None:
            return None
        observations = await self._payments.observations(payment.payment_id)
        return Shown(payment, await self._claims.find(payment), observations)

    async def retry(self, payment_id: str) -> ResolveOutcome:
        """Look now, whatever the clock says, and go on from there."""
        payment = await self._find(payment_id)
        if payment is None:
            return UnknownPayment()
        now_ms = self._clock.now_ms()
        unended = [each for each in payment.operations if not each.is_ended]
        for each in unended:
            if each.state is OperationState.SUBMITTING and now_ms < each.lease_until_ms:
                until = format_instant(each.lease_until_ms)
                return Contradicted(f"{each.operation_id} is being sent, until {until} at most")
        if not unended:
            return await self._advancing.hear(payment)
        await self._payments.schedule(payment.payment_id, now_ms)
        return await self._advancing.advance(await self._commanding.read(payment.payment_id))

    async def resolve(
        self, payment_id: str, resolution: Resolution, evidence: str
    ) -> ResolveOutcome:
        """`evidence`: how they know, or why it is right; kept for ever."""
        payment = await self._find(payment_id)
        if payment is None:
            return UnknownPayment()
        order = await self._claims.read(payment)
        if isinstance(resolution, GiveUp):
            return await self._give_up(payment, order, evidence)
        attested = await self._attest(payment, order, resolution, evidence)
        if isinstance(attested, Contradicted):
            return attested
        if isinstance(resolution, RefundNow):
            attested = await self._refund(attested, order)
        advanced = await self._advancing.advance(attested)
        if isinstance(resolution, RefundNow | RefundedByHand):
            return await self._end_if_empty(advanced, evidence)
        return advanced

    async def _find(self, payment_id: str) -> PaymentRow | None:
        known_id = parse_payment_id(payment_id)
        return await self._payments.read(known_id) if known_id else None

    async def _attest(
        self, payment: PaymentRow, order: Order, resolution: Resolution, evidence: str
    ) -> PaymentRow | Contradicted:
        method = self._providers.account_of(payment).descriptor
        now_ms = self._clock.now_ms()
        attestation = judge(payment, order, method, resolution, evidence, now_ms)
        if isinstance(attestation, Contradicted):
            return attestation
        return await self._payments.attest(payment, attestation, now_ms) or _MOVED

    async def _refund(self, payment: PaymentRow, order: Order) -> PaymentRow:
        """A key of its own: what was tried before has ended, and what is left is counted again."""
        number = sum(each.kind is OperationKind.REFUND for each in payment.operations) + 1
        new = NewRefund(
            refund_id=f"operator{number}",
            idempotency_key=f"{payment.payment_id}.operator.{number}",
            amount_minor=payment.refundable_minor,
            reason="requested",
        )
        sent = await self._commanding.refund(payment, order, new, decided_on=payment.version)
        return (
            sent
            if isinstance(sent, PaymentRow)
            else await self._commanding.read(payment.payment_id)
        )

    async def _give_up(self, payment: PaymentRow, order: Order, evidence: str) -> ResolveOutcome:
        """The provider is asked to let go first, where it can; then the hold goes back; then the
        payment ends, and another may begin."""
        method = self._providers.account_of(payment).descriptor
        now_ms = self._clock.now_ms()
        judged = judge(payment, order, method, GiveUp(), evidence, now_ms)
        if isinstance(judged, Contradicted):
            return judged
        was_asked = any(each.kind is OperationKind.CANCEL for each in payment.operations)
        if is_reserved(payment) and method.can(Capability.CANCEL) and not was_asked:
            payment = await self._commanding.cancel(payment, order)
            judged = judge(payment, order, method, GiveUp(), evidence, now_ms)
            if isinstance(judged, Contradicted):
                return judged
        order = await self._let_go(payment, order)
        ended = await self._payments.attest(payment, judged, now_ms)
        return _MOVED if ended is None else Advanced(ended, order)

    async def _let_go(self, payment: PaymentRow, order: Order) -> Order:
        """What the order is without this payment's money."""
        if order.payment_id != payment.payment_id:
            return order
        if order.status is OrderStatus.PAYING:
            is_over = self._clock.now_ms() >= (order.expires_at_ms or 0)
            end = self._claims.expire if is_over else self._claims.give_back
            return await end(payment)
        if order.status is OrderStatus.CONFIRMED and payment.facts.refunded_minor:
            back_minor = min(payment.facts.refunded_minor, order.total.amount_minor)
            return await self._claims.reflect_refund(payment, back_minor)
        return order

    async def _end_if_empty(self, advanced: Advanced, evidence: str) -> ResolveOutcome:
        """A frozen payment whose money has all gone back ends here: nothing else would end it."""
        payment, order = advanced.payment, advanced.order
        method = self._providers.account_of(payment).descriptor
        step = decide(payment, order, method, self._clock.now_ms())
        if not isinstance(step, Freeze) or payment.state is not PaymentState.REFUNDED:
            return advanced
        return await self._give_up(payment, order, evidence)
