"""The finance report: money by event, method and day, as the days are where the organiser lives.

It adds up what observations changed, so that it equals the facts of all payments to the minor unit,
however often a webhook came. A movement is of the day on which we heard of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CTE, BigInteger, Integer, and_, case, column, func, or_, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.ids import EventId, OrganiserId
from app.ledger.payments.tables import checkouts, payment_observations, payments
from payments import PaymentState

REPORT_DAYS_MAX = 400
"""A year and some; each day is three parameters of the statement."""

_HAS_MONEY = (PaymentState.CAPTURED.value, PaymentState.REFUNDED.value)


@dataclass(frozen=True, slots=True)
class PaymentReportRow:
    """`payments`: how many took their first money on this day. A refund that failed after all
    counts below zero on the day we heard of it. Test payments have rows of their own."""

    event_id: EventId
    method: str
    is_live: bool
    currency: str
    day: date
    payments: int
    captured_minor: int
    refunded_minor: int
    disputed_minor: int


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """Whole days of a time zone, the first and the last included: 1 to REPORT_DAYS_MAX of them,
    otherwise ValueError."""

    timezone: ZoneInfo
    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if not 1 <= (self.last_day - self.first_day).days + 1 <= REPORT_DAYS_MAX:
            raise ValueError(f"a report is of 1 to {REPORT_DAYS_MAX} days")

    def days(self) -> Iterator[tuple[date, int, int]]:
        """Each day, its first millisecond and that of the next: 23 to 25 hours where clocks are
        changed."""
        day = self.first_day
        while day <= self.last_day:
            following = day + timedelta(days=1)
            yield day, self._begin_ms(day), self._begin_ms(following)
            day = following

    def _begin_ms(self, day: date) -> int:
        midnight = datetime.combine(day, time.min, tzinfo=self.timezone)
        return round(midnight.timestamp() * 1000)


async def report(
    connection: AsyncConnection,
    organiser_id: OrganiserId,
    event_id: EventId | None,
    period: ReportPeriod,
) -> Sequence[PaymentReportRow]:
    """By day, event and method; days without movement are left out."""
    days = _days_table(period)
    seen = payment_observations.c
    took_first = and_(seen.captured_change_minor > 0, seen.state_before.not_in(_HAS_MONEY))
    keys = (
        days.c.day,
        checkouts.c.event_id,
        payments.c.method,
        payments.c.is_live,
        payments.c.currency,
    )
    query = (
        select(
            *keys,
            func.sum(case((took_first, 1), else_=0)).label("payments"),
            func.sum(seen.captured_change_minor).label("captured_minor"),
            func.sum(seen.refunded_change_minor).label("refunded_minor"),
            func.sum(seen.disputed_change_minor).label("disputed_minor"),
        )
        .select_from(checkouts)
        .join(payments, payments.c.order_id == checkouts.c.order_id)
        .join(payment_observations, seen.payment_id == payments.c.payment_id)
        .join(days, and_(seen.at_ms >= days.c.begin_ms, seen.at_ms < days.c.end_ms))
        .where(
            checkouts.c.organiser_id == organiser_id,
            or_(
                seen.captured_change_minor != 0,
                seen.refunded_change_minor != 0,
                seen.disputed_change_minor != 0,
            ),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    if event_id is not None:
        query = query.where(checkouts.c.event_id == event_id)
    return [
        PaymentReportRow(
            event_id=EventId(row.event_id),
            method=row.method,
            is_live=row.is_live,
            currency=row.currency,
            day=period.first_day + timedelta(days=row.day),
            payments=row.payments,
            captured_minor=int(row.captured_minor),
            refunded_minor=int(row.refunded_minor),
            disputed_minor=int(row.disputed_minor),
        )
        for row in await connection.execute(query)
    ]


def _days_table(period: ReportPeriod) -> CTE:
    """The days as numbers from 0, so that the database knows nothing of calendars."""
    rows = [(number, begin, end) for number, (_, begin, end) in enumerate(period.days())]
    columns = (
        column("day", Integer),
        column("begin_ms", BigInteger),
        column("end_ms", BigInteger),
    )
    return values(*columns, name="days").data(rows).cte("days")
