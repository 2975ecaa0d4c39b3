"""Payments out of the tables: whole rows with their operations, in one statement, and the lock.

The lock is the checkout's row. PostgreSQL: FOR UPDATE, and only the *next* statement sees what the
one before us wrote; so locking and reading are two statements. SQLite has one writer: a transaction
that writes holds the lock from its beginning.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.ids import EventId, OrderId, OrganiserId, PaymentId
from app.ledger.payments.json_text import read_facts, read_scalars
from app.ledger.payments.rows import (
    OperationKind,
    OperationRow,
    OperationState,
    Outcome,
    PaymentRow,
)
from app.ledger.payments.tables import checkouts, payment_operations, payments
from app.runtime.errors import ContractError
from payments import Money

_OF_CHECKOUT = (checkouts.c.event_id, checkouts.c.organiser_id)
_OF_OPERATION = [
    column.label(f"operation_{column.name}")
    for column in payment_operations.c
    if column.name not in {"operation_id", "payment_id", "number"}
]

_ROWS: Final = (
    select(payments, *_OF_CHECKOUT, payment_operations.c.operation_id, *_OF_OPERATION)
    .join(checkouts, checkouts.c.order_id == payments.c.order_id)
    .outerjoin(payment_operations, payment_operations.c.payment_id == payments.c.payment_id)
    .order_by(payments.c.created_at_ms, payments.c.payment_id, payment_operations.c.number)
)

_ROW_OF_ID: Final = _ROWS.where(payments.c.payment_id == bindparam("payment_id"))

_LOCK_OF_PAYMENT: Final = (
    select(checkouts.c.order_id)
    .where(
        checkouts.c.order_id
        == select(payments.c.order_id)
        .where(payments.c.payment_id == bindparam("payment_id"))
        .scalar_subquery()
    )
    .with_for_update()
)


async def lock(connection: AsyncConnection, payment_id: PaymentId) -> None:
    """Nobody else writes to any payment of this order until the transaction ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_LOCK_OF_PAYMENT, {"payment_id": payment_id})


async def read_locked(connection: AsyncConnection, payment_id: PaymentId) -> PaymentRow:
    """As it stands, and stays until the transaction ends. ContractError: there is no such one."""
    await lock(connection, payment_id)
    return await read_one(connection, payment_id)


async def read_one(connection: AsyncConnection, payment_id: PaymentId) -> PaymentRow:
    """ContractError: there is no such payment."""
    row = await find_one(connection, payment_id)
    if row is None:
        raise ContractError(f"{payment_id} is no payment that was ever started")
    return row


async def find_one(connection: AsyncConnection, payment_id: PaymentId) -> PaymentRow | None:
    found = (await connection.execute(_ROW_OF_ID, {"payment_id": payment_id})).all()
    return _payment(found) if found else None


async def find_where(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> Sequence[PaymentRow]:
    """Oldest first."""
    return _payments((await connection.execute(_ROWS.where(*conditions))).all())


async def find_among(connection: AsyncConnection, ids: Sequence[PaymentId]) -> Sequence[PaymentRow]:
    """The payments of these ids, oldest first."""
    return await find_where(connection, payments.c.payment_id.in_(ids)) if ids else []


def _payments(rows: Sequence[Row[Any]]) -> Sequence[PaymentRow]:
    return [_payment(list(group)) for _, group in groupby(rows, key=attrgetter("payment_id"))]


def _payment(rows: Sequence[Row[Any]]) -> PaymentRow:
    """`rows` are one payment, once for each of its operations."""
    row = rows[0]
    return PaymentRow(
        payment_id=PaymentId(row.payment_id),
        order_id=OrderId(row.order_id),
        event_id=EventId(row.event_id),
        organiser_id=OrganiserId(row.organiser_id),
        method=row.method,
        account=row.account,
        reference=row.reference,
        provider_payment_id=row.provider_payment_id,
        amount=Money(row.amount_minor, row.currency),
        is_live=row.is_live,
        fingerprint=row.fingerprint,
        facts=read_facts(row.facts),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        is_settled=row.is_settled,
        activation=read_scalars(row.activation),
        created_at_ms=row.created_at_ms,
        updated_at_ms=row.updated_at_ms,
        next_look_at_ms=row.next_look_at_ms,
        looks=row.looks,
        version=row.version,
        operations=tuple(_operation(each) for each in rows if each.operation_id is not None),
    )


def _operation(row: Row[Any]) -> OperationRow:
    return OperationRow(
        operation_id=row.operation_id,
        kind=OperationKind(row.operation_kind),
        amount_minor=row.operation_amount_minor,
        refund_id=row.operation_refund_id,
        provider_refund_id=row.operation_provider_refund_id,
        reason=row.operation_reason,
        requested_by=row.operation_requested_by,
        state=OperationState(row.operation_state),
        idempotency_key=row.operation_idempotency_key,
        attempts=row.operation_attempts,
        first_submitted_at_ms=row.operation_first_submitted_at_ms,
        lease_until_ms=row.operation_lease_until_ms,
        next_at_ms=row.operation_next_at_ms,
        error_code=row.operation_error_code,
    )
