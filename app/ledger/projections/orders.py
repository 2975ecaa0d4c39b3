"""The read model of orders: one row an order, as its newest fact left it, and its lines.

Lines never change after the birth of an order, so they are written once.
"""

from collections.abc import Sequence

from sqlalchemy import case
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.facts import START, Fact, OrderFact
from app.ledger.database import insert_into
from app.ledger.tables import order_lines, orders

_CHANGING = (
    *("status", "expires_at_ms", "confirmed_at_ms", "payment_id", "settlement", "refunded_minor"),
    "version",
)
_POSITION = ("epoch", "seq")

_Row = dict[str, str | int | None]


async def apply(connection: AsyncConnection, facts: Sequence[Fact]) -> None:
    told = [fact for fact in facts if isinstance(fact, OrderFact)]
    newest = {fact.order.id: fact for fact in told}
    became = {fact.order.id: fact for fact in told if fact.order.status is not fact.previous}
    if newest:
        rows = [_order_row(newest[each], became.get(each)) for each in sorted(newest)]
        await _write_orders(connection, rows)
    if lines := [row for fact in told if fact.previous is None for row in _line_rows(fact)]:
        insert = insert_into(connection, order_lines).on_conflict_do_nothing()
        await connection.execute(insert, lines)


async def _write_orders(connection: AsyncConnection, rows: list[_Row]) -> None:
    """The position of an order is that of the fact by which it took its status: money that goes
    back later must not move a cancelled order in the list of revoked tickets."""
    insert = insert_into(connection, orders)
    stays = insert.excluded.epoch == START.epoch
    moved = {name: case((stays, orders.c[name]), else_=insert.excluded[name]) for name in _POSITION}
    statement = insert.on_conflict_do_update(
        index_elements=[orders.c.order_id],
        set_={name: insert.excluded[name] for name in _CHANGING} | moved,
        where=insert.excluded.version > orders.c.version,
    )
    await connection.execute(statement, rows)


def _order_row(fact: OrderFact, became: OrderFact | None) -> _Row:
    """`became`: the newest fact that gave it a status; None: it keeps the one that it had."""
    order = fact.order
    position = became.position if became else START
    return {
        "order_id": order.id,
        "event_id": order.event_id,
        "customer_ref": order.customer_ref,
        "status": order.status.value,
        "total_minor": order.total.amount_minor,
        "currency": order.total.currency,
        "created_at_ms": order.created_at_ms,
        "expires_at_ms": order.expires_at_ms,
        "confirmed_at_ms": order.confirmed_at_ms,
        "payment_id": order.payment_id,
        "settlement": order.settlement.value if order.settlement else None,
        "refunded_minor": order.refunded.amount_minor,
        "version": order.version,
        "epoch": position.epoch,
        "seq": position.seq,
    }


def _line_rows(fact: OrderFact) -> list[_Row]:
    return [
        {
            "order_id": fact.order.id,
            "position": position,
            "ticket_type": line.ticket_type,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price_minor": line.unit_price.amount_minor,
        }
        for position, line in enumerate(fact.order.lines)
    ]
