"""Bodies of the order calls: what is asked, what is answered.

Answers are described by models and written as plain members, which `OrderAnswer` and the test of it
hold together: to build the models for every order costs a tenth of the order.
"""

from typing import Annotated

import orjson
from fastapi import Response
from fastapi.openapi.models import Example
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.api.forms import Email, Instant, MoneyAnswer, Name, Slug, instant, optional_instant
from app.api.strict_json import StrictBody
from app.domain.events import LINES_MAX, QUANTITY_MAX
from app.domain.orders import Order, OrderLine, OrderStatus, Settlement
from payments import Money

CONFIRMED_EXAMPLE: dict[str, JsonValue] = {
    "customer": {"email": "ana@example.com", "name": "Ana"},
    "lines": [{"ticket_type": "general", "quantity": 2}],
}
HELD_EXAMPLE: dict[str, JsonValue] = {
    "customer": {"email": "bea@example.com"},
    "lines": [{"ticket_type": "stand", "quantity": 1}],
    "confirm": False,
}
ASKED_EXAMPLES: dict[str, Example] = {
    "confirmed": {"summary": "Free tickets, confirmed at once", "value": CONFIRMED_EXAMPLE},
    "held": {"summary": "Free tickets, held until they are confirmed", "value": HELD_EXAMPLE},
}
"""They work against the demo of `./taquilla dev`."""

ORDER_EXAMPLE: dict[str, JsonValue] = {
    "id": "12.demo.46m3gp52unr2lqazawzsq64nld",
    "event_id": "demo",
    "status": "confirmed",
    "lines": [
        {
            "ticket_type": "general",
            "name": "General admission",
            "quantity": 2,
            "unit_price": {"amount": 0, "currency": "EUR"},
            "amount": {"amount": 0, "currency": "EUR"},
        }
    ],
    "total": {"amount": 0, "currency": "EUR"},
    "created_at": "2026-05-01T18:00:00.123Z",
    "expires_at": None,
    "confirmed_at": "2026-05-01T18:00:00.123Z",
    "settlement": "free",
    "refunded": {"amount": 0, "currency": "EUR"},
}
PLACED_EXAMPLE: dict[str, JsonValue] = ORDER_EXAMPLE | {"token": "obiekigpynel4cnyyslrrj36bv"}


class AskedCustomer(StrictBody):
    email: Email
    name: Name | None = None


class AskedLine(StrictBody):
    ticket_type: Slug
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]


class AskedOrder(StrictBody):
    """`confirm`: a free order is confirmed at once; false holds it. Paid orders are always held."""

    customer: AskedCustomer
    lines: Annotated[list[AskedLine], Field(min_length=1, max_length=LINES_MAX)]
    confirm: bool = True


class LineAnswer(BaseModel):
    ticket_type: str
    name: str
    quantity: int
    unit_price: MoneyAnswer
    amount: MoneyAnswer


class OrderAnswer(BaseModel):
    """Lines of one ticket type are merged, in order of first appearance. `expires_at`: of an order
    that is held, until when; else null. `settlement`: why a confirmed order needs no more money.
    `refunded`: what of the total went back; with all of it the order is cancelled."""

    id: str
    event_id: str
    status: OrderStatus
    lines: list[LineAnswer]
    total: MoneyAnswer
    created_at: Instant
    expires_at: Instant | None
    confirmed_at: Instant | None
    settlement: Settlement | None
    refunded: MoneyAnswer

    model_config = ConfigDict(json_schema_extra={"examples": [ORDER_EXAMPLE]})


class PlacedOrderAnswer(OrderAnswer):
    """`token`: show it as `Order-Token` to read or change the order; whoever has it may."""

    token: str

    model_config = ConfigDict(json_schema_extra={"examples": [PLACED_EXAMPLE]})


def answer_order(order: Order) -> Response:
    return Response(orjson.dumps(_members(order)), media_type="application/json")


def answer_placed(order: Order, token: str) -> Response:
    body = orjson.dumps(_members(order) | {"token": token})
    return Response(body, status_code=201, media_type="application/json")


def line_members(line: OrderLine) -> dict[str, JsonValue]:
    """Of a `LineAnswer`."""
    return {
        "ticket_type": line.ticket_type,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": _money_members(line.unit_price),
        "amount": _money_members(line.amount),
    }


def _members(order: Order) -> dict[str, JsonValue]:
    """Of an `OrderAnswer`."""
    return {
        "id": order.id,
        "event_id": order.event_id,
        "status": order.status,
        "lines": [line_members(line) for line in order.lines],
        "total": _money_members(order.total),
        "created_at": instant(order.created_at_ms),
        "expires_at": optional_instant(order.expires_at_ms),
        "confirmed_at": optional_instant(order.confirmed_at_ms),
        "settlement": order.settlement,
        "refunded": _money_members(order.refunded),
    }


def _money_members(money: Money) -> dict[str, JsonValue]:
    return {"amount": money.amount_minor, "currency": money.currency}
