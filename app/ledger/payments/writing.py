"""Payments into the tables: the difference between two rows, and nothing but the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import Insert, Table, Update, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.payments.changes import Told
from app.ledger.payments.json_text import write_facts, write_scalars
from app.ledger.payments.rows import OperationRow, PaymentRow
from app.ledger.payments.tables import payment_observations, payment_operations, payments

_Values = dict[str, str | int | bool | None]

_CHANGING_PAYMENT: Final = (
    "provider_payment_id", "facts", "state", "has_fault", "outcome", "is_settled",
    "updated_at_ms", "next_look_at_ms", "looks", "version",
)  # fmt: skip
_CHANGING_OPERATION: Final = (
    "provider_refund_id", "state", "attempts", "lease_until_ms", "next_at_ms", "error_code",
)  # fmt: skip

# Parameters carry the name of their table, so that statements can be joined into one.
_UPDATE_PAYMENT: Final = (
    update(payments)
    .where(payments.c.payment_id == bindparam("payments_key"))
    .values({name: bindparam(f"payments_{name}") for name in _CHANGING_PAYMENT})
)
_UPDATE_OPERATION: Final = (
    update(payment_operations)
    .where(payment_operations.c.operation_id == bindparam("payment_operations_key"))
    .values({name: bindparam(f"payment_operations_{name}") for name in _CHANGING_OPERATION})
)
_INSERT_OPERATION: Final = insert(payment_operations).values(
    {each.name: bindparam(f"payment_operations_{each.name}") for each in payment_operations.c}
)
_INSERT_OBSERVATION: Final = insert(payment_observations).values(
    {each.name: bindparam(f"payment_observations_{each.name}") for each in payment_observations.c}
)


@dataclass(frozen=True, slots=True)
class Write:
    """One statement of those above. `values` are by column; `key` is the row of an update."""

    table: Table
    statement: Insert | Update
    values: _Values
    key: str | None = None

    def parameters(self) -> _Values:
        table = self.table.name
        named = {f"{table}_{name}": value for name, value in self.values.items()}
        return named | ({f"{table}_key": self.key} if self.key else {})


async def write(connection: AsyncConnection, writes: Sequence[Write]) -> None:
    """On PostgreSQL in one round trip, as far as they are of different tables: in which order the
    parts of one statement happen is not said, and an operation must end before the next begins."""
    if connection.dialect.name != "postgresql":
        for each in writes:
            await connection.execute(each.statement, each.parameters())
        return
    for part in _parts(writes):
        statements = tuple(each.statement for each in part)
        parameters = {name: value for each in part for name, value in each.parameters().items()}
        await connection.execute(_joined(statements), parameters)


def _parts(writes: Sequence[Write]) -> list[list[Write]]:
    """In their order, no table twice in one part."""
    parts: list[list[Write]] = [[]]
    for each in writes:
        if any(other.table is each.table for other in parts[-1]):
            parts.append([])
        parts[-1].append(each)
    return [part for part in parts if part]


@cache
def _joined(statements: tuple[Insert | Update, ...]) -> Insert | Update:
    """There are five of them at most."""
    *others, last = statements
    if not others:
        return last
    return last.add_cte(*(each.cte(f"write_{number}") for number, each in enumerate(others)))


def changes_between(before: PaymentRow, after: PaymentRow) -> list[Write]:
    """`before` is what stands there, under the lock."""
    writes = []
    if after.version != before.version:
        writes.append(Write(payments, _UPDATE_PAYMENT, changing_values(after), after.payment_id))
    for number, operation in enumerate(after.operations, 1):
        if number > len(before.operations):
            writes.append(new_operation(after, number))
        elif operation != before.operations[number - 1]:
            changed = _changing_values_of(operation)
            writes.append(
                Write(payment_operations, _UPDATE_OPERATION, changed, operation.operation_id)
            )
    return writes


def new_operation(row: PaymentRow, number: int) -> Write:
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
    return Write(payment_operations, _INSERT_OPERATION, values | _changing_values_of(operation))


def new_observation(before: PaymentRow, after: PaymentRow, news: Told, said: str) -> Write:
    """What was said, as JSON, and what it changed. `after` is a version of its own."""
    values: _Values = {
        "payment_id": after.payment_id,
        "version": after.version,
        "at_ms": news.at_ms,
        "channel": news.channel.value,
        "snapshot": said,
        "state_before": before.state.value,
        "state_after": after.state.value,
        "captured_change_minor": after.facts.captured_minor - before.facts.captured_minor,
        "refunded_change_minor": after.facts.refunded_minor - before.facts.refunded_minor,
        "disputed_change_minor": after.facts.disputed_minor - before.facts.disputed_minor,
    }
    return Write(payment_observations, _INSERT_OBSERVATION, values)


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
