"""Checks of our own, which Schemathesis runs on every answer; `tests/flows/test_schemathesis.py`
starts it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from app.api.problems import CODES, MEDIA_TYPE, TYPE_PREFIX

REACHED_VARIABLE = "SCHEMATHESIS_REACHED"
"""Names the file that is told which operations answered 2xx."""

OF_NO_OPERATION = {"method-not-allowed": 405}
"""What an address may answer to what the document does not know."""

INTERNALS = re.compile(r"unix:|redis|valkey|sqlite|postgres|asyncpg|Traceback|/tmp/", re.IGNORECASE)
"""What no answer may show, whatever went wrong."""

BEYOND_A_SCHEMA = re.compile(
    "must not contain the character|must not be blank|not a valid email address"
    "|Input should be a valid integer"  # 1.0 is an integer to JSON Schema, not to us
    "|must be later than|must lie between|must be at least|must name one or more|stands twice"
    "|at most max_per_order|one line of printable text|is not an active ISO 4217 code"
    "|there is no ticket type|was never the next"
)
"""Rules that JSON Schema has no words for: valid by the schema, and yet 422."""


@schemathesis.check
def every_error_is_a_known_problem(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """A problem document of our table, with the status of its code, and announced for the
    operation."""
    status = response.status_code
    if status < 400:
        return
    where = f"{case.method} {case.path} {status}"
    media_type = response.headers.get("content-type", [""])[0]
    assert media_type == MEDIA_TYPE, f"{where}: {media_type} is no problem document"
    problem: dict[str, Any] = response.json()
    code = problem["code"]
    assert code in CODES, f"{where}: {code} is not in the table"
    assert problem["type"] == TYPE_PREFIX + code, f"{where}: type {problem['type']} of {code}"
    assert problem["status"] == CODES[code].status == status, f"{where}: {problem}"
    announced = _announced(case.operation.definition.raw, status)
    assert code in announced or OF_NO_OPERATION.get(code) == status, (
        f"{where}: {code} is not announced, only {sorted(announced)}"
    )
    if status >= 500:
        assert not INTERNALS.search(response.text), f"{where} shows internals: {response.text}"


@schemathesis.check
class EveryOperationIsReached:
    """Notes who answered 2xx: the test that runs Schemathesis compares it with the document."""

    def __init__(self) -> None:
        self._reached: set[str] = set()

    def after_response(
        self,
        _: schemathesis.CheckContext,
        response: schemathesis.Response,
        case: schemathesis.Case[Any],
    ) -> None:
        if response.status_code < 300:
            self._reached.add(case.operation.definition.raw["operationId"])

    def after_run(self, _: schemathesis.CheckContext) -> None:
        if path := os.environ.get(REACHED_VARIABLE):
            Path(path).write_text(json.dumps(sorted(self._reached)))


@schemathesis.hook
def filter_failure(
    _: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """False lets it pass: data that is valid by the schema, refused by a rule beyond schemas."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem: dict[str, Any] = response.json()
    match problem["code"]:
        case "idempotency-key-reused" | "hold-expired":
            return False
        case "invalid":
            return not all(BEYOND_A_SCHEMA.search(each["message"]) for each in problem["errors"])
        case _:
            return True


def _announced(operation: dict[str, Any], status: int) -> set[str]:
    response = operation["responses"].get(str(status), {})
    return set(response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))
