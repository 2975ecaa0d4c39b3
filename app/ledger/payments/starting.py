"""How a payment begins: its checkout, itself and the command to initiate it, or nothing at all."""

from functools import cache

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.payments.changes import NewOperation
from app.ledger.payments.reading import find_one, find_where
from app.ledger.payments.rows import (
    AlreadyStarted,
    AnotherOpen,
    CheckoutRow,
    NewPayment,
    OperationKind,
    PaymentRow,
    Started,
)
from app.ledger.payments.tables import checkouts, payments
from app.ledger.payments.writing import changing_values, fixed_values, new_operation, write
from app.runtime.errors import ContractError
from payments import NOTHING

_FIXED = ("order_id", "event_id", "organiser_id", "total_minor", "currency", "lines_sha256")


async def start(
    connection: AsyncConnection, new: NewPayment
) -> Started | AlreadyStarted | AnotherOpen:
    """ContractError: the order costs something else than at its first payment, or somebody else has
    this payment id or reference."""
    await _lock_checkout(connection, new.checkout)
    row = _first_row(new)
    made = await connection.execute(
        _begin_statement(connection.dialect.name),
        fixed_values(row) | changing_values(row),
    )
    if made.rowcount == 1:
        await write(connection, [new_operation(row, 1)])
        return Started(row)
    return await _explain(connection, new)


async def _lock_checkout(connection: AsyncConnection, checkout: CheckoutRow) -> None:
    """Inserted, or read and locked: one statement either way."""
    expected = {
        "order_id": checkout.order_id,
        "event_id": checkout.event_id,
        "organiser_id": checkout.organiser_id,
        "total_minor": checkout.total.amount_minor,
        "currency": checkout.total.currency,
        "lines_sha256": checkout.lines_sha256,
    }
    values = expected | {"created_at_ms": checkout.created_at_ms}
    found = (
        (await connection.execute(_lock_statement(connection.dialect.name), values)).one()._asdict()
    )
    if found != expected:
        raise ContractError(f"an order is {expected} now, and was {found} at its first payment")


@cache
def _lock_statement(dialect: str) -> Insert:
    insert = _insert_into(dialect, checkouts)
    return insert.on_conflict_do_update(
        index_elements=[checkouts.c.order_id], set_={"order_id": insert.excluded.order_id}
    ).returning(*(checkouts.c[name] for name in _FIXED))


@cache
def _begin_statement(dialect: str) -> Insert:
    return _insert_into(dialect, payments).on_conflict_do_nothing()


def _insert_into(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """For a statement that is made once: making it takes longer than running it."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


async def _explain(connection: AsyncConnection, new: NewPayment) -> AlreadyStarted | AnotherOpen:
    order_id = new.checkout.order_id
    same = await find_one(connection, new.payment_id)
    if same is not None and same.order_id == order_id:
        return AlreadyStarted(same, same.fingerprint == new.fingerprint)
    conditions = (payments.c.order_id == order_id, payments.c.outcome.is_(None))
    others = await find_where(connection, *conditions)
    if same is None and others:
        return AnotherOpen(others[0])
    raise ContractError(
        f"{new.payment_id}, or the reference {new.reference} at {new.method}, is another order's"
    )


def _first_row(new: NewPayment) -> PaymentRow:
    initiate = NewOperation(
        operation_id=f"{new.payment_id}.initiate",
        kind=OperationKind.INITIATE,
        idempotency_key=new.idempotency_key,
        amount_minor=new.checkout.total.amount_minor,
        refund_id=None,
        reason=None,
        requested_by=None,
        lease_until_ms=new.lease_until_ms,
        at_ms=new.at_ms,
    )
    return PaymentRow(
        payment_id=new.payment_id,
        order_id=new.checkout.order_id,
        event_id=new.checkout.event_id,
        organiser_id=new.checkout.organiser_id,
        method=new.method,
        account=new.account,
        reference=new.reference,
        provider_payment_id=None,
        amount=new.checkout.total,
        is_live=new.is_live,
        fingerprint=new.fingerprint,
        facts=NOTHING,
        outcome=None,
        is_settled=False,
        activation=dict(new.activation),
        created_at_ms=new.at_ms,
        updated_at_ms=new.at_ms,
        next_look_at_ms=new.look_up_at_ms,
        looks=0,
        version=1,
        operations=(initiate.row(),),
    )
