"""Reports for organisers: sales, facts, toggles. All but the toggles are read from the ledger."""

import csv
import io
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.api.authentication import FactsReader, ReportsReader, require
from app.api.dependencies import ServicesDep
from app.api.events import PageAfter, PageLimit, refuse_page
from app.api.forms import EventInPath, Instant, MoneyAnswer, Page, optional_instant
from app.api.problems import describe_problems, problem
from app.domain.ids import EventId, TicketTypeId
from app.ledger import SalesReport, Scope, UnknownPage
from app.rollout import SELLING_FREE, ToggleKind
from payments import Money

router = APIRouter(prefix="/v1/admin", tags=["admin: reports"])

_PROBLEMS = ("unauthenticated", "forbidden", "unavailable")

_SALES_EXAMPLE: dict[str, JsonValue] = {
    "event_id": "demo",
    "as_of": "2026-05-01T18:00:00.123Z",
    "orders": 1,
    "sold": 2,
    "held": 1,
    "cancelled": 0,
    "amount": {"amount": 0, "currency": "EUR"},
    "hack": 0,
    "hack_amount": {"amount": 0, "currency": "EUR"},
    "refunded": {"amount": 0, "currency": "EUR"},
    "ticket_types": [
        {
            "ticket_type": "general",
            "name": "General admission",
            "sold": 2,
            "held": 1,
            "cancelled": 0,
            "amount": {"amount": 0, "currency": "EUR"},
            "hack": 0,
            "hack_amount": {"amount": 0, "currency": "EUR"},
            "refunded": {"amount": 0, "currency": "EUR"},
        }
    ],
}
_CSV_COLUMNS = (
    *("ticket_type", "name", "sold", "held", "cancelled", "amount_minor", "currency"),
    *("hack", "hack_amount_minor", "refunded_minor"),
)
_CSV_EXAMPLE = f"""{",".join(_CSV_COLUMNS)}
general,General admission,2,1,0,0,EUR,0,0,0
"""
_FACT_EXAMPLE: dict[str, JsonValue] = {
    "specversion": "1.0",
    "id": "12:1:42:46m3gp52unr2lqazawzsq64nld",
    "source": "/taquilla",
    "type": "taquilla.EventPaused.v1",
    "subject": "demo",
    "time": "2026-05-01T18:00:00.123000Z",
    "datacontenttype": "application/json",
    "partition": 12,
    "epoch": 1,
    "sequence": "00000000000000000042",
    "data": {"event_id": "demo", "version": 3},
}
_TOGGLE_EXAMPLE: dict[str, JsonValue] = {
    "name": SELLING_FREE.name,
    "kind": SELLING_FREE.kind,
    "default": SELLING_FREE.default,
    "enabled": True,
    "owner": SELLING_FREE.owner,
    "remove_by": None,
    "description": SELLING_FREE.description,
}


class ReportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


class TypeSalesAnswer(BaseModel):
    """Units. `amount`: of the sold ones, at the prices they were sold for. `hack`: the part of the
    sold ones whose money is somebody else's, the old platform's or a box office's; `hack_amount` is
    part of `amount`. `refunded`: all that went back, of orders that it cancelled too; of an order
    with several types each has its share."""

    ticket_type: str
    name: str
    sold: int
    held: int
    cancelled: int
    amount: MoneyAnswer
    hack: int
    hack_amount: MoneyAnswer
    refunded: MoneyAnswer


class SalesAnswer(BaseModel):
    """`as_of`: the newest fact that the report counts; it follows the sale by a fraction of a
    second."""

    event_id: str
    as_of: Instant | None
    orders: int
    sold: int
    held: int
    cancelled: int
    amount: MoneyAnswer
    hack: int
    hack_amount: MoneyAnswer
    refunded: MoneyAnswer
    ticket_types: list[TypeSalesAnswer]

    model_config = ConfigDict(json_schema_extra={"examples": [_SALES_EXAMPLE]})


class FactAnswer(BaseModel):
    """A CloudEvent 1.0. `sequence` grows by one within a partition, without a gap. What `data`
    holds depends on `type`; its last part is the version of that form."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str = Field(description="The id of the order or of the event.")
    time: Instant
    datacontenttype: Literal["application/json"]
    partition: int
    epoch: int
    sequence: str
    data: dict[str, JsonValue]

    model_config = ConfigDict(json_schema_extra={"examples": [_FACT_EXAMPLE]})


class ToggleAnswer(BaseModel):
    """`enabled`: null when the source does not know the toggle; then `default` stands."""

    name: str
    kind: ToggleKind
    default: bool
    enabled: bool | None
    owner: str
    remove_by: str | None = Field(description="A day, for what is to go.")
    description: str

    model_config = ConfigDict(json_schema_extra={"examples": [_TOGGLE_EXAMPLE]})


@router.get(
    "/events/{event_id}/sales",
    operation_id="readSales",
    summary="Sales of an event",
    response_model=SalesAnswer,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE}}},
        **describe_problems(*_PROBLEMS, "invalid", "not-found"),
    },
)
async def read_sales(
    event_id: EventInPath,
    services: ServicesDep,
    caller: ReportsReader,
    report_format: Annotated[ReportFormat, Query(alias="format")] = ReportFormat.JSON,
) -> SalesAnswer | Response:
    """From the ledger, per ticket type and in total; `format=csv` for a spreadsheet."""
    event = await services.organising.read(caller.organiser_id, EventId(event_id))
    if event is None:
        return problem("not-found", "There is no such event of yours.")
    names = {each.id: each.name for each in event.configuration.ticket_types}
    report = await services.ledger.sales.report(EventId(event_id))
    answer = _answer_sales(event_id, names, event.configuration.currency, report)
    return answer if report_format is ReportFormat.JSON else _write_csv(answer)


@router.get(
    "/facts",
    operation_id="listFacts",
    summary="The facts of own events, as CloudEvents",
    response_model=Page[FactAnswer],
    responses=describe_problems(*_PROBLEMS, "invalid"),
)
async def list_facts(
    services: ServicesDep, caller: FactsReader, after: PageAfter = None, limit: PageLimit = 50
) -> Page[FactAnswer] | JSONResponse:
    """From the archive, in the order of each partition. An empty page means that these were all for
    now: `next` stays valid, and asked again it gives what came since."""
    try:
        found = await services.ledger.archive.read_after(caller.organiser_id, after, limit)
    except UnknownPage as error:
        return refuse_page(error)
    return Page[FactAnswer](
        items=[FactAnswer.model_validate_json(text) for text in found.texts], next=found.next
    )


@router.get(
    "/toggles",
    operation_id="listToggles",
    dependencies=[Depends(require(Scope.TOGGLES_READ))],
    summary="Every toggle, and how it stands",
    response_model=Page[ToggleAnswer],
    responses=describe_problems(*_PROBLEMS),
)
async def list_toggles(services: ServicesDep) -> Page[ToggleAnswer]:
    """As this process sees them now."""
    items = [
        ToggleAnswer(
            name=each.toggle.name,
            kind=each.toggle.kind,
            default=each.toggle.default,
            enabled=each.enabled,
            owner=each.toggle.owner,
            remove_by=each.toggle.remove_by.isoformat() if each.toggle.remove_by else None,
            description=each.toggle.description,
        )
        for each in services.toggles.describe()
    ]
    return Page[ToggleAnswer](items=items, next=None)


def _answer_sales(
    event_id: str, names: Mapping[TicketTypeId, str], currency: str, report: SalesReport | None
) -> SalesAnswer:
    """Every ticket type has a row, sold or not."""
    rows = {row.ticket_type: row for row in report.ticket_types} if report else {}
    types, nothing = [], Money(0, currency)
    for ticket_type, name in names.items():
        row = rows.get(ticket_type)
        types.append(
            TypeSalesAnswer(
                ticket_type=ticket_type,
                name=name,
                sold=row.sold_quantity if row else 0,
                held=row.held_quantity if row else 0,
                cancelled=row.cancelled_quantity if row else 0,
                amount=MoneyAnswer.of(row.sold_amount if row else nothing),
                hack=row.hack_quantity if row else 0,
                hack_amount=MoneyAnswer.of(row.hack_amount if row else nothing),
                refunded=MoneyAnswer.of(row.refunded_amount if row else nothing),
            )
        )
    return SalesAnswer(
        event_id=event_id,
        as_of=optional_instant(report.as_of_ms if report else None),
        orders=report.confirmed_orders if report else 0,
        sold=sum(each.sold for each in types),
        held=sum(each.held for each in types),
        cancelled=sum(each.cancelled for each in types),
        amount=_sum(currency, [each.amount for each in types]),
        hack=sum(each.hack for each in types),
        hack_amount=_sum(currency, [each.hack_amount for each in types]),
        refunded=_sum(currency, [each.refunded for each in types]),
        ticket_types=types,
    )


def _sum(currency: str, amounts: Sequence[MoneyAnswer]) -> MoneyAnswer:
    return MoneyAnswer(amount=sum(each.amount for each in amounts), currency=currency)


def _write_csv(answer: SalesAnswer) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_CSV_COLUMNS)
    for each in answer.ticket_types:
        writer.writerow(
            [
                *(each.ticket_type, _plain(each.name), each.sold, each.held, each.cancelled),
                *(each.amount.amount, each.amount.currency),
                *(each.hack, each.hack_amount.amount, each.refunded.amount),
            ]
        )
    return Response(
        text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{answer.event_id}-sales.csv"'},
    )


def _plain(text: str) -> str:
    """A cell that begins like a formula would be run by a spreadsheet."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
