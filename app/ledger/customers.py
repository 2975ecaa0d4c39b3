"""Customers: the only table with personal data of buyers. It is erased by deleting rows."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.ids import CustomerRef
from app.domain.orders import OrderStatus, Person
from app.ledger.database import Database, insert_into
from app.ledger.payments.tables import payments
from app.ledger.tables import customers, orders


class Customers:
    """All methods raise Unavailable or OutcomeUnknown, and may be repeated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upsert(self, people: Sequence[tuple[CustomerRef, Person, int]]) -> None:
        """Who, what they said of themselves, and when (ms). The newest word stands, in whatever
        order the words come. One statement."""
        if not people:
            return
        async with self._database.write() as connection:
            insert = insert_into(connection, customers)
            statement = insert.on_conflict_do_update(
                index_elements=[customers.c.customer_ref],
                set_={
                    "email": _if_newer(insert, "email"),
                    "name": _if_newer(insert, "name"),
                    "updated_at_ms": _if_newer(insert, "updated_at_ms"),
                    "first_seen_at_ms": case(
                        (
                            insert.excluded.first_seen_at_ms < customers.c.first_seen_at_ms,
                            insert.excluded.first_seen_at_ms,
                        ),
                        else_=customers.c.first_seen_at_ms,
                    ),
                },
            )
            await connection.execute(statement, _rows(people))

    async def delete_without_confirmed_order(self, older_than_ms: int, limit: int) -> int:
        """Forgets at most `limit` people who were last heard of before `older_than_ms`, have no
        confirmed order and no payment that is open; answers how many. Call again while it answers
        `limit`."""
        is_old = customers.c.updated_at_ms < older_than_ms
        has_confirmed = exists().where(
            orders.c.customer_ref == customers.c.customer_ref,
            orders.c.status == OrderStatus.CONFIRMED.value,
        )
        # Their money may still come, and then the order is theirs.
        is_paying = exists().where(
            orders.c.customer_ref == customers.c.customer_ref,
            payments.c.order_id == orders.c.order_id,
            payments.c.outcome.is_(None),
        )
        chosen = (
            select(customers.c.customer_ref)
            .where(is_old, ~has_confirmed, ~is_paying)
            .order_by(customers.c.updated_at_ms)
            .limit(limit)
        )
        async with self._database.write() as connection:
            # Asked twice: somebody may have come back since the choice was made.
            gone = await connection.execute(
                delete(customers).where(is_old, customers.c.customer_ref.in_(chosen))
            )
            return gone.rowcount


def _if_newer(insert: postgresql.Insert | sqlite.Insert, name: str) -> ColumnElement[object]:
    is_newer = insert.excluded.updated_at_ms >= customers.c.updated_at_ms
    return case((is_newer, insert.excluded[name]), else_=customers.c[name])


def _rows(people: Sequence[tuple[CustomerRef, Person, int]]) -> list[dict[str, str | int | None]]:
    """One row a customer, in the order of their refs: two relays then lock rows in one order."""
    first_ms: dict[CustomerRef, int] = {}
    newest: dict[CustomerRef, tuple[int, Person]] = {}
    for ref, person, at_ms in people:
        first_ms[ref] = min(at_ms, first_ms.get(ref, at_ms))
        if ref not in newest or at_ms >= newest[ref][0]:
            newest[ref] = (at_ms, person)
    return [
        {
            "customer_ref": ref,
            "email": newest[ref][1].email,
            "name": newest[ref][1].name,
            "first_seen_at_ms": first_ms[ref],
            "updated_at_ms": newest[ref][0],
        }
        for ref in sorted(newest)
    ]
