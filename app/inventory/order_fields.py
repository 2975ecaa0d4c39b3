"""An order as flat Redis fields, and back. `lib/order_fields.lua` lists the same names.

`lines` packs one line of the order a line: "ticket_type quantity unit_price name". An order that
was stored before there were payments lacks `payment_id`, `settlement` and `refunded`.
"""

from collections.abc import Mapping

from app.domain.ids import CustomerRef, EventId, OrderId, PaymentId, TicketTypeId
from app.domain.orders import (
    Birth,
    Order,
    OrderLine,
    OrderStatus,
    Settlement,
    unsaid_settlement,
)
from app.runtime.errors import ContractError
from payments import Money


def parse_order(event_id: EventId, fields: Mapping[str, str]) -> Order:
    """Raises ContractError for fields that no order of ours has."""
    try:
        currency = fields["currency"]
        total = Money(int(fields["total"]), currency)
        confirmed_at_ms = _parse_optional(fields["confirmed_at"])
        payment_id, settlement = fields.get("payment_id"), fields.get("settlement")
        unsaid = unsaid_settlement(total, confirmed_at_ms) if settlement is None else None
        return Order(
            id=OrderId(fields["order_id"]),
            event_id=event_id,
            customer_ref=CustomerRef(fields["customer_ref"]),
            fingerprint=fields["fingerprint"],
            status=OrderStatus(fields["status"]),
            birth=Birth(
                OrderStatus(fields["birth_status"]), _parse_optional(fields["birth_expires_at"])
            ),
            lines=tuple(_parse_line(line, currency) for line in fields["lines"].split("\n")),
            total=total,
            created_at_ms=int(fields["created_at"]),
            expires_at_ms=_parse_optional(fields["expires_at"]),
            confirmed_at_ms=confirmed_at_ms,
            version=int(fields["version"]),
            payment_id=PaymentId(payment_id) if payment_id else None,
            settlement=Settlement(settlement) if settlement else unsaid,
            refunded=Money(int(fields.get("refunded", "0")), currency),
        )
    except (KeyError, ValueError) as error:
        raise ContractError(f"an order of {event_id} lacks or spoils a field: {error}") from error


def _parse_line(packed: str, currency: str) -> OrderLine:
    ticket_type, quantity, price, name = packed.split(" ", 3)
    return OrderLine(TicketTypeId(ticket_type), int(quantity), Money(int(price), currency), name)


def _parse_optional(text: str) -> int | None:
    return int(text) if text else None
