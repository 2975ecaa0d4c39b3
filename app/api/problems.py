"""Every error answer: RFC 9457 problem documents, from one table of codes.

503 and 429 mean that this request changed nothing (an earlier one with the same key may have);
504 means that it may have, and that the same key is safe to send again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.api.problem_members import (
    CapacityMembers,
    ForbiddenMembers,
    HaltedMembers,
    InvalidMembers,
    LimitMembers,
    SaleClosedMembers,
    SoldOutMembers,
    TransitionMembers,
    UnavailableMembers,
)
from app.runtime.errors import DependencyError, OutcomeUnknown, Unavailable

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:taquilla:problem:"
RETRY_AFTER_SECONDS = 1
ERRORS_MAX = 20
"""Of one 422: a body of nonsense must not be answered by a larger one."""
WHERE_CHARACTERS_MAX = 100
SCHEMA_REFERENCE = "#/components/schemas/{model}"

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait before the same request is sent again.",
        "required": True,
        "schema": {"type": "integer"},
    }
}
_CHALLENGE = {
    "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}
}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    401: _CHALLENGE,
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
    504: _RETRY_AFTER,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """`members`: what its answers carry beside the standard members, with an example of each."""

    status: int
    title: str
    members: type[BaseModel] | None = None


CODES: Mapping[str, ProblemCode] = {
    "malformed": ProblemCode(400, "The request cannot be read"),
    "idempotency-key-missing": ProblemCode(400, "The Idempotency-Key header is missing"),
    "unauthenticated": ProblemCode(401, "No valid API key was given"),
    "forbidden": ProblemCode(403, "This API key may not do that", ForbiddenMembers),
    "not-found": ProblemCode(404, "There is nothing here"),
    "method-not-allowed": ProblemCode(405, "This method is not allowed here"),
    "sold-out": ProblemCode(409, "Sold out", SoldOutMembers),
    "limit-exceeded": ProblemCode(409, "A limit would be exceeded", LimitMembers),
    "sale-closed": ProblemCode(409, "Not on sale now", SaleClosedMembers),
    "already-exists": ProblemCode(409, "The id is taken"),
    "capacity-in-use": ProblemCode(409, "Held and sold units do not fit", CapacityMembers),
    "invalid-transition": ProblemCode(409, "Not possible in this state", TransitionMembers),
    "payment-open": ProblemCode(409, "A payment is open"),
    "payment-in-doubt": ProblemCode(409, "It is not known yet whether money was taken"),
    "hold-expired": ProblemCode(410, "The hold has expired"),
    "body-too-large": ProblemCode(413, "The body is too large"),
    "unsupported-media-type": ProblemCode(415, "The body must be application/json"),
    "invalid": ProblemCode(422, "The request is not valid", InvalidMembers),
    "idempotency-key-reused": ProblemCode(422, "The key was used for another request"),
    "method-unavailable": ProblemCode(422, "This order cannot be paid with that"),
    "rate-limited": ProblemCode(429, "Too many requests; nothing was changed"),
    "internal": ProblemCode(500, "Something broke on our side"),
    "unavailable": ProblemCode(
        503, "Not possible right now; nothing was changed", UnavailableMembers
    ),
    "method-halted": ProblemCode(503, "No payment begins this way right now", HaltedMembers),
    "outcome-unknown": ProblemCode(
        504, "No answer in time; send the same request with the same key again"
    ),
}


class ProblemRaised(HTTPException):
    """For the few places that cannot return an answer: reading a body, checking a key."""

    def __init__(self, code: str, detail: str, **members: object) -> None:
        super().__init__(CODES[code].status, detail)
        self.code = code
        self.members = members


def problem(code: str, detail: str, **members: object) -> JSONResponse:
    """`members` stand beside the standard ones; what is retried gets a Retry-After."""
    status = CODES[code].status
    content = {
        "type": TYPE_PREFIX + code,
        "title": CODES[code].title,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    headers = {}
    if status in {429, 503, 504}:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def describe_replay(when: str) -> dict[str, Any]:
    """For OpenAPI: a 201 that may have been given before."""
    return {
        "headers": {
            "Idempotency-Replayed": {
                "description": f"There, and true, when {when}.",
                "schema": {"type": "string", "const": "true"},
            }
        }
    }


def describe_problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the error answers of an operation by status, each with the codes that it may
    have. Every operation may also answer what no operation can rule out."""
    by_status: dict[int, list[str]] = {}
    for code in sorted({*codes, "internal"}):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {status: _describe_status(status, by_status[status]) for status in sorted(by_status)}


def problem_schemas() -> dict[str, Any]:
    """For OpenAPI: one schema a code, so that a frontend tells them apart by `code` and is sure of
    the members."""
    return {name: schema for code in CODES for name, schema in _schemas_of(code).items()}


def _describe_status(status: int, codes: Sequence[str]) -> dict[str, Any]:
    references = {code: {"$ref": _reference(code)} for code in codes}
    schema: dict[str, Any] = next(iter(references.values()))
    if len(codes) > 1:
        mapping = {code: _reference(code) for code in codes}
        schema = {
            "oneOf": list(references.values()),
            "discriminator": {"propertyName": "code", "mapping": mapping},
        }
    examples = {code: {"summary": CODES[code].title, "value": _example_of(code)} for code in codes}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _HEADERS.get(status, {}),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


def _reference(code: str) -> str:
    return SCHEMA_REFERENCE.format(model=_schema_name(code))


def _schema_name(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("-")) + "Problem"


def _schemas_of(code: str) -> dict[str, Any]:
    """Its own, and those that its members refer to."""
    entry = CODES[code]
    members: dict[str, Any] = {}
    if entry.members:
        members = entry.members.model_json_schema(ref_template=SCHEMA_REFERENCE)
    properties = {
        "type": {"type": "string", "const": TYPE_PREFIX + code},
        "title": {"type": "string"},
        "status": {"type": "integer", "const": entry.status},
        "detail": {"type": "string", "description": "For people; may change at any time."},
        "code": {"type": "string", "const": code},
    } | members.get("properties", {})
    schema = {
        "type": "object",
        "description": entry.title + ".",
        "properties": properties,
        "required": list(properties),
    }
    return {_schema_name(code): schema, **members.get("$defs", {})}


def _example_of(code: str) -> dict[str, Any]:
    entry = CODES[code]
    fields = entry.members.model_fields if entry.members else {}
    return {
        "type": TYPE_PREFIX + code,
        "title": entry.title,
        "status": entry.status,
        "detail": entry.title + ".",
        "code": code,
    } | {name: (field.examples or [None])[0] for name, field in fields.items()}


def install_problem_handlers(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """`routers`: those of the application, for saying which methods an address does know."""

    async def answer_http(request: Request, error: Exception) -> JSONResponse:
        answer = _answer_http(error)
        if answer.status_code == 405:
            answer.headers["Allow"] = ", ".join(_methods_of(request.url.path, routers))
        return answer

    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(DependencyError, _answer_dependency_error)


def _methods_of(path: str, routers: Sequence[APIRouter]) -> list[str]:
    """Of all routes of this address: the framework names those of the first one only."""
    methods: set[str] = set()
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.path_regex.match(path):
                methods |= route.methods or set()
    return sorted(methods)


def _answer_http(error: Exception) -> JSONResponse:
    match error:
        case ProblemRaised():
            return problem(error.code, str(error.detail), **error.members)
        case HTTPException(status_code=404):
            return problem("not-found", "There is nothing at this address.")
        case HTTPException(status_code=405):
            return problem("method-not-allowed", "This address does not know this method.")
        case HTTPException(status_code=400):
            return problem("malformed", "The body cannot be read.")
        case _:
            raise error


async def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type alone
    found = error.errors()
    for each in found:
        if each["loc"][:2] == ("header", "Order-Token"):
            return problem("not-found", "Without its Order-Token there is no such order.")
        if each["loc"][:2] == ("header", "Idempotency-Key"):
            if each["type"] == "missing":
                return problem("idempotency-key-missing", "Send a fresh random Idempotency-Key.")
            return problem("malformed", "Idempotency-Key: 16 to 255 visible ASCII characters.")
    errors = [{"where": _where(each["loc"]), "message": each["msg"]} for each in found[:ERRORS_MAX]]
    return problem(
        "invalid", "; ".join(f"{e['where']}: {e['message']}" for e in errors[:3]), errors=errors
    )


def _where(location: Sequence[str | int]) -> str:
    """The name of an unknown field is the sender's, as long as they like."""
    return ".".join(str(part) for part in location)[:WHERE_CHARACTERS_MAX]


async def _answer_dependency_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DependencyError)  # noqa: S101 - for the type alone
    return answer_dependency_error(request.url.path, error)


def answer_dependency_error(path: str, error: DependencyError) -> JSONResponse:
    """The message of the error may name an address or a statement: it is for the log alone."""
    match error:
        case Unavailable(reason=reason):
            log.warning("unavailable", path=path, reason=reason, error=str(error))
            detail = "Nothing was changed. Try again in a moment."
            return problem("unavailable", detail, reason=reason)
        case OutcomeUnknown():
            log.warning("outcome unknown", path=path, error=str(error))
            detail = "It may have been done. The same key is safe to send again."
            return problem("outcome-unknown", detail)
        case _:
            raise error
