"""Payments as an organiser sees them: search, refund, report."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Annotated, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, JsonValue

from app.api.admin_reports import ReportFormat
from app.api.authentication import RefundsReader, RefundsWriter, ReportsReader
from app.api.dependencies import SellingDep, ServicesDep
from app.api.events import PageAfter, PageLimit, refuse_page
from app.api.forms import MoneyAnswer, OrderInPath, Page
from app.api.orders import IdempotencyKey
from app.api.payment_forms import (
    ASKED_REFUND_EXAMPLES,
    PAYMENT_EXAMPLE,
    AskedRefund,
    PaymentAnswer,
    RefundAnswer,
    answer_payment,
    answer_refund,
)
from app.api.problems import describe_problems, describe_replay, problem
from app.api.strict_json import StrictJsonRoute
from app.domain.ids import SLUG_PATTERN, EventId, OrderId
from app.domain.outcomes import KeyReused, UnknownOrder
from app.ledger import (
    PaymentReportRow,
    PaymentRow,
    PaymentSearch,
    ReportPeriod,
    UnknownPage,
)
from app.selling import RefundIs, RefundRequest, RefundTooLarge, RefundUnsupported
from payments import PaymentState

router = APIRouter(prefix="/v1/admin", tags=["admin: payments"], route_class=StrictJsonRoute)

_PROBLEMS = ("unauthenticated", "forbidden", "unavailable")
_ADMIN_EXAMPLE: dict[str, JsonValue] = PAYMENT_EXAMPLE | {
    "event_id": "concert",
    "account": "main",
    "reference": "46m3gp52unr2lqazawzsq64nld",
    "provider_payment_id": "sb_46m3gp52unr2lqazawzsq64nld",
    "state": "captured",
    "captured": {"amount": 2500, "currency": "EUR"},
    "disputed": {"amount": 0, "currency": "EUR"},
    "in_doubt": False,
    "faults": [],
}
_REPORT_EXAMPLE: dict[str, JsonValue] = {
    "event_id": "concert",
    "method": "sandbox",
    "day": "2026-05-01",
    "is_live": False,
    "payments": 12,
    "captured": {"amount": 30000, "currency": "EUR"},
    "refunded": {"amount": 2500, "currency": "EUR"},
    "disputed": {"amount": 0, "currency": "EUR"},
    "net": 27500,
}
_CSV_COLUMNS = (
    *("event_id", "method", "day", "is_live", "currency", "payments", "captured_minor"),
    *("refunded_minor", "disputed_minor", "net_minor"),
)
_CSV_EXAMPLE = f"""{",".join(_CSV_COLUMNS)}
concert,sandbox,2026-05-01,false,EUR,12,30000,2500,0,27500
"""


class AdminPaymentAnswer(PaymentAnswer):
    """`state`: what was observed at the provider. `faults`: what cannot be, until a person has
    looked: such a payment confirms nothing."""

    event_id: str
    account: str
    reference: str
    provider_payment_id: str | None
    state: PaymentState
    captured: MoneyAnswer
    disputed: MoneyAnswer
    in_doubt: bool
    faults: list[str]

    model_config = ConfigDict(json_schema_extra={"examples": [_ADMIN_EXAMPLE]})


class PaymentReportAnswer(BaseModel):
    """Money that moved on this day. `payments`: that took their first money then. `hack` has rows
    of its own: its money is somebody else's, who reports it too. `net`: captured less refunded,
    which may be below zero. A refund that failed after all counts below zero when we heard."""

    event_id: str
    method: str
    day: date
    is_live: bool
    payments: int
    captured: MoneyAnswer
    refunded: MoneyAnswer
    disputed: MoneyAnswer
    net: int

    model_config = ConfigDict(json_schema_extra={"examples": [_REPORT_EXAMPLE]})


@router.post(
    "/orders/{order_id}/refunds",
    operation_id="refundOrder",
    summary="Give money back",
    status_code=201,
    response_model=RefundAnswer,
    responses={
        201: describe_replay("this key had asked for the refund before"),
        **describe_problems(
            *_PROBLEMS,
            *("malformed", "idempotency-key-missing", "not-found", "invalid-transition"),
            *("invalid", "unsupported-media-type", "idempotency-key-reused"),
            *("method-unavailable", "outcome-unknown"),
        ),
    },
)
async def refund_order(  # noqa: PLR0913, PLR0917 - what the request is made of
    order_id: OrderInPath,
    asked: Annotated[AskedRefund, Body(openapi_examples=ASKED_REFUND_EXAMPLES)],
    key: IdempotencyKey,
    services: SellingDep,
    caller: RefundsWriter,
    response: Response,
) -> RefundAnswer | JSONResponse:
    """All or a part; never more than was taken, however many ask at once. A full refund cancels the
    order, a partial one leaves its tickets."""
    event_id = services.ordering.event_of(order_id)
    if event_id is None or await services.organising.read(caller.organiser_id, event_id) is None:
        return _not_found()
    outcome = await services.refunding.refund(
        RefundRequest(OrderId(order_id), key, asked.amount, caller.key_id)
    )
    match outcome:
        case RefundIs(payment, operation, replayed):
            if replayed:
                response.headers["Idempotency-Replayed"] = "true"
            return answer_refund(payment, operation)
        case UnknownOrder():
            return _not_found()
        case KeyReused():
            return problem("idempotency-key-reused", "Use a fresh key for another refund.")
        case RefundTooLarge(order, refundable):
            left = f"{refundable.amount_minor} minor units of {refundable.currency}"
            return problem(
                "invalid-transition", f"Of its money {left} are left.", state=order.status
            )
        case RefundUnsupported(method):
            return problem("method-unavailable", f"{method} cannot give this back.")
        case _:
            assert_never(outcome)


@router.get(
    "/payments",
    operation_id="searchPayments",
    summary="Search payments",
    response_model=Page[AdminPaymentAnswer],
    responses=describe_problems(*_PROBLEMS, "invalid"),
)
async def search_payments(  # noqa: PLR0913, PLR0917 - one parameter a filter
    services: ServicesDep,
    caller: RefundsReader,
    order_id: Annotated[str | None, Query(max_length=80)] = None,
    event_id: Annotated[
        str | None, Query(pattern=f"^{SLUG_PATTERN}$", examples=["concert"])
    ] = None,
    method: Annotated[str | None, Query(max_length=32, examples=["sandbox"])] = None,
    state: PaymentState | None = None,
    after: PageAfter = None,
    limit: PageLimit = 50,
) -> Page[AdminPaymentAnswer] | JSONResponse:
    """Of own events, oldest first; every try, whatever became of it."""
    wanted = PaymentSearch(
        organiser_id=caller.organiser_id,
        event_id=EventId(event_id) if event_id else None,
        order_id=OrderId(order_id) if order_id else None,
        method=method,
        state=state,
        outcome=None,
        after=after,
        limit=limit,
    )
    try:
        found = await services.ledger.payments.search(wanted)
    except UnknownPage as error:
        return refuse_page(error)
    return Page[AdminPaymentAnswer](items=[_answer(row) for row in found.rows], next=found.next)


@router.get(
    "/payments/report",
    operation_id="reportPayments",
    summary="Money by event, method and day",
    response_model=Page[PaymentReportAnswer],
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE}}},
        **describe_problems(*_PROBLEMS, "invalid"),
    },
)
async def report_payments(  # noqa: PLR0913, PLR0917 - one parameter a filter
    services: ServicesDep,
    caller: ReportsReader,
    first_day: Annotated[date, Query(alias="from", examples=["2026-05-01"])],
    last_day: Annotated[date, Query(alias="until", examples=["2026-05-31"])],
    timezone: Annotated[
        str, Query(max_length=64, description="Of IANA.", examples=["Europe/Madrid"])
    ] = "UTC",
    event_id: Annotated[
        str | None, Query(pattern=f"^{SLUG_PATTERN}$", examples=["concert"])
    ] = None,
    report_format: Annotated[ReportFormat, Query(alias="format")] = ReportFormat.JSON,
) -> Page[PaymentReportAnswer] | Response:
    """Whole days of the time zone, both ends included. Adds up what providers said, to the minor
    unit; `format=csv` for a spreadsheet."""
    try:
        period = ReportPeriod(ZoneInfo(timezone), first_day, last_day)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        where = {"where": "query", "message": _why(error)}
        return problem("invalid", _why(error), errors=[where])
    rows = await services.ledger.payments.report(
        caller.organiser_id, EventId(event_id) if event_id else None, period
    )
    if report_format is ReportFormat.CSV:
        return _write_csv(rows)
    return Page[PaymentReportAnswer](items=[_answer_report(row) for row in rows], next=None)


def _why(error: Exception) -> str:
    is_zone = isinstance(error, ZoneInfoNotFoundError | OSError)
    return "There is no such time zone." if is_zone else f"{error}."


def _answer(payment: PaymentRow) -> AdminPaymentAnswer:
    currency = payment.amount.currency
    return AdminPaymentAnswer(
        **dict(answer_payment(payment)),
        event_id=payment.event_id,
        account=payment.account,
        reference=payment.reference,
        provider_payment_id=payment.provider_payment_id,
        state=payment.state,
        captured=MoneyAnswer(amount=payment.facts.captured_minor, currency=currency),
        disputed=MoneyAnswer(amount=payment.facts.disputed_minor, currency=currency),
        in_doubt=payment.in_doubt,
        faults=sorted(payment.facts.integrity),
    )


def _answer_report(row: PaymentReportRow) -> PaymentReportAnswer:
    def money(amount_minor: int) -> MoneyAnswer:
        return MoneyAnswer(amount=amount_minor, currency=row.currency)

    return PaymentReportAnswer(
        event_id=row.event_id,
        method=row.method,
        day=row.day,
        is_live=row.is_live,
        payments=row.payments,
        captured=money(row.captured_minor),
        refunded=money(row.refunded_minor),
        disputed=money(row.disputed_minor),
        net=row.captured_minor - row.refunded_minor,
    )


def _write_csv(rows: Sequence[PaymentReportRow]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    for row in rows:
        writer.writerow(
            [
                *(row.event_id, row.method, row.day.isoformat(), str(row.is_live).lower()),
                *(row.currency, row.payments, row.captured_minor, row.refunded_minor),
                *(row.disputed_minor, row.captured_minor - row.refunded_minor),
            ]
        )
    return Response(
        text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="payments.csv"'},
    )


def _not_found() -> JSONResponse:
    return problem("not-found", "There is no such order of an event of yours that was paid for.")
