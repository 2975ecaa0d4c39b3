"""Payments into the tables: the difference between two rows, and nothing but the difference."""

from typing import Final

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.payments.changes import Told
from app.ledger.payments.json_text import write_facts, write_redacted, write_scalars
from app.ledger.payments.rows import OperationRow, PaymentRow
from app.ledger.payments.tables import payment_observations, payment_operations, payments
from payments import Snapshot

_Values = dict[str, str | int | bool | None]

_UPDATE_PAYMENT: Final = update(payments).where(payments.c.payment_id == bindparam("key"))
_UPDATE_OPERATION: Final = update(payment_operations).where(
    payment_operations.c.operation_id == bindparam("key")
)
_INSERT_OPERATION: Final = insert(payment_operations)
_INSERT_OBSERVATION: Final = insert(payment_observations)


async def write_changes(connection: AsyncConnection, before: PaymentRow, after: PaymentRow) -> None:
    """`before` is what stands there, under the lock."""
    if after.version != before.version:
        await connection.execute(
            _UPDATE_PAYMENT, {"key": after.payment_id} | changing_values(after)
        )
    for number, operation in enumerate(after.operations, 1):
        if number > len(before.operations):
            await add_operation(connection, after, number)
        elif operation != before.operations[number - 1]:
            values = {"key": operation.operation_id} | _changing_values_of(operation)
            await connection.execute(_UPDATE_OPERATION, values)


async def add_operation(connection: AsyncConnection, row: PaymentRow, number: int) -> None:
    """The operation of this number, which counts from 1."""
    operation = row.operations[number - 1]
    values: _Values = {
        "operation_id": operation.operation_id,
        "payment_id": row.payment_id,
        "number": number,
        "kind": operation.kind.value,
        "amount_minor": operation.amount_minor,
        "refund_id": operation.refund_id,
        "reason": operation.reason,
        "requested_by": operation.requested_by,
        "idempotency_key": operation.idempotency_key,
        "first_submitted_at_ms": operation.first_submitted_at_ms,
    }
    await connection.execute(_INSERT_OPERATION, values | _changing_values_of(operation))


async def add_observation(
    connection: AsyncConnection, before: PaymentRow, after: PaymentRow, news: Told, said: Snapshot
) -> None:
    """What was said, and what it changed. `after` is a version of its own."""
    values: _Values = {
        "payment_id": after.payment_id,
        "version": after.version,
        "at_ms": news.at_ms,
        "channel": news.channel.value,
        "snapshot": write_redacted(said),
        "state_before": before.state.value,
        "state_after": after.state.value,
        "captured_change_minor": after.facts.captured_minor - before.facts.captured_minor,
        "refunded_change_minor": after.facts.refunded_minor - before.facts.refunded_minor,
        "disputed_change_minor": after.facts.disputed_minor - before.facts.disputed_minor,
    }
    await connection.execute(_INSERT_OBSERVATION, values)


def fixed_values(row: PaymentRow) -> _Values:
    """What a payment is begun with, and keeps."""
    return {
        "payment_id": row.payment_id,
        "order_id": row.order_id,
        "method": row.method,
        "account": row.account,
        "reference": row.reference,
        "amount_minor": row.amount.amount_minor,
        "currency": row.amount.currency,
        "is_live": row.is_live,
        "fingerprint": row.fingerprint,
        "activation": write_scalars(row.activation),
        "created_at_ms": row.created_at_ms,
    }


def changing_values(row: PaymentRow) -> _Values:
    return {
        "provider_payment_id": row.provider_payment_id,
        "facts": write_facts(row.facts),
        "state": row.state.value,
        "has_fault": bool(row.facts.integrity),
        "outcome": None if row.outcome is None else row.outcome.value,
        "is_settled": row.is_settled,
        "updated_at_ms": row.updated_at_ms,
        "next_look_at_ms": row.next_look_at_ms,
        "looks": row.looks,
        "version": row.version,
    }


def _changing_values_of(operation: OperationRow) -> _Values:
    return {
        "provider_refund_id": operation.provider_refund_id,
        "state": operation.state.value,
        "attempts": operation.attempts,
        "lease_until_ms": operation.lease_until_ms,
        "next_at_ms": operation.next_at_ms,
        "error_code": operation.error_code,
    }
