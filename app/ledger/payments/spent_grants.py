"""Grants of settlements, each good for one order, and one order for each thing they refer to."""

from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from app.domain.ids import OrderId
from app.ledger.database import Database, insert_into
from app.ledger.payments.tables import spent_grants


@dataclass(frozen=True, slots=True)
class Spent:
    """The grant is this order's, now or since before."""


@dataclass(frozen=True, slots=True)
class AlreadySpent:
    """The grant, or another with the same reference, was spent on this order."""

    order_id: OrderId


class SpentGrants:
    """All methods raise Unavailable or OutcomeUnknown, and may be repeated."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spend(
        self, jti: str, issuer: str, reference: str, order_id: OrderId, at_ms: int
    ) -> Spent | AlreadySpent:
        """The same grant for the same order again is `Spent`. Another grant for what this issuer
        already had settled, or this one for another order, is not."""
        values = {
            "jti": jti,
            "issuer": issuer,
            "reference": reference,
            "order_id": order_id,
            "at_ms": at_ms,
        }
        of_reference = and_(spent_grants.c.issuer == issuer, spent_grants.c.reference == reference)
        query = select(spent_grants).where(or_(spent_grants.c.jti == jti, of_reference))
        async with self._database.write() as connection:
            insert = insert_into(connection, spent_grants).on_conflict_do_nothing()
            if (await connection.execute(insert, values)).rowcount == 1:
                return Spent()
            known = (await connection.execute(query)).all()
        if all((row.jti, row.order_id) == (jti, order_id) for row in known):
            return Spent()
        foreign = next(row for row in known if (row.jti, row.order_id) != (jti, order_id))
        return AlreadySpent(OrderId(foreign.order_id))
