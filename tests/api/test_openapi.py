"""The OpenAPI document: frontends are generated from it, so what it says is tested as code is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from app.api import write_public_document
from app.api.problems import CODES, TYPE_PREFIX
from tests.api.conftest import Api
from tests.tidy.sources import ROOT

DOCUMENT: dict[str, Any] = json.loads(write_public_document())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
ASK_NOBODY = {"drawTicket", "listKeys", "readHealth"}
"""Operations that need neither Redis nor the ledger."""
JSON, PROBLEM = "application/json", "application/problem+json"

every_operation = pytest.mark.parametrize("where", OPERATIONS)


def test_openapi_json_is_what_the_code_gives() -> None:
    committed = (ROOT / "openapi.json").read_text()
    assert committed == write_public_document(), "write it again: ./taquilla openapi"


def test_the_document_is_the_same_text_in_every_process() -> None:
    program = "from app.api import write_public_document as w; import sys; sys.stdout.write(w())"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "TAQUILLA_ENV": "development"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {write_public_document()}


async def test_the_running_service_shows_the_same_document(api: Api) -> None:
    assert (await api.client.get("/openapi.json")).json() == DOCUMENT


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []


def test_every_tag_is_explained_and_used() -> None:
    explained = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert explained == {tag for operation in OPERATIONS.values() for tag in operation["tags"]}


def test_it_says_where_it_is_served() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]


@every_operation
def test_an_operation_is_summed_up_explained_and_tells_its_errors(where: str) -> None:
    operation = OPERATIONS[where]
    assert operation["summary"]
    assert operation["description"]
    assert "500" in operation["responses"]
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            assert list(response["content"]) == [PROBLEM], status
            codes = _codes(response)
            assert {CODES[code].status for code in codes} == {int(status)}
            assert set(response["content"][PROBLEM]["examples"]) == set(codes)


@every_operation
def test_what_may_be_unavailable_or_unknown_follows_from_the_method(where: str) -> None:
    """A read changes nothing: no answer in time is 503. Whatever may write can be in doubt."""
    operation = OPERATIONS[where]
    codes = {code for each in operation["responses"].values() for code in _codes(each)}
    assert ("unavailable" in codes) == (operation["operationId"] not in ASK_NOBODY)
    assert ("outcome-unknown" in codes) == (not where.startswith("GET "))
    assert ("security" in operation) == ({"unauthenticated", "forbidden"} <= codes)
    assert (JSON in operation.get("requestBody", {}).get("content", {})) == (
        {"malformed", "unsupported-media-type"} <= codes
    )


@every_operation
def test_a_call_that_is_tried_again_says_when(where: str) -> None:
    for status, response in OPERATIONS[where]["responses"].items():
        assert ("Retry-After" in response.get("headers", {})) == (status in {"429", "503", "504"})


def test_secrets_and_keys_are_required_where_they_are() -> None:
    for where, operation in OPERATIONS.items():
        headers = {
            each["name"]: each["required"]
            for each in operation.get("parameters", ())
            if each["in"] == "header" and each["name"] != "If-None-Match"
        }
        assert set(headers.values()) <= {True}, where
        assert ("Order-Token" in headers) == (" /v1/orders/" in where), where
        replays = "Idempotency-Replayed" in operation["responses"].get("201", {}).get("headers", {})
        assert ("Idempotency-Key" in headers) == replays, where
    assert "Idempotency-Replayed" in json.dumps(OPERATIONS["POST /v1/events/{event_id}/orders"])


def test_a_code_has_one_schema_that_no_other_problem_fits() -> None:
    for code, entry in CODES.items():
        name = "".join(word.capitalize() for word in code.split("-")) + "Problem"
        properties = SCHEMAS[name]["properties"]
        assert properties["code"]["const"] == code
        assert properties["type"]["const"] == TYPE_PREFIX + code
        assert properties["status"]["const"] == entry.status
        assert SCHEMAS[name]["required"] == list(properties)


def test_every_field_of_an_answer_is_always_there() -> None:
    for name in _reachable("responses"):
        schema = SCHEMAS[name]
        if schema.get("type") == "object":
            assert set(schema["required"]) == set(schema["properties"]), name


def test_a_field_with_a_default_need_not_be_sent_and_generators_are_not_misled() -> None:
    """openapi-typescript takes what has a `default` for required, in requests too."""
    assert "confirm" not in SCHEMAS["AskedOrder"]["required"]
    for name, schema in SCHEMAS.items():
        for field, each in schema.get("properties", {}).items():
            assert "default" not in each, f"{name}.{field}"
    assert "true" in SCHEMAS["AskedOrder"]["properties"]["confirm"]["description"]


def test_requests_forbid_what_they_do_not_know_and_answers_may_grow() -> None:
    for name in _reachable("requestBody"):
        if SCHEMAS[name].get("type") == "object":
            assert SCHEMAS[name]["additionalProperties"] is False, name
    for name in _reachable("responses"):
        assert SCHEMAS[name].get("additionalProperties") is not False, name


def test_words_of_a_fixed_choice_are_named_types() -> None:
    faults = [
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, each in schema.get("properties", {}).items()
        if "enum" in json.dumps(each)
    ]
    assert faults == []
    assert {"EventState", "LimitKind", "OrderStatus", "PublicStatus"} <= SCHEMAS.keys()


@every_operation
def test_bodies_and_answers_have_examples(where: str) -> None:
    operation = OPERATIONS[where]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        assert content["examples"]
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            assert content.get("examples") or content.get("example"), f"{status} {media_type}"


@every_operation
def test_every_example_is_valid(where: str) -> None:
    found = list(_examples(OPERATIONS[where]))
    assert found
    for schema, example in found:
        whole = {**schema, "components": DOCUMENT["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        faults = [str(fault) for fault in validator.iter_errors(example)]
        assert faults == [], example


def test_an_invalid_example_would_be_found() -> None:
    schema = {"$ref": "#/components/schemas/OrderAnswer", "components": DOCUMENT["components"]}
    (_, example), *_ = [
        found for found in _examples(OPERATIONS["GET /v1/orders/{order_id}"]) if "id" in found[1]
    ]
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert validator.is_valid(example)
    assert not validator.is_valid(example | {"status": "sold"})
    assert not validator.is_valid(example | {"created_at": "yesterday"})
    assert not validator.is_valid({name: example[name] for name in example if name != "lines"})


@every_operation
def test_links_lead_to_operations_and_fill_their_parameters(where: str) -> None:
    targets = {each["operationId"]: each for each in OPERATIONS.values()}
    for response in OPERATIONS[where]["responses"].values():
        for link in response.get("links", {}).values():
            known = {f"{e['in']}.{e['name']}" for e in targets[link["operationId"]]["parameters"]}
            assert link["parameters"].keys() <= known


def _codes(response: dict[str, Any]) -> list[str]:
    """Of one status, as a generator of clients reads them."""
    schema = response.get("content", {}).get(PROBLEM, {}).get("schema")
    if schema is None:
        return []
    alternatives = schema.get("oneOf", [schema])
    codes = [_resolve(each)["properties"]["code"]["const"] for each in alternatives]
    if "oneOf" in schema:
        assert schema["discriminator"]["mapping"] == {
            code: each["$ref"] for code, each in zip(codes, alternatives, strict=True)
        }
    return codes


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    resolved: dict[str, Any] = SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]
    return resolved


def _examples(operation: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """(schema, example) pairs: of parameters, bodies and answers."""
    for parameter in operation.get("parameters", ()):
        if "example" in parameter:
            yield parameter["schema"], parameter["example"]
    for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
        for content in holder.get("content", {}).values():
            for example in content.get("examples", {}).values():
                yield content["schema"], example["value"]
            if "example" in content:
                yield content["schema"], content["example"]


def _reachable(part: str) -> set[str]:
    """Names of the schemas that requests, or answers, are made of."""
    found: set[str] = set()
    text = json.dumps([operation.get(part, {}) for operation in OPERATIONS.values()])
    waiting = set(re.findall(r"#/components/schemas/(\w+)", text))
    while waiting:
        name = waiting.pop()
        found.add(name)
        text = json.dumps(SCHEMAS[name])
        waiting |= set(re.findall(r"#/components/schemas/(\w+)", text)) - found
    return found
