"""The OpenAPI document: frontends are generated from it, so it is made to be read by a generator.

FastAPI describes the routes. What is done to its document here, and why:

- problems have schemas of their own, one a code, and the framework's own 422 is taken out;
- examples stand at the media type or the parameter, where tools offer them to be tried, and keep
  their nulls, which FastAPI drops;
- a default of a request is told in words: the keyword makes generators of types believe that the
  field is always there, and demand it;
- titles that only repeat the name of a field are left out, and 100.0 is 100.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.api.forms import Page
from app.api.problems import MEDIA_TYPE, describe_problems, problem_schemas
from app.api.rate_limit import counts

TAGS: Sequence[Mapping[str, str]] = (
    {"name": "events", "description": "What is sold, and what is left of it. For everybody."},
    {"name": "orders", "description": "The buyer's path: place, read, confirm, release."},
    {"name": "payments", "description": "Paying for a held order; providers' notices."},
    {"name": "tickets", "description": "Codes of a confirmed order, and what a gate needs."},
    {"name": "admin: events", "description": "Drafts, opening, pausing, closing, changing."},
    {"name": "admin: orders", "description": "Search and cancel the orders of own events."},
    {
        "name": "admin: payments",
        "description": "Search, refund, report: money of own events.",
    },
    {"name": "admin: reports", "description": "Sales, facts, toggles."},
    {"name": "internal", "description": "For the platform that sold before; on its own listener."},
    {"name": "health", "description": "For whoever runs the service."},
)
SERVERS: Sequence[Mapping[str, str]] = (
    {"url": "/", "description": "Where this document was read."},
)

_METHODS = frozenset({"get", "put", "post", "patch", "delete"})
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")

Document = dict[str, Any]


def write_document(app: FastAPI) -> str:
    """As it is committed: the same text for the same code."""
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> Document:
    """`routers`: those of the application, whose models know their examples."""
    used = {tag for router in routers for tag in router.tags}
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[dict(tag) for tag in TAGS if tag["name"] in used],
        servers=[dict(server) for server in SERVERS],
    )
    schemas: Document = document["components"]["schemas"]
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas |= problem_schemas()
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    routes = {
        (route.path_format, method.lower()): route
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    for path, method, operation in operations(document):
        _drop_framework_errors(operation["responses"])
        _add_errors_of_the_edge(path, operation)
        for parameter in operation.get("parameters", ()):
            _lift_example(parameter)
        _lift_examples(operation, routes[path, method])
    for name, schema in schemas.items():
        _tidy_schema(name, schema)
    described: Document = _with_whole_bounds(document)
    return described


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and operation, of all."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method, operation


def _drop_framework_errors(responses: Document) -> None:
    """FastAPI puts its own 422 on every operation that has a parameter; ours has another form."""
    invalid = responses.get("422", {}).get("content", {})
    if set(invalid) == {"application/json"}:
        del responses["422"]


def _add_errors_of_the_edge(path: str, operation: Document) -> None:
    """What the middleware may answer before an operation is asked."""
    edge = ["malformed", "body-too-large"] if "requestBody" in operation else []
    if counts(path):
        edge.append("rate-limited")
    told = [
        code
        for response in operation["responses"].values()
        for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", ())
    ]
    problems = describe_problems(*told, *edge)
    operation["responses"] |= {str(status): answer for status, answer in problems.items()}


def _lift_example(parameter: Document) -> None:
    """/docs fills in what stands at the parameter, not what its schema says."""
    schema = parameter["schema"]
    schema.pop("title", None)
    schema.pop("description", None)  # said by the parameter already
    if examples := schema.pop("examples", None):
        parameter["example"] = examples[0]


def _lift_examples(operation: Document, route: APIRoute) -> None:
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if asked and route.body_field:
        _set_examples(asked, examples_of(route.body_field.field_info.annotation))
    for status, response in operation["responses"].items():
        answered = response.get("content", {}).get("application/json")
        if answered and status.startswith("2"):
            _set_examples(answered, examples_of(route.response_model))


def _set_examples(media_type: Document, examples: Sequence[Any]) -> None:
    if examples and "examples" not in media_type:
        media_type["examples"] = {
            f"example {number}" if number > 1 else "example": {"value": each}
            for number, each in enumerate(examples, 1)
        }


def examples_of(model: object) -> Sequence[Any]:
    """What the model itself declares, nulls and all; a page shows what it is a page of."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ()
    if issubclass(model, Page):
        (item,) = model.__pydantic_generic_metadata__["args"]
        return [{"items": [each], "next": None} for each in examples_of(item)]
    extra = model.model_config.get("json_schema_extra")
    found = extra.get("examples") if isinstance(extra, Mapping) else None
    return found if isinstance(found, list) else ()


def _tidy_schema(name: str, schema: Document) -> None:
    if schema.get("title") == name or "[" in schema.get("title", ""):
        del schema["title"]
    schema.pop("examples", None)  # they stand where the schema is used
    for each in schema.get("properties", {}).values():
        each.pop("title", None)
        if "default" in each:
            _tell_default(each, each.pop("default"))


def _tell_default(schema: Document, default: object) -> None:
    if default is not None:
        words = [schema.get("description"), f"Left out: {json.dumps(default)}."]
        schema["description"] = " ".join(word for word in words if word)


def _with_whole_bounds(value: Any) -> Any:
    """FastAPI keeps every bound as a float, those of integers too."""
    match value:
        case dict():
            return {name: _with_whole_bounds(each) for name, each in value.items()}
        case list():
            return [_with_whole_bounds(each) for each in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
