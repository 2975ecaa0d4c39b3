"""The finance report: money by event, method and day, as the days are where the organiser lives.

It adds up what observations changed, so that it equals the facts of all payments to the minor unit,
however often a webhook came. A movement is of the day on which we heard of it.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, case, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.ids import EventId, OrganiserId
from app.ledger.payments.tables import checkouts, payment_observations, payments
from payments import PaymentState

REPORT_DAYS_MAX = 400
"""A year and some."""

_QUARTER_HOUR_MS = 900_000
"""The database adds up by these, and knows nothing of calendars: since 1972 every day of every time
zone begins with one."""

_SUMS = ("payments", "captured_minor", "refunded_minor", "disputed_minor")
_HAS_MONEY = (PaymentState.CAPTURED.value, PaymentState.REFUNDED.value)

_Key = tuple[date, EventId, str, bool, str]


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
    days = list(period.days())
    begins_ms = [begin_ms for _, begin_ms, _ in days]
    query = _sums(organiser_id, event_id, begins_ms[0], days[-1][2])
    added: dict[_Key, Counter[str]] = defaultdict(Counter)
    for row in await connection.execute(query):
        day = days[bisect_right(begins_ms, row.quarter * _QUARTER_HOUR_MS) - 1][0]
        key = (day, EventId(row.event_id), row.method, row.is_live, row.currency)
        added[key].update({name: int(getattr(row, name)) for name in _SUMS})
    return [
        PaymentReportRow(
            day=day,
            event_id=found_event_id,
            method=method,
            is_live=is_live,
            currency=currency,
            **{name: sums[name] for name in _SUMS},
        )
        for (day, found_event_id, method, is_live, currency), sums in sorted(added.items())
    ]


def _sums(
    organiser_id: OrganiserId, event_id: EventId | None, begin_ms: int, end_ms: int
) -> Select[Any]:
    seen = payment_observations.c
    took_first = and_(seen.captured_change_minor > 0, seen.state_before.not_in(_HAS_MONEY))
    keys = (
        checkouts.c.event_id,
        payments.c.method,
        payments.c.is_live,
        payments.c.currency,
        (seen.at_ms // literal_column(str(_QUARTER_HOUR_MS))).label("quarter"),
    )
    changes = (seen.captured_change_minor, seen.refunded_change_minor, seen.disputed_change_minor)
    first_money = func.sum(case((took_first, 1), else_=0))
    sums = (first_money, *(func.sum(each) for each in changes))
    query = (
        select(*keys, *(each.label(name) for name, each in zip(_SUMS, sums, strict=True)))
        .select_from(checkouts)
        .join(payments, payments.c.order_id == checkouts.c.order_id)
        .join(payment_observations, seen.payment_id == payments.c.payment_id)
        .where(
            checkouts.c.organiser_id == organiser_id,
            seen.at_ms >= begin_ms,
            seen.at_ms < end_ms,
            or_(*(each != 0 for each in changes)),
        )
        .group_by(*keys)
    )
    return query if event_id is None else query.where(checkouts.c.event_id == event_id)
