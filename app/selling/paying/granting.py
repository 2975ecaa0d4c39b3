"""What a grant must be about to settle an order: for whoever issues one, and for who checks it."""

from app.domain.ids import OrganiserId, parse_order_id
from app.domain.orders import Order
from app.inventory import Inventory
from app.selling.paying.starting import checkout_of
from payments.methods.hack import GrantBinding


class Granting:
    """Reads; signs nothing. Raises Unavailable."""

    def __init__(self, inventory: Inventory, audience: str) -> None:
        """`audience`: what grants of this installation name."""
        self._inventory = inventory
        self._audience = audience

    async def binding_of(self, order_id: str) -> GrantBinding | None:
        """As the order stands; None: there is no such order."""
        address = parse_order_id(order_id, self._inventory.partitions)
        order = await self._inventory.orders.read_order(address) if address else None
        if order is None:
            return None
        organiser_id = await self._inventory.events.read_organiser(order.event_id)
        return None if organiser_id is None else binding_of(order, organiser_id, self._audience)


def binding_of(order: Order, organiser_id: OrganiserId, audience: str) -> GrantBinding:
    """This installation, this order, its money and its lines."""
    return GrantBinding(
        audience=audience,
        organiser_id=organiser_id,
        event_id=order.event_id,
        order_id=order.id,
        total=order.total,
        lines_sha256=checkout_of(order, organiser_id, 0).lines_sha256,
    )
