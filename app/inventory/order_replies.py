"""What the replies of the order commands mean, in words of the domain."""

from app.domain.ids import OrderAddress, TicketTypeId
from app.domain.orders import Order
from app.domain.outcomes import (
    ClosedReason,
    HoldsOverdue,
    LimitExceeded,
    LimitKind,
    OrderIs,
    OrderTransitionRefused,
    SaleClosed,
    SoldOut,
    UnknownOrder,
)
from app.inventory.order_fields import parse_order
from app.inventory.replies import ScriptReply


def order_of(address: OrderAddress, reply: ScriptReply) -> Order:
    """An overdue hold is shown as expired, though nobody has swept it yet."""
    return parse_order(address.event_id, reply.fields(0)).as_of(reply.now_ms)


def order_outcome(
    address: OrderAddress, reply: ScriptReply
) -> OrderIs | OrderTransitionRefused | UnknownOrder:
    match reply.word:
        case "REFUSED":
            return OrderTransitionRefused(order_of(address, reply))
        case _:
            return order_is(address, reply)


def order_is(address: OrderAddress, reply: ScriptReply) -> OrderIs | UnknownOrder:
    """Of a command that never refuses."""
    match reply.word:
        case "ORDER":
            return OrderIs(order_of(address, reply))
        case "UNKNOWN_ORDER":
            return UnknownOrder()
        case _:
            reply.fail()


def stock_refusal(reply: ScriptReply) -> SaleClosed | LimitExceeded | SoldOut | HoldsOverdue:
    """Why units are not given."""
    match reply.word:
        case "SALE_CLOSED":
            return SaleClosed(ClosedReason(reply.text(0)))
        case "LIMIT":
            ticket_type = TicketTypeId(reply.text(1)) if reply.text(1) else None
            return LimitExceeded(LimitKind(reply.text(0)), ticket_type, reply.whole(2))
        case "SOLD_OUT":
            return SoldOut(TicketTypeId(reply.text(0)), may_return=reply.text(1) == "1")
        case "OVERDUE":
            return HoldsOverdue()
        case _:
            reply.fail()
