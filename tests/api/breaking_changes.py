"""What a later OpenAPI document takes away from frontends that were generated from an earlier one.

    for change in breaking_changes(before, after):
        print(change)          # removed-property POST /v1/events/{event_id}/orders 201 body.token

What is asked may only become more liberal, what is answered only more exact; one walk over two
schemas tells both, with a side. Not breaking: new operations, optional fields, fields of answers,
error statuses and problem codes (a frontend treats a code that it does not know by its status).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]

_METHODS = ("get", "put", "post", "patch", "delete")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems")


class Kind(StrEnum):
    REMOVED_PATH = "removed-path"
    REMOVED_OPERATION = "removed-operation"
    CHANGED_OPERATION_ID = "changed-operation-id"
    NEW_SECURITY = "new-security"
    REMOVED_PARAMETER = "removed-parameter"
    NEW_REQUIRED_PARAMETER = "new-required-parameter"
    REMOVED_MEDIA_TYPE = "removed-media-type"
    REMOVED_HEADER = "removed-header"
    REMOVED_STATUS = "removed-status"
    NEW_STATUS = "new-status"
    REMOVED_PROBLEM_CODE = "removed-problem-code"
    REMOVED_PROPERTY = "removed-property"
    REMOVED_ENUM_MEMBER = "removed-enum-member"
    NEW_REQUIRED_FIELD = "new-required-field"
    NARROWED_REQUEST = "narrowed-request"
    WIDENED_ANSWER = "widened-answer"


@dataclass(frozen=True, order=True)
class Change:
    """`what`: the operation, then the part of it, then what became of it."""

    kind: Kind
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"


def breaking_changes(before: Schema, after: Schema) -> list[Change]:
    return sorted(set(_Comparison(before, after).changes()))


@dataclass(frozen=True)
class _Comparison:
    before: Schema
    after: Schema

    def changes(self) -> Iterator[Change]:
        for path, old_item in self.before["paths"].items():
            new_item = self.after["paths"].get(path)
            if new_item is None:
                yield Change(Kind.REMOVED_PATH, path)
                continue
            for method in _METHODS:
                if method not in old_item:
                    continue
                where = f"{method.upper()} {path}"
                if method not in new_item:
                    yield Change(Kind.REMOVED_OPERATION, where)
                else:
                    yield from self._operation(where, old_item[method], new_item[method])

    def _operation(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        if old["operationId"] != new["operationId"]:
            change = f"{where} {old['operationId']} is {new['operationId']}"
            yield Change(Kind.CHANGED_OPERATION_ID, change)
        for needed in _security(new) - _security(old):
            yield Change(Kind.NEW_SECURITY, f"{where} {needed}")
        yield from self._parameters(where, old, new)
        yield from self._body(where, old.get("requestBody", {}), new.get("requestBody", {}))
        for status, old_response in old["responses"].items():
            if status in new["responses"]:
                yield from self._response(
                    f"{where} {status}", old_response, new["responses"][status]
                )
            else:
                yield Change(Kind.REMOVED_STATUS, f"{where} {status}")
        for status in new["responses"].keys() - old["responses"].keys():
            if not status.startswith(("4", "5")):
                yield Change(Kind.NEW_STATUS, f"{where} {status}")

    def _parameters(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = (
            {f"{each['in']}.{each['name']}": each for each in operation.get("parameters", ())}
            for operation in (old, new)
        )
        for name in before.keys() - after.keys():
            yield Change(Kind.REMOVED_PARAMETER, f"{where} {name}")
        for name, parameter in after.items():
            if parameter.get("required") and not before.get(name, {}).get("required"):
                yield Change(Kind.NEW_REQUIRED_PARAMETER, f"{where} {name}")
            if name in before:
                walk = _Walk(self, asked=True)
                yield from walk.compare(
                    f"{where} {name}", before[name]["schema"], parameter["schema"]
                )

    def _body(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        if new.get("required") and not old.get("required"):
            yield Change(Kind.NEW_REQUIRED_FIELD, f"{where} body")
        yield from self._content(where, old, new, asked=True)

    def _response(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        headers = new.get("headers", {})
        for name, header in old.get("headers", {}).items():
            if name not in headers:
                yield Change(Kind.REMOVED_HEADER, f"{where} {name}")
                continue
            if header.get("required") and not headers[name].get("required"):
                yield Change(Kind.WIDENED_ANSWER, f"{where} {name}: may be absent")
            walk = _Walk(self, asked=False)
            yield from walk.compare(f"{where} {name}", header["schema"], headers[name]["schema"])
        yield from self._content(where, old, new, asked=False)

    def _content(self, where: str, old: Schema, new: Schema, *, asked: bool) -> Iterator[Change]:
        for media_type, content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield Change(Kind.REMOVED_MEDIA_TYPE, f"{where} {media_type}")
                continue
            after = new["content"][media_type]["schema"]
            yield from _Walk(self, asked=asked).compare(f"{where} body", content["schema"], after)


class _Walk:
    """Over the schemas of one thing that is asked (or answered), before and after."""

    def __init__(self, documents: _Comparison, *, asked: bool) -> None:
        self._documents = documents
        self._asked = asked
        self._kind = Kind.NARROWED_REQUEST if asked else Kind.WIDENED_ANSWER
        self._open: set[tuple[str, str]] = set()

    def compare(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if all(pair):
            if pair in self._open:
                return  # a schema within itself
            self._open.add(pair)
        before = _alternatives(self._documents.before, old)
        after = _alternatives(self._documents.after, new)
        # What the one side promises must be within what the other side takes.
        promised, taken = (before, after) if self._asked else (after, before)
        for key in promised.keys() - taken.keys():
            if not key.startswith("code "):
                yield Change(self._kind, f"{where}: {key}")
        for key in before.keys() - after.keys():
            if key.startswith("code "):
                yield Change(Kind.REMOVED_PROBLEM_CODE, f"{where} {key.removeprefix('code ')}")
        for key in before.keys() & after.keys():
            yield from self._alternative(where, before[key], after[key])
        self._open.discard(pair)

    def _alternative(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        yield from self._members(where, old.get("enum"), new.get("enum"))
        yield from self._bounds(where, old, new)
        if "items" in old and "items" in new:
            yield from self.compare(f"{where}[]", old["items"], new["items"])
        yield from self._properties(where, old, new)

    def _members(
        self, where: str, old: list[Any] | None, new: list[Any] | None
    ) -> Iterator[Change]:
        promised, taken = (old, new) if self._asked else (new, old)
        if taken is not None and promised is None:
            yield Change(self._kind, f"{where}: any value" if not self._asked else f"{where}: enum")
        for member in set(old or ()) - set(new or old or ()):
            yield Change(Kind.REMOVED_ENUM_MEMBER, f"{where} {member}")
        if not self._asked:
            for member in set(new or ()) - set(old or new or ()):
                yield Change(Kind.WIDENED_ANSWER, f"{where}: {member}")

    def _bounds(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        promised, taken = (old, new) if self._asked else (new, old)
        for keywords, sign in ((_LOWER, 1), (_UPPER, -1)):
            for keyword in keywords:
                bound, within = taken.get(keyword), promised.get(keyword)
                if bound is not None and (within is None or sign * bound > sign * within):
                    change = f"{where}: {keyword} {old.get(keyword)} is {new.get(keyword)}"
                    yield Change(self._kind, change)
        for keyword in _EXACT:
            if taken.get(keyword) not in {None, False, promised.get(keyword)}:
                change = f"{where}: {keyword} {old.get(keyword)} is {new.get(keyword)}"
                yield Change(self._kind, change)

    def _properties(self, where: str, old: Schema, new: Schema) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was_needed, is_needed = set(old.get("required", ())), set(new.get("required", ()))
        is_closed = new.get("additionalProperties") is False
        if self._asked:
            for name in is_needed - was_needed:
                yield Change(Kind.NEW_REQUIRED_FIELD, f"{where}.{name}")
            if is_closed and old.get("additionalProperties") is not False:
                yield Change(self._kind, f"{where}: no other properties")
        for name, schema in before.items():
            if name in after:
                yield from self.compare(f"{where}.{name}", schema, after[name])
                if not self._asked and name in was_needed - is_needed:
                    yield Change(self._kind, f"{where}.{name}: may be absent")
            elif is_closed or not self._asked:
                yield Change(Kind.REMOVED_PROPERTY, f"{where}.{name}")


def _alternatives(document: Schema, schema: Schema) -> dict[str, Schema]:
    """The ways of a schema to be satisfied, by type; problems by their code. What only lists values
    of one type is one way, with all of them."""
    schema = _resolve(document, schema)
    found: dict[str, Schema] = {}
    for each in schema.get("anyOf") or schema.get("oneOf") or ():
        for key, alternative in _alternatives(document, each).items():
            found[key] = _merge(found[key], alternative) if key in found else alternative
    if found:
        return found
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    code = schema.get("properties", {}).get("code", {}).get("const")
    if code is not None:
        return {f"code {code}": schema}
    types = schema.get("type", "anything")
    return dict.fromkeys([types] if isinstance(types, str) else types, schema)


def _merge(one: Schema, other: Schema) -> Schema:
    """Only lists of values can be told together; of anything else the first one is compared."""
    if "enum" in one and "enum" in other:
        return {**one, "enum": [*one["enum"], *other["enum"]]}
    return one if "enum" not in one else other


def _resolve(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _security(operation: Schema) -> set[str]:
    return {
        f"{name} {scope}".strip()
        for each in operation.get("security", ())
        for name, scopes in each.items()
        for scope in (scopes or [""])
    }
