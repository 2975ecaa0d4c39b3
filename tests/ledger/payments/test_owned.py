"""The tables of money are owned: no rebuilding touches them, and no person is in them."""

from typing import Any

from sqlalchemy import select

from app.bus import decode_fact
from app.domain.ids import OrderId
from app.ledger import Ledger, NewNotice, OperationKind
from app.ledger.payments.tables import PAYMENT_TABLES
from app.ledger.tables import READ_MODELS
from tests.ledger.payments.tries import a_payment, a_snapshot, captured, reserved

PERSONAL = {"email", "name", "customer_ref", "person", "address", "phone", "secret", "token"}


async def test_rebuilding_the_read_models_leaves_all_money_as_it_is(ledger: Ledger) -> None:
    await _fill(ledger)
    before = await _everything(ledger)
    assert all(before.values()), f"nothing to lose in: {before}"
    await ledger.rebuild_read_models(decode_fact)
    assert await _everything(ledger) == before


def test_no_table_of_money_is_a_read_model() -> None:
    assert not set(READ_MODELS) & set(PAYMENT_TABLES)


def test_no_column_is_for_a_person_or_a_secret() -> None:
    found = {column.name for table in PAYMENT_TABLES for column in table.c}
    assert not found & PERSONAL


async def _fill(ledger: Ledger) -> None:
    row = await captured(ledger, a_payment())
    await reserved(ledger, row, OperationKind.REFUND, "r1", amount=100)
    await ledger.notices.take(
        [NewNotice("sandbox", "main", "ev", "d", "one", "captured", a_snapshot(), 1)]
    )
    await ledger.grants.spend("jti", "box", "receipt", OrderId("03.concert.one"), 1)


async def _everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    async with ledger._database.read() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table))]
            for table in PAYMENT_TABLES
        }
