"""A buyer pays: the gates, the payment in the ledger, the order in Redis, then the provider.

Always in this order, each step committed before the next: what a crash leaves behind, the
reconciler finds. The same key is the same payment, whoever asks again and in whichever process.
"""

import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

import orjson

from app.domain.identity import payment_tail
from app.domain.ids import OrganiserId, PaymentId, make_payment_id, parse_payment_id, reference_of
from app.domain.orders import Order, OrderStatus
from app.domain.outcomes import (
    HoldExpired,
    KeyReused,
    OrderTransitionRefused,
    PaymentOpen,
    SellingOff,
    UnknownOrder,
)
from app.inventory import Inventory
from app.ledger import (
    AlreadyStarted,
    AnotherOpen,
    CheckoutRow,
    NewPayment,
    OperationState,
    PaymentRow,
    Payments,
    Started,
)
from app.rollout import SELLING_HALT, ToggleContext, Toggles
from app.runtime.clock import Clock
from app.runtime.errors import ContractError, DependencyError, OutcomeUnknown, Unavailable
from app.selling.ordering import Ordering
from app.selling.paying.advancing import Advancing
from app.selling.paying.asking import LEASE_MARGIN_MS, Providers
from app.selling.paying.claims import Claims
from app.selling.paying.commanding import Commanding
from app.selling.paying.offering import MethodHalted, MethodUnavailable, Offer, Offering
from payments import Capability, PaymentState, Scalar
from payments.methods.hack import lines_sha256

GLANCES_MAX: Final = 10_000
GLANCE_MS: Final = 2_000
"""A page that polls makes us ask the provider this often, and not oftener."""

_OPEN_STATES: Final = frozenset(
    {PaymentState.CREATED, PaymentState.REQUIRES_ACTION, PaymentState.PENDING}
)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """`return_url`: where the buyer's browser goes afterwards; whoever calls this has checked that
    it may. `method_input`: what the buyer's page has for the method."""

    order_id: str
    token: str
    idempotency_key: str
    method: str
    return_url: str | None
    method_input: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class PaymentIs:
    """`replayed`: this key had begun the payment before."""

    payment: PaymentRow
    order: Order
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PaymentInDoubt:
    """Nobody knows yet whether an earlier payment of the order took money: do not pay again."""


StartRefusal: TypeAlias = (
    UnknownOrder
    | HoldExpired
    | OrderTransitionRefused
    | KeyReused
    | MethodUnavailable
    | MethodHalted
    | SellingOff
    | PaymentOpen
    | PaymentInDoubt
)
StartOutcome: TypeAlias = PaymentIs | StartRefusal


class Paying:
    """Methods raise Unavailable (nothing was changed) or OutcomeUnknown."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that stands between a buyer and the money
        self,
        ordering: Ordering,
        inventory: Inventory,
        payments: Payments,
        offering: Offering,
        advancing: Advancing,
        commanding: Commanding,
        claims: Claims,
        providers: Providers,
        toggles: Toggles,
        clock: Clock,
        order_ids_secret: bytes,
    ) -> None:
        self._ordering = ordering
        self._inventory = inventory
        self._payments = payments
        self._offering = offering
        self._advancing = advancing
        self._commanding = commanding
        self._claims = claims
        self._providers = providers
        self._toggles = toggles
        self._clock = clock
        self._secret = order_ids_secret
        self._glances: OrderedDict[str, int] = OrderedDict()

    async def methods(self, order_id: str, token: str) -> Sequence[Offer] | None:
        """Those whose gates are open for this order; None: there is no such order."""
        order = await self._ordering.read(order_id, token)
        if order is None:
            return None
        if order.status is not OrderStatus.HELD or order.total.is_zero:
            return []
        organiser_id = await self._organiser_of(order)
        return self._offering.offers(order, organiser_id, self._clock.now_ms())

    async def read(self, order_id: str, token: str, payment_id: str) -> PaymentIs | None:
        """A buyer who comes back is a reason to look, and nothing more."""
        order = await self._ordering.read(order_id, token)
        known_id = parse_payment_id(payment_id)
        if order is None or known_id is None:
            return None
        payment = await self._payments.read(known_id)
        if payment is None or payment.order_id != order.id:
            return None
        if payment.outcome is None and self._may_glance(payment):
            # Whoever reads is told how things stand, also when nothing can be brought on right now.
            with contextlib.suppress(DependencyError):
                advanced = await self._advancing.hear(payment)
                return PaymentIs(advanced.payment, advanced.order)
        return PaymentIs(payment, order)

    async def start(self, request: PaymentRequest) -> StartOutcome:
        address = self._ordering.find_address(request.order_id, request.token)
        order = await self._inventory.orders.read_order(address) if address else None
        if order is None:
            return UnknownOrder()
        organiser_id = await self._organiser_of(order)
        now_ms = self._clock.now_ms()
        offer = self._gates(request, order, organiser_id, now_ms)
        if not isinstance(offer, Offer):
            known = await self._payments.read(self._payment_id(order, request))
            if known is not None:
                return await self._replay(known, request)
            return await self._why_not(order, now_ms) or offer
        new = self._new_payment(request, order, organiser_id, offer, now_ms)
        started = await self._payments.start(new)
        if isinstance(started, AnotherOpen):
            refusal = await self._end_another(started.row)
            if refusal is not None:
                return refusal
            started = await self._payments.start(new)
        match started:
            case Started(payment):
                return await self._begin(payment)
            case AlreadyStarted(payment):
                return await self._replay(payment, request)
            case AnotherOpen():
                return PaymentOpen()
            case _:
                assert_never(started)

    def _gates(
        self, request: PaymentRequest, order: Order, organiser_id: OrganiserId, now_ms: int
    ) -> (
        Offer | MethodUnavailable | MethodHalted | SellingOff | HoldExpired | OrderTransitionRefused
    ):
        if order.status is OrderStatus.EXPIRED:
            return HoldExpired()
        if order.status not in {OrderStatus.HELD, OrderStatus.PAYING} or order.total.is_zero:
            return OrderTransitionRefused(order)
        context = ToggleContext(order.event_id, organiser_id, sticky_id=order.id)
        if self._toggles.is_on(SELLING_HALT, context):
            return SellingOff(SELLING_HALT.name)
        return self._offering.choose(request.method, order, organiser_id, now_ms)

    async def _why_not(self, order: Order, now_ms: int) -> PaymentOpen | PaymentInDoubt | None:
        """Of an order whose time is over while a payment of it is not: whoever is told only that
        no method fits any more buys again, and pays twice."""
        if order.status is not OrderStatus.PAYING or now_ms < (order.expires_at_ms or 0):
            return None
        other = await self._payments.read(order.payment_id) if order.payment_id else None
        return PaymentInDoubt() if other is not None and other.in_doubt else PaymentOpen()

    async def _begin(self, payment: PaymentRow) -> StartOutcome:
        """From here on something is written: an error means that it may have happened."""
        (operation,) = payment.operations
        try:
            order = await self._claims.begin(payment, operation.lease_until_ms)
            if order.payment_id != payment.payment_id or order.status is not OrderStatus.PAYING:
                ended = await self._commanding.end(
                    payment, operation, OperationState.REJECTED, "not_begun"
                )
                await self._advancing.advance(ended, order)
                return _refusal_of(order)
            if self._clock.now_ms() < operation.lease_until_ms - LEASE_MARGIN_MS:
                advanced = await self._advancing.begin(payment, order, operation)
            else:
                advanced = await self._advancing.advance(payment, order)
        except Unavailable as error:
            raise OutcomeUnknown(f"a payment has begun; {error}") from error
        return PaymentIs(advanced.payment, advanced.order)

    async def _replay(self, payment: PaymentRow, request: PaymentRequest) -> StartOutcome:
        if payment.fingerprint != _fingerprint(request):
            return KeyReused()
        advanced = await self._advancing.advance(payment)
        return PaymentIs(advanced.payment, advanced.order, replayed=True)

    async def _end_another(self, other: PaymentRow) -> StartRefusal | None:
        """An abandoned payment is ended first; None: it is. What may still take money stands."""
        if any(each.state is OperationState.SUBMITTING for each in other.operations):
            other = (await self._advancing.advance(other)).payment
        if any(each.state is OperationState.SUBMITTING for each in other.operations):
            return PaymentOpen()
        advanced = await self._advancing.hear(other)
        if advanced.payment.in_doubt:
            return PaymentInDoubt()
        if advanced.payment.outcome is None and advanced.payment.state in _OPEN_STATES:
            method = self._providers.account_of(advanced.payment).descriptor
            if not method.can(Capability.CANCEL):
                return PaymentInDoubt()
            cancelled = await self._commanding.cancel(advanced.payment, advanced.order)
            advanced = await self._advancing.advance(cancelled)
        if advanced.order.status in {OrderStatus.CONFIRMED, OrderStatus.CANCELLED}:
            return OrderTransitionRefused(advanced.order)
        if advanced.payment.outcome is None:
            return PaymentInDoubt()
        return HoldExpired() if advanced.order.status is OrderStatus.EXPIRED else None

    def _new_payment(
        self,
        request: PaymentRequest,
        order: Order,
        organiser_id: OrganiserId,
        offer: Offer,
        now_ms: int,
    ) -> NewPayment:
        payment_id = self._payment_id(order, request)
        lease_until_ms = now_ms + self._providers.lease_ms(offer.account)
        return NewPayment(
            payment_id=payment_id,
            checkout=checkout_of(order, organiser_id, now_ms),
            method=offer.account.method_id,
            account=offer.account.account_id,
            reference=reference_of(payment_id),
            is_live=offer.account.is_live,
            fingerprint=_fingerprint(request),
            activation={
                **offer.activation,
                "return_url": request.return_url,
                "input": orjson.dumps(dict(request.method_input)).decode(),
            },
            idempotency_key=f"{payment_id}.initiate",
            lease_until_ms=lease_until_ms,
            at_ms=now_ms,
            look_up_at_ms=lease_until_ms,
        )

    def _payment_id(self, order: Order, request: PaymentRequest) -> PaymentId:
        return make_payment_id(payment_tail(self._secret, order.id, request.idempotency_key))

    async def _organiser_of(self, order: Order) -> OrganiserId:
        organiser_id = await self._inventory.events.read_organiser(order.event_id)
        if organiser_id is None:
            raise ContractError(f"{order.id} is of an event that was never opened")
        return organiser_id

    def _may_glance(self, payment: PaymentRow) -> bool:
        """True once in GLANCE_MS for a payment and process."""
        now_ms = self._clock.now_ms()
        if self._glances.get(payment.payment_id, 0) > now_ms:
            return False
        self._glances[payment.payment_id] = now_ms + GLANCE_MS
        self._glances.move_to_end(payment.payment_id)
        if len(self._glances) > GLANCES_MAX:
            self._glances.popitem(last=False)
        return True


def checkout_of(order: Order, organiser_id: OrganiserId, now_ms: int) -> CheckoutRow:
    """What the order costs, and for what."""
    lines = [
        (line.ticket_type, line.quantity, line.unit_price.amount_minor) for line in order.lines
    ]
    return CheckoutRow(
        order_id=order.id,
        event_id=order.event_id,
        organiser_id=organiser_id,
        total=order.total,
        lines_sha256=lines_sha256(lines),
        created_at_ms=now_ms,
    )


def _refusal_of(order: Order) -> StartRefusal:
    """Of a hold that ended, or that somebody else pays, in the meantime."""
    match order.status:
        case OrderStatus.EXPIRED | OrderStatus.HELD:
            return HoldExpired()
        case OrderStatus.PAYING:
            return PaymentOpen()
        case OrderStatus.CONFIRMED | OrderStatus.RELEASED | OrderStatus.CANCELLED:
            return OrderTransitionRefused(order)


def _fingerprint(request: PaymentRequest) -> str:
    """Of what the buyer asked for."""
    asked = [request.method, request.return_url, dict(sorted(request.method_input.items()))]
    return hashlib.sha256(orjson.dumps(asked)).hexdigest()
