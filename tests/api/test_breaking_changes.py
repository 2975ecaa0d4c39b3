"""The comparer of OpenAPI documents: each way to break a frontend is planted into our own document,
and called by its name."""

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from app.api import write_public_document
from tests.api.breaking_changes import Kind, breaking_changes

Document = dict[str, Any]

ORDERS = "/v1/events/{event_id}/orders"
ORDER = "/v1/orders/{order_id}"


def _document() -> Document:
    document: Document = json.loads(_text())
    return document


@cache
def _text() -> str:
    return write_public_document()


def _schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def _place(document: Document) -> Document:
    found: Document = document["paths"][ORDERS]["post"]
    return found


def _remove_path(document: Document) -> None:
    del document["paths"]["/v1/events"]


def _remove_operation(document: Document) -> None:
    del document["paths"]["/v1/admin/events"]["get"]


def _rename_operation(document: Document) -> None:
    _place(document)["operationId"] = "createOrder"


def _ask_for_a_key(document: Document) -> None:
    document["paths"]["/v1/events"]["get"]["security"] = [{"AdminKey": ["events:read"]}]


def _ask_for_another_scope(document: Document) -> None:
    document["paths"]["/v1/admin/facts"]["get"]["security"] = [{"AdminKey": ["events:read"]}]


def _remove_parameter(document: Document) -> None:
    parameters = document["paths"]["/v1/admin/orders"]["get"]["parameters"]
    parameters[:] = [each for each in parameters if each["name"] != "email"]


def _demand_parameter(document: Document) -> None:
    document["paths"]["/v1/events"]["get"]["parameters"][1]["required"] = True


def _demand_header(document: Document) -> None:
    header = {"in": "header", "name": "X-Shop", "required": True, "schema": {"type": "string"}}
    _place(document)["parameters"].append(header)


def _narrow_parameter(document: Document) -> None:
    document["paths"]["/v1/events"]["get"]["parameters"][1]["schema"]["maximum"] = 20


def _remove_table(document: Document) -> None:
    operation = document["paths"]["/v1/admin/events/{event_id}/sales"]["get"]
    del operation["responses"]["200"]["content"]["text/csv"]


def _remove_response_header(document: Document) -> None:
    del _place(document)["responses"]["201"]["headers"]["Idempotency-Replayed"]


def _remove_status(document: Document) -> None:
    del document["paths"][f"{ORDER}/confirm"]["post"]["responses"]["410"]


def _add_success(document: Document) -> None:
    responses = _place(document)["responses"]
    responses["202"] = responses["201"]


def _remove_code_of_many(document: Document) -> None:
    schema = _place(document)["responses"]["409"]["content"]["application/problem+json"]["schema"]
    schema["oneOf"] = [each for each in schema["oneOf"] if "SoldOut" not in each["$ref"]]


def _remove_only_code(document: Document) -> None:
    schema = document["paths"][ORDER]["get"]["responses"]["404"]["content"]
    schema["application/problem+json"]["schema"] = {"$ref": "#/components/schemas/InvalidProblem"}


def _remove_property(document: Document) -> None:
    del _schema(document, "LineAnswer")["properties"]["unit_price"]


def _remove_member_of_problem(document: Document) -> None:
    del _schema(document, "SoldOutProblem")["properties"]["may_return"]


def _let_property_be_absent(document: Document) -> None:
    _schema(document, "OrderAnswer")["required"].remove("expires_at")


def _let_property_be_null(document: Document) -> None:
    schema = _schema(document, "LineAnswer")["properties"]
    schema["quantity"] = {"anyOf": [schema["quantity"], {"type": "null"}]}


def _change_type_of_answer(document: Document) -> None:
    _schema(document, "MoneyAnswer")["properties"]["amount"]["type"] = "string"


def _free_the_format(document: Document) -> None:
    del _schema(document, "OrderAnswer")["properties"]["created_at"]["format"]


def _free_the_choice(document: Document) -> None:
    del _schema(document, "OrderStatus")["enum"]


def _add_member(document: Document) -> None:
    _schema(document, "OrderStatus")["enum"].append("refunded")


def _remove_member_of_answer(document: Document) -> None:
    _schema(document, "PublicStatus")["enum"].remove("all_held")


def _remove_member_of_request(document: Document) -> None:
    _schema(document, "ReportFormat")["enum"].remove("csv")


def _demand_field(document: Document) -> None:
    _schema(document, "AskedCustomer")["required"].append("name")


def _demand_new_field(document: Document) -> None:
    schema = _schema(document, "AskedLine")
    schema["properties"]["seat"] = {"type": "string"}
    schema["required"].append("seat")


def _demand_body(document: Document) -> None:
    document["paths"][f"{ORDER}/release"]["post"]["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }


def _refuse_field(document: Document) -> None:
    del _schema(document, "AskedOrder")["properties"]["confirm"]


def _lower_bound(document: Document) -> None:
    _schema(document, "AskedLine")["properties"]["quantity"]["maximum"] = 10


def _raise_bound(document: Document) -> None:
    _schema(document, "AskedOrder")["properties"]["lines"]["minItems"] = 2


def _new_bound(document: Document) -> None:
    _schema(document, "AskedCustomer")["properties"]["email"]["pattern"] = "example"


def _refuse_null(document: Document) -> None:
    properties = _schema(document, "AskedTypeChange")["properties"]
    properties["on_sale_from"] = properties["on_sale_from"]["anyOf"][0]


def _refuse_number(document: Document) -> None:
    _schema(document, "AskedLine")["properties"]["quantity"]["type"] = "string"


BREAKING: list[tuple[Callable[[Document], None], Kind, str]] = [
    (_remove_path, Kind.REMOVED_PATH, "/v1/events"),
    (_remove_operation, Kind.REMOVED_OPERATION, "GET /v1/admin/events"),
    (_rename_operation, Kind.CHANGED_OPERATION_ID, f"POST {ORDERS} placeOrder is createOrder"),
    (_ask_for_a_key, Kind.NEW_SECURITY, "GET /v1/events AdminKey events:read"),
    (_ask_for_another_scope, Kind.NEW_SECURITY, "GET /v1/admin/facts AdminKey events:read"),
    (_remove_parameter, Kind.REMOVED_PARAMETER, "GET /v1/admin/orders query.email"),
    (_demand_parameter, Kind.NEW_REQUIRED_PARAMETER, "GET /v1/events query.limit"),
    (_demand_header, Kind.NEW_REQUIRED_PARAMETER, f"POST {ORDERS} header.X-Shop"),
    (_narrow_parameter, Kind.NARROWED_REQUEST, "GET /v1/events query.limit: maximum 100 is 20"),
    (_remove_table, Kind.REMOVED_MEDIA_TYPE, "GET /v1/admin/events/{event_id}/sales 200 text/csv"),
    (_remove_response_header, Kind.REMOVED_HEADER, f"POST {ORDERS} 201 Idempotency-Replayed"),
    (_remove_status, Kind.REMOVED_STATUS, f"POST {ORDER}/confirm 410"),
    (_add_success, Kind.NEW_STATUS, f"POST {ORDERS} 202"),
    (_remove_code_of_many, Kind.REMOVED_PROBLEM_CODE, f"POST {ORDERS} 409 body sold-out"),
    (_remove_only_code, Kind.REMOVED_PROBLEM_CODE, f"GET {ORDER} 404 body not-found"),
    (_remove_property, Kind.REMOVED_PROPERTY, f"GET {ORDER} 200 body.lines[].unit_price"),
    (_remove_member_of_problem, Kind.REMOVED_PROPERTY, f"POST {ORDERS} 409 body.may_return"),
    (
        _let_property_be_absent,
        Kind.WIDENED_ANSWER,
        f"GET {ORDER} 200 body.expires_at: may be absent",
    ),
    (_let_property_be_null, Kind.WIDENED_ANSWER, f"GET {ORDER} 200 body.lines[].quantity: null"),
    (_change_type_of_answer, Kind.WIDENED_ANSWER, f"GET {ORDER} 200 body.total.amount: string"),
    (
        _free_the_format,
        Kind.WIDENED_ANSWER,
        f"GET {ORDER} 200 body.created_at: format date-time is None",
    ),
    (_free_the_choice, Kind.WIDENED_ANSWER, f"GET {ORDER} 200 body.status: any value"),
    (_add_member, Kind.WIDENED_ANSWER, f"GET {ORDER} 200 body.status: refunded"),
    (
        _remove_member_of_answer,
        Kind.REMOVED_ENUM_MEMBER,
        "GET /v1/events 200 body.items[].status all_held",
    ),
    (
        _remove_member_of_request,
        Kind.REMOVED_ENUM_MEMBER,
        "GET /v1/admin/events/{event_id}/sales query.format csv",
    ),
    (_demand_field, Kind.NEW_REQUIRED_FIELD, f"POST {ORDERS} body.customer.name"),
    (_demand_new_field, Kind.NEW_REQUIRED_FIELD, f"POST {ORDERS} body.lines[].seat"),
    (_demand_body, Kind.NEW_REQUIRED_FIELD, f"POST {ORDER}/release body"),
    (_refuse_field, Kind.REMOVED_PROPERTY, f"POST {ORDERS} body.confirm"),
    (
        _lower_bound,
        Kind.NARROWED_REQUEST,
        f"POST {ORDERS} body.lines[].quantity: maximum 100 is 10",
    ),
    (_raise_bound, Kind.NARROWED_REQUEST, f"POST {ORDERS} body.lines: minItems 1 is 2"),
    (
        _new_bound,
        Kind.NARROWED_REQUEST,
        f"POST {ORDERS} body.customer.email: pattern None is example",
    ),
    (
        _refuse_null,
        Kind.NARROWED_REQUEST,
        "PATCH /v1/admin/events/{event_id}/ticket-types/{ticket_type} body.on_sale_from: null",
    ),
    (_refuse_number, Kind.NARROWED_REQUEST, f"POST {ORDERS} body.lines[].quantity: integer"),
]


@pytest.mark.parametrize(
    ("plant", "kind", "what"), BREAKING, ids=[plant.__name__[1:] for plant, _, _ in BREAKING]
)
def test_a_planted_break_is_called_by_its_name(
    plant: Callable[[Document], None], kind: Kind, what: str
) -> None:
    before, after = _document(), _document()
    plant(after)
    found = breaking_changes(before, after)
    assert f"{kind} {what}" in [str(each) for each in found], [str(each) for each in found]


def test_every_kind_is_planted() -> None:
    assert {kind for _, kind, _ in BREAKING} == set(Kind)


def _add_operation(document: Document) -> None:
    document["paths"]["/v1/news"] = document["paths"]["/v1/events"]


def _add_answered_field(document: Document) -> None:
    schema = _schema(document, "OrderAnswer")
    schema["properties"]["tickets"] = {"type": "integer"}
    schema["required"].append("tickets")


def _add_optional_field(document: Document) -> None:
    _schema(document, "AskedOrder")["properties"]["note"] = {"type": "string"}


def _add_optional_parameter(document: Document) -> None:
    parameter = {"in": "query", "name": "city", "required": False, "schema": {"type": "string"}}
    document["paths"]["/v1/events"]["get"]["parameters"].append(parameter)


def _add_problem_code(document: Document) -> None:
    schema = _place(document)["responses"]["409"]["content"]["application/problem+json"]["schema"]
    schema["oneOf"].append({"$ref": "#/components/schemas/PaymentOpenProblem"})


def _add_error_status(document: Document) -> None:
    _place(document)["responses"]["502"] = _place(document)["responses"]["503"]


def _take_more(document: Document) -> None:
    _schema(document, "AskedLine")["properties"]["quantity"]["maximum"] = 1000
    _schema(document, "AskedCustomer")["required"].remove("email")


def _answer_more_exactly(document: Document) -> None:
    _schema(document, "LineAnswer")["properties"]["quantity"]["minimum"] = 1
    properties = _schema(document, "PlacedOrderAnswer")["properties"]
    properties["confirmed_at"] = properties["confirmed_at"]["anyOf"][0]


def _say_it_better(document: Document) -> None:
    _place(document)["summary"] = "Buy"
    _place(document)["description"] = "Tickets."
    _schema(document, "OrderAnswer")["description"] = "An order."


def _rename_schema(document: Document) -> None:
    """Generated names change, what is sent does not."""
    text = json.dumps(document).replace("LineAnswer", "OrderLine")
    document.update(json.loads(text))


@pytest.mark.parametrize(
    "plant",
    [
        *(_add_operation, _add_answered_field, _add_optional_field, _add_optional_parameter),
        *(_add_problem_code, _add_error_status, _take_more, _answer_more_exactly, _say_it_better),
        _rename_schema,
    ],
    ids=lambda plant: plant.__name__[1:],
)
def test_what_frontends_can_bear_is_no_break(plant: Callable[[Document], None]) -> None:
    before, after = _document(), _document()
    plant(after)
    assert after != before
    assert breaking_changes(before, after) == []


def test_the_same_document_breaks_nothing_and_a_schema_may_hold_itself() -> None:
    document = _document()
    line = _schema(document, "LineAnswer")
    line["properties"]["parts"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/LineAnswer"},
    }
    assert breaking_changes(document, copy.deepcopy(document)) == []
