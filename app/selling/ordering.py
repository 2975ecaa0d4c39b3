"""Ordering: what stands between a buyer's wish and the stock. Toggles, overdue holds, identity.

The decision itself is one atomic script; here is what it needs to know, and what its answers need
to be acted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.identity import (
    is_order_token,
    make_address_ref,
    make_customer_ref,
    make_fingerprint,
    make_order_token,
    order_tail,
)
from app.domain.ids import (
    AddressRef,
    CustomerRef,
    EventId,
    OrderAddress,
    OrderId,
    TicketTypeId,
    is_slug,
    make_order_id,
    parse_order_id,
    partition_of,
)
from app.domain.orders import Order, Person
from app.domain.outcomes import (
    CancelOutcome,
    ConfirmOutcome,
    HoldsOverdue,
    PlaceOutcome,
    ReleaseOutcome,
    UnknownEvent,
    UnknownOrder,
)
from app.inventory import NO_CAPS, HoldCaps, Inventory, PlaceOrder, SellingGate
from app.rollout import SellingGates
from app.runtime.errors import Reason, Unavailable
from app.runtime.metrics import ORDERS
from app.selling.expiring import Expiring

OVERDUE_TRIES_MAX = 5


@dataclass(frozen=True, slots=True)
class OrderingSecrets:
    """`order_tokens`: the current one first, older ones still accepted."""

    order_ids: bytes
    customer_ref: bytes
    order_tokens: Sequence[bytes]

    def find_customer_ref(self, email: str) -> CustomerRef:
        return make_customer_ref(self.customer_ref, email)

    def find_address_ref(self, event_id: EventId, address: str) -> AddressRef:
        return make_address_ref(self.customer_ref, event_id, address)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """`lines` as the buyer gave them; a type may stand in several and counts once, summed.
    `address`: of the buyer, as text that is one for one household or office; None: not known."""

    event_id: EventId
    idempotency_key: str
    person: Person
    lines: Sequence[tuple[TicketTypeId, int]]
    confirm: bool
    address: str | None = None


class Ordering:
    """All methods raise Unavailable (nothing was changed) or OutcomeUnknown."""

    def __init__(
        self,
        inventory: Inventory,
        gates: SellingGates,
        expiring: Expiring,
        secrets: OrderingSecrets,
        hold_caps: HoldCaps = NO_CAPS,
    ) -> None:
        self._inventory = inventory
        self._gates = gates
        self._expiring = expiring
        self._secrets = secrets
        self._hold_caps = hold_caps

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        """One call of Redis, unless an overdue hold stands in the way. Never HoldsOverdue."""
        if not is_slug(request.event_id):
            return UnknownEvent()
        wish = await self._wish(request)
        for _ in range(OVERDUE_TRIES_MAX):
            outcome = await self._inventory.orders.place_order(wish)
            if not isinstance(outcome, HoldsOverdue):
                ORDERS.labels(type(outcome).__name__).inc()
                return outcome
            await self._expiring.expire_batch(wish.address.partition, request.event_id)
        raise Unavailable("overdue holds are being ended; nothing was decided", Reason.BUSY)

    async def read(self, order_id: str, token: str) -> Order | None:
        address = self.find_address(order_id, token)
        return await self._inventory.orders.read_order(address) if address else None

    async def confirm(self, order_id: str, token: str) -> ConfirmOutcome:
        address = self.find_address(order_id, token)
        return await self._inventory.orders.confirm_order(address) if address else UnknownOrder()

    async def release(self, order_id: str, token: str) -> ReleaseOutcome:
        address = self.find_address(order_id, token)
        return await self._inventory.orders.release_order(address) if address else UnknownOrder()

    async def cancel(self, order_id: str) -> CancelOutcome:
        """For the organiser; whoever calls this has checked whose event it is."""
        address = parse_order_id(order_id, self._inventory.partitions)
        return await self._inventory.orders.cancel_order(address) if address else UnknownOrder()

    def event_of(self, order_id: str) -> EventId | None:
        """Whose order this would be; None for an id that was never given out."""
        address = parse_order_id(order_id, self._inventory.partitions)
        return address.event_id if address else None

    def token_of(self, order_id: OrderId) -> str:
        return make_order_token(self._secrets.order_tokens[0], order_id)

    def find_address(self, order_id: str, token: str) -> OrderAddress | None:
        """None for a foreign id and for a wrong token alike."""
        is_valid = is_order_token(self._secrets.order_tokens, OrderId(order_id), token)
        address = parse_order_id(order_id, self._inventory.partitions)
        return address if is_valid else None

    async def _wish(self, request: OrderRequest) -> PlaceOrder:
        customer_ref = self._secrets.find_customer_ref(request.person.email)
        tail = order_tail(
            self._secrets.order_ids, request.event_id, customer_ref, request.idempotency_key
        )
        partition = partition_of(request.event_id, self._inventory.partitions)
        quantities: dict[TicketTypeId, int] = {}
        for ticket_type, quantity in request.lines:
            quantities[ticket_type] = quantities.get(ticket_type, 0) + quantity
        verdict = await self._gates.verdict_of(request.event_id)
        return PlaceOrder(
            address=OrderAddress(
                make_order_id(partition, request.event_id, tail), partition, request.event_id
            ),
            customer_ref=customer_ref,
            person=request.person,
            fingerprint=make_fingerprint(customer_ref, quantities.items(), confirm=request.confirm),
            lines=request.lines,
            confirm=request.confirm,
            gate=SellingGate(free_off=verdict.free_off, paid_off=verdict.paid_off),
            address_ref=self._address_ref(request),
            hold_caps=self._hold_caps,
        )

    def _address_ref(self, request: OrderRequest) -> AddressRef | None:
        """Nothing of an address is kept where none is counted."""
        if request.address is None or not self._hold_caps.per_address:
            return None
        return self._secrets.find_address_ref(request.event_id, request.address)
