"""The sales report of an event, as of its newest projected fact."""

from dataclasses import dataclass

from sqlalchemy import select

from app.domain.ids import EventId, TicketTypeId
from app.ledger.database import Database
from app.ledger.tables import event_sales, events, sales
from payments import Money


@dataclass(frozen=True, slots=True)
class TypeSales:
    """Units. `sold_amount` is of the sold ones, at the prices they were sold for; `hack_` is the
    part of them whose money is somebody else's. `refunded_amount`: all that went back, of cancelled
    orders too."""

    ticket_type: TicketTypeId
    held_quantity: int
    sold_quantity: int
    cancelled_quantity: int
    sold_amount: Money
    hack_quantity: int
    hack_amount: Money
    refunded_amount: Money


@dataclass(frozen=True, slots=True)
class SalesReport:
    """`ticket_types`: those that were ever ordered, by id."""

    event_id: EventId
    currency: str
    as_of_ms: int
    confirmed_orders: int
    ticket_types: tuple[TypeSales, ...]

    @property
    def held_quantity(self) -> int:
        return sum(each.held_quantity for each in self.ticket_types)

    @property
    def sold_quantity(self) -> int:
        return sum(each.sold_quantity for each in self.ticket_types)

    @property
    def cancelled_quantity(self) -> int:
        return sum(each.cancelled_quantity for each in self.ticket_types)

    @property
    def sold_amount(self) -> Money:
        return sum((each.sold_amount for each in self.ticket_types), Money(0, self.currency))

    @property
    def hack_quantity(self) -> int:
        return sum(each.hack_quantity for each in self.ticket_types)

    @property
    def hack_amount(self) -> Money:
        return sum((each.hack_amount for each in self.ticket_types), Money(0, self.currency))

    @property
    def refunded_amount(self) -> Money:
        return sum((each.refunded_amount for each in self.ticket_types), Money(0, self.currency))


class Sales:
    """Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def report(self, event_id: EventId) -> SalesReport | None:
        """None: no fact of this event has come here yet."""
        of_event = (
            select(events.c.currency, event_sales.c.confirmed_orders, event_sales.c.as_of_ms)
            .join(event_sales, event_sales.c.event_id == events.c.event_id)
            .where(events.c.event_id == event_id)
        )
        of_types = select(sales).where(sales.c.event_id == event_id).order_by(sales.c.ticket_type)
        async with self._database.read() as connection:
            event = (await connection.execute(of_event)).one_or_none()
            if event is None:
                return None
            types = tuple(
                TypeSales(
                    ticket_type=TicketTypeId(row.ticket_type),
                    held_quantity=row.held_quantity,
                    sold_quantity=row.sold_quantity,
                    cancelled_quantity=row.cancelled_quantity,
                    sold_amount=Money(row.sold_amount_minor, row.currency),
                    hack_quantity=row.hack_quantity,
                    hack_amount=Money(row.hack_amount_minor, row.currency),
                    refunded_amount=Money(row.refunded_amount_minor, row.currency),
                )
                for row in await connection.execute(of_types)
            )
        return SalesReport(event_id, event.currency, event.as_of_ms, event.confirmed_orders, types)
