"""Strict JSON bodies: UTF-8, no key twice, no NaN, not deep; 400 otherwise. Types are strict too,
by the models (`StrictBody`): no unknown field, and `true`, `"2"`, `1.0`, `1e3` are not integers.
"""

import json
import re
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

_STRING = re.compile(rb'"(?:[^"\\]|\\[\s\S])*"?')
"""One that does not end goes on to the end of the body: no going back, no time lost."""
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_ALL_ELSE = bytes(set(range(256)) - set(b"[]{}"))


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
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if body and (media_type != "application/json" or coding != "identity"):
            raise ProblemRaised("unsupported-media-type", "Send application/json, not compressed.")
        return body

    async def json(self) -> Any:
        return read_strict_json(await self.body())


def read_strict_json(body: bytes) -> Any:
    """Raises ProblemRaised("malformed") for everything that is not plain, shallow UTF-8 JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("the body is not UTF-8")
    _refuse_depth(body)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_parse_whole
        )
        if "\\u" in text:
            # A lone surrogate ("\\ud800") is JSON, but cannot be written as UTF-8 again.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (json.JSONDecodeError, UnicodeEncodeError):
        _refuse("the body is not JSON")
    return value


def _refuse_depth(body: bytes) -> None:
    """Before anything is parsed: a parser needs stack for each level. All of it is done by loops in
    C, so that 64 KiB of brackets cost less than a millisecond."""
    if body.count(b"[") + body.count(b"{") <= DEPTH_MAX:
        return  # cannot be deep, whatever stands where; true of every honest order
    nested = _STRING.sub(b"", body).translate(_BRACKETS, _ALL_ELSE)
    for _ in range(DEPTH_MAX):
        outer = nested.replace(b"[]", b"")
        if outer == nested:
            break
        nested = outer
    else:
        if nested:
            _refuse(f"the body nests deeper than {DEPTH_MAX}")
    if nested:
        _refuse("the body is not JSON")


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
