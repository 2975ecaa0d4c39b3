"""`hack`: an order is settled because somebody else has its money, and proves it with a grant.

The toggle and the grant are both needed, and every doubt is a no. A grant is spent on one order;
what it refers to at its issuer settles one order only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import structlog

from app.domain.identity import payment_tail
from app.domain.ids import OrganiserId, PaymentId, make_payment_id, parse_order_id, reference_of
from app.domain.orders import Order, OrderStatus
from app.domain.outcomes import (
    HoldExpired,
    OrderIs,
    OrderTransitionRefused,
    PaymentOpen,
    SellingOff,
    UnknownOrder,
)
from app.inventory import Inventory
from app.ledger import (
    AlreadySpent,
    AlreadyStarted,
    AnotherOpen,
    Channel,
    NewPayment,
    OperationState,
    Payments,
    SpentGrants,
    Started,
)
from app.rollout import ToggleContext, Toggles, halt_toggle, offer_toggle
from app.runtime.clock import Clock
from app.runtime.metrics import GRANTS
from app.selling.paying.advancing import HACK, Advancing
from app.selling.paying.answers import settled_elsewhere
from app.selling.paying.asking import Providers
from app.selling.paying.granting import binding_of
from app.selling.paying.starting import checkout_of
from payments import INTERNAL_ACCOUNT
from payments.methods.hack import Grant, GrantRefused, Issuers, verify_grant

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NotGranted:
    """One word for all; why stands in the log."""


SettleOutcome: TypeAlias = (
    OrderIs
    | UnknownOrder
    | NotGranted
    | SellingOff
    | HoldExpired
    | PaymentOpen
    | OrderTransitionRefused
)


@dataclass(frozen=True, slots=True)
class SettlingTerms:
    """`audience`: what grants of this installation name. `secret`: that of order ids."""

    issuers: Issuers
    audience: str
    secret: bytes


class Settling:
    """Methods raise Unavailable and OutcomeUnknown, and may be repeated with the same grant."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that an order is settled with
        self,
        inventory: Inventory,
        payments: Payments,
        grants: SpentGrants,
        providers: Providers,
        advancing: Advancing,
        toggles: Toggles,
        clock: Clock,
        terms: SettlingTerms,
    ) -> None:
        self._inventory = inventory
        self._payments = payments
        self._grants = grants
        self._providers = providers
        self._advancing = advancing
        self._toggles = toggles
        self._clock = clock
        self._terms = terms

    async def settle(self, order_id: str, token: str) -> SettleOutcome:
        """`token`: the grant, as its issuer signed it."""
        address = parse_order_id(order_id, self._inventory.partitions)
        order = await self._inventory.orders.read_order(address) if address else None
        organiser_id = (
            await self._inventory.events.read_organiser(order.event_id) if order else None
        )
        if order is None or organiser_id is None:
            return UnknownOrder()
        if (toggle := self._closed_gate(order, organiser_id)) is not None:
            return SellingOff(toggle)
        grant = self._verify(order, organiser_id, token)
        if grant is None:
            return NotGranted()
        if (refusal := _refusal_of(order, self._payment_id(order, grant))) is not None:
            return refusal
        now_ms = self._clock.now_ms()
        spent = await self._grants.spend(grant.jti, grant.issuer, grant.reference, order.id, now_ms)
        if isinstance(spent, AlreadySpent):
            return _not_granted(order, "reused", grant.issuer)
        return await self._settle(order, organiser_id, grant, now_ms)

    async def _settle(
        self, order: Order, organiser_id: OrganiserId, grant: Grant, now_ms: int
    ) -> SettleOutcome:
        new = self._new_payment(order, organiser_id, grant, now_ms)
        started = await self._payments.start(new)
        match started:
            case AnotherOpen():
                return PaymentOpen()
            case Started(payment) | AlreadyStarted(payment):
                (operation,) = payment.operations[:1]
        payment = await self._payments.record(
            payment.payment_id,
            channel=Channel.GRANT,
            at_ms=now_ms,
            operation_id=operation.operation_id,
            operation_state=OperationState.SUCCEEDED,
            snapshot=settled_elsewhere(payment, refunds=()),
        )
        advanced = await self._advancing.advance(payment)
        settled = advanced.order
        if settled.payment_id == payment.payment_id and settled.status is OrderStatus.CONFIRMED:
            GRANTS.labels(grant.issuer, "settled").inc()
            log.info("an order was settled elsewhere", order=order.id, issuer=grant.issuer)
            return OrderIs(settled)
        return _refusal_of(settled, payment.payment_id) or HoldExpired()

    def _closed_gate(self, order: Order, organiser_id: OrganiserId) -> str | None:
        """The toggle that forbids it, or would have to be there."""
        account = self._providers.registry.find(HACK, INTERNAL_ACCOUNT)
        if account is None or not account.is_usable:
            return offer_toggle(HACK).name
        context = ToggleContext(order.event_id, organiser_id, sticky_id=order.id)
        if not self._toggles.is_on(offer_toggle(HACK), context):
            return offer_toggle(HACK).name
        if self._toggles.is_on(halt_toggle(HACK), context):
            return halt_toggle(HACK).name
        return None

    def _verify(self, order: Order, organiser_id: OrganiserId, token: str) -> Grant | None:
        binding = binding_of(order, organiser_id, self._terms.audience)
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        grant = verify_grant(token, self._terms.issuers, binding, now)
        if isinstance(grant, GrantRefused):
            _not_granted(order, grant.reason, "")
            return None
        return grant

    def _payment_id(self, order: Order, grant: Grant) -> PaymentId:
        key = f"{HACK}|{grant.issuer}|{grant.jti}"
        return make_payment_id(payment_tail(self._terms.secret, order.id, key))

    def _new_payment(
        self, order: Order, organiser_id: OrganiserId, grant: Grant, now_ms: int
    ) -> NewPayment:
        payment_id = self._payment_id(order, grant)
        account = self._providers.registry.of_payment(HACK, INTERNAL_ACCOUNT)
        return NewPayment(
            payment_id=payment_id,
            checkout=checkout_of(order, organiser_id, now_ms),
            method=HACK,
            account=INTERNAL_ACCOUNT,
            reference=reference_of(payment_id),
            is_live=account.is_live,
            fingerprint=grant.jti,
            activation={
                "toggle": offer_toggle(HACK).name,
                "at_ms": now_ms,
                "issuer": grant.issuer,
                "kid": grant.kid,
                "jti": grant.jti,
                "reference": grant.reference,
            },
            idempotency_key=f"{payment_id}.initiate",
            lease_until_ms=now_ms + self._providers.lease_ms(account),
            at_ms=now_ms,
            look_up_at_ms=now_ms + self._providers.lease_ms(account),
        )


def _refusal_of(order: Order, payment_id: PaymentId) -> SettleOutcome | None:
    """None: it may be settled by this payment, or was."""
    if order.payment_id == payment_id or order.status in {
        OrderStatus.HELD,
        OrderStatus.EXPIRED,
        OrderStatus.RELEASED,
    }:
        return None if not order.total.is_zero else OrderTransitionRefused(order)
    return PaymentOpen() if order.status is OrderStatus.PAYING else OrderTransitionRefused(order)


def _not_granted(order: Order, reason: str, issuer: str) -> NotGranted:
    GRANTS.labels(issuer, "refused").inc()
    log.warning("a grant was refused", order=order.id, reason=reason, issuer=issuer)
    return NotGranted()
