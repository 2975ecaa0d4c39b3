"""Strict JSON bodies: UTF-8, no key twice, no NaN, not deep; 400 otherwise. Types are strict too,
by the models (`StrictBody`): no unknown field, and `true`, `"2"`, `1.0`, `1e3` are not integers.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from app.api.problems import ProblemRaised

DEPTH_MAX = 32
DIGITS_MAX = 30
"""Of one number: Python refuses to read beyond 4,300 digits with an error of its own."""


class StrictBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StrictJsonRoute(APIRoute):
    """Reads the body of its operation by `read_strict_json`; 415 for another media type."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        headers = {field.alias.lower() for field in self.dependant.header_params}

        async def handle_strictly(request: Request) -> Response:
            for name in headers:
                if len(request.headers.getlist(name)) > 1:
                    _refuse(f"there is more than one {name.title()}")
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly


class _StrictRequest(Request):
    async def body(self) -> bytes:
        body = await super().body()
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body and media_type != "application/json":
            raise ProblemRaised("unsupported-media-type", "Send the body as application/json.")
        return body

    async def json(self) -> Any:
        return read_strict_json(await self.body())


def read_strict_json(body: bytes) -> Any:
    """Raises ProblemRaised("malformed") for everything that is not plain, shallow UTF-8 JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("the body is not UTF-8")
    if _depth_of(text) > DEPTH_MAX:
        _refuse(f"the body nests deeper than {DEPTH_MAX}")
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_parse_whole
        )
        # A lone surrogate ("\\ud800") is JSON, but cannot be written as UTF-8 again.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (json.JSONDecodeError, UnicodeEncodeError):
        _refuse("the body is not JSON")
    return value


def _depth_of(text: str) -> int:
    """The deepest nesting of brackets outside strings; stops at the first that is too deep."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return 0  # cannot be deep, whatever stands where; true of every honest order
    depth = deepest = 0
    in_string = is_escaped = False
    for character in text:
        if in_string:
            if is_escaped:
                is_escaped = False
            elif character == "\\":
                is_escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEPTH_MAX:
                return deepest
        elif character in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("a key stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")


def _parse_whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        _refuse(f"a number has more than {DIGITS_MAX} digits")
    return int(digits)


def _refuse(detail: str) -> NoReturn:
    raise ProblemRaised("malformed", detail[0].upper() + detail[1:] + ".")
