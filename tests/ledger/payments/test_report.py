"""The finance report: equal to the facts to the minor unit, by the days of the organiser."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.ids import EventId, OrganiserId
from app.ledger import (
    REPORT_DAYS_MAX,
    Channel,
    Ledger,
    PaymentReportRow,
    PaymentRow,
    ReportPeriod,
)
from payments import Money, RefundState, RefundStatus
from tests.ledger.payments.tries import (
    HALL,
    TOTAL_MINOR,
    a_checkout,
    a_payment,
    a_refund,
    a_snapshot,
    captured,
    started,
)

MADRID = ZoneInfo("Europe/Madrid")


def ms(text: str) -> int:
    """Of a time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


async def test_money_is_by_day_event_and_method(ledger: Ledger) -> None:
    at_ms = ms("2026-11-25T10:00")
    for number, (event_id, method) in enumerate(
        [("concert", "sandbox"), ("concert", "sandbox"), ("concert", "hack"), ("opera", "sandbox")]
    ):
        checkout = a_checkout(number, event_id=event_id)
        await captured(
            ledger, a_payment(f"{number}", checkout=checkout, method=method), at_ms=at_ms
        )
    found = await _report(ledger, "2026-11-01", "2026-11-30")
    assert [(each.event_id, each.method, each.payments, each.captured_minor) for each in found] == [
        ("concert", "hack", 1, TOTAL_MINOR),
        ("concert", "sandbox", 2, 2 * TOTAL_MINOR),
        ("opera", "sandbox", 1, TOTAL_MINOR),
    ]
    assert {each.day for each in found} == {date(2026, 11, 25)}
    of_opera = await _report(ledger, "2026-11-01", "2026-11-30", event_id="opera")
    assert [each.event_id for each in of_opera] == ["opera"]
    assert await _report(ledger, "2026-11-26", "2026-11-30") == []
    assert await _report(ledger, "2026-11-01", "2026-11-30", organiser_id="club") == []


async def test_test_payments_and_currencies_have_rows_of_their_own(ledger: Ledger) -> None:
    at_ms = ms("2026-11-25T10:00")
    yen = a_checkout(1, total=Money(3_000, "JPY"))
    await captured(ledger, a_payment("1", checkout=yen), at_ms=at_ms)
    await captured(ledger, a_payment("2", order=2), at_ms=at_ms)
    await captured(ledger, a_payment("3", order=3, is_live=True), at_ms=at_ms)
    found = await _report(ledger, "2026-11-25", "2026-11-25")
    assert [(each.is_live, each.currency, each.captured_minor) for each in found] == [
        (False, "EUR", TOTAL_MINOR),
        (False, "JPY", 3_000),
        (True, "EUR", TOTAL_MINOR),
    ]


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        # Spring: the day has 23 hours, summer time from 01:00 UTC on.
        ("Europe/Madrid", "2026-03-28T22:59:59.999", "2026-03-28"),
        ("Europe/Madrid", "2026-03-28T23:00", "2026-03-29"),
        ("Europe/Madrid", "2026-03-29T21:59:59.999", "2026-03-29"),
        ("Europe/Madrid", "2026-03-29T22:00", "2026-03-30"),
        # Autumn: 25 hours.
        ("Europe/Madrid", "2026-10-24T22:00", "2026-10-25"),
        ("Europe/Madrid", "2026-10-25T22:59:59.999", "2026-10-25"),
        ("Europe/Madrid", "2026-10-25T23:00", "2026-10-26"),
        # Midnight itself is skipped: the day begins at one o'clock.
        ("America/Santiago", "2026-09-06T03:59:59.999", "2026-09-05"),
        ("America/Santiago", "2026-09-06T04:00", "2026-09-06"),
        # Midnight comes twice: the first one counts.
        ("America/Havana", "2026-11-01T03:59:59.999", "2026-10-31"),
        ("America/Havana", "2026-11-01T04:00", "2026-11-01"),
        ("America/Havana", "2026-11-01T05:30", "2026-11-01"),
        # Quarters of an hour.
        ("Asia/Kathmandu", "2026-11-24T18:14:59.999", "2026-11-24"),
        ("Asia/Kathmandu", "2026-11-24T18:15", "2026-11-25"),
    ],
)
async def test_a_day_is_a_day_of_the_time_zone(
    ledger: Ledger, zone: str, at: str, day: str
) -> None:
    await captured(ledger, at_ms=ms(at))
    first = date.fromisoformat(day) - timedelta(days=3)
    period = ReportPeriod(ZoneInfo(zone), first, first + timedelta(days=6))
    (row,) = await ledger.payments.report(HALL, None, period)
    assert row.day == date.fromisoformat(day)
    local = datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert local.date() == row.day


@pytest.mark.parametrize(
    "zone", ["Europe/Madrid", "America/Santiago", "America/Havana", "Pacific/Apia", "UTC"]
)
def test_days_follow_each_other_without_gap_or_overlap(zone: str) -> None:
    for year in (2011, 2026):
        days = list(ReportPeriod(ZoneInfo(zone), date(year, 1, 1), date(year, 12, 31)).days())
        assert [each for each, _, _ in days] == [
            date(year, 1, 1) + timedelta(days=number) for number in range(365)
        ]
        assert [end for _, _, end in days[:-1]] == [begin for _, begin, _ in days[1:]]
        assert all(begin % 900_000 == 0 for _, begin, _ in days), "a quarter of an hour"
        assert all(begin <= end for _, begin, end in days), "Samoa had no 30 December 2011"


def test_a_report_is_of_a_bounded_number_of_days() -> None:
    first = date(2026, 1, 1)
    ReportPeriod(MADRID, first, first)
    ReportPeriod(MADRID, first, first + timedelta(days=REPORT_DAYS_MAX - 1))
    for last in (first - timedelta(days=1), first + timedelta(days=REPORT_DAYS_MAX)):
        with pytest.raises(ValueError, match="days"):
            ReportPeriod(MADRID, first, last)


async def test_what_went_back_and_failed_after_all_is_taken_off_when_we_hear_of_it(
    ledger: Ledger,
) -> None:
    row = await captured(ledger, at_ms=ms("2026-11-20T10:00"))
    statuses = (RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED)
    for number, status in enumerate(statuses):
        snapshot = a_snapshot(version=2 + number, refunds=(a_refund(700, status=status),))
        await _record(ledger, row, snapshot.refunds, ms(f"2026-11-2{number + 1}T10:00"))
    found = await _report(ledger, "2026-11-20", "2026-11-30")
    assert [
        (each.day.day, each.payments, each.captured_minor, each.refunded_minor) for each in found
    ] == [(20, 1, TOTAL_MINOR, 0), (22, 0, 0, 700), (23, 0, 0, -700)]


@pytest.mark.parametrize("seed", range(3))
async def test_the_report_adds_up_to_the_facts_whatever_was_heard_and_how_often(
    ledger: Ledger, seed: int
) -> None:
    chance = random.Random(seed)
    begin_ms = ms("2026-01-01T00:00")
    rows = []
    for number in range(12):
        checkout = a_checkout(number, event_id=chance.choice(["concert", "opera"]))
        method = chance.choice(["sandbox", "hack", "stripe"])
        rows.append(await started(ledger, a_payment(f"{number}", checkout=checkout, method=method)))
    for _ in range(60):
        row = chance.choice(rows)
        refunds = tuple(
            a_refund(100 + 100 * number, number, status=chance.choice(list(RefundStatus)))
            for number in range(chance.randint(0, 3))
        )
        at_ms = begin_ms + chance.randrange(300 * 86_400_000)
        await _record(ledger, row, refunds, at_ms, disputed=chance.choice([0, 0, 400]))
    expected: Counter[tuple[EventId, str, str]] = Counter()
    for row in rows:
        found = await ledger.payments.read(row.payment_id)
        assert found is not None
        key = (row.event_id, row.method)
        expected[*key, "payments"] += found.facts.captured_minor > 0
        expected[*key, "captured_minor"] += found.facts.captured_minor
        expected[*key, "refunded_minor"] += found.facts.refunded_minor
        expected[*key, "disputed_minor"] += found.facts.disputed_minor
    report = await _report(ledger, "2026-01-01", "2026-12-31")
    added: Counter[tuple[EventId, str, str]] = Counter()
    for line in report:
        for name in ("payments", "captured_minor", "refunded_minor", "disputed_minor"):
            added[line.event_id, line.method, name] += getattr(line, name)
    assert +added == +expected
    assert len(report) > 20, "it is spread over many days"


async def _record(
    ledger: Ledger,
    row: PaymentRow,
    refunds: tuple[RefundState, ...],
    at_ms: int,
    *,
    disputed: int = 0,
) -> None:
    snapshot = a_snapshot(row.reference, version=at_ms, refunds=refunds, disputed=disputed)
    await ledger.payments.record(
        row.payment_id, snapshot=snapshot, channel=Channel.WEBHOOK, at_ms=at_ms
    )


async def _report(
    ledger: Ledger,
    first: str,
    last: str,
    *,
    event_id: str | None = None,
    organiser_id: str = HALL,
) -> list[PaymentReportRow]:
    period = ReportPeriod(MADRID, date.fromisoformat(first), date.fromisoformat(last))
    event = EventId(event_id) if event_id else None
    return list(await ledger.payments.report(OrganiserId(organiser_id), event, period))
