"""Facts and snapshots as JSON text, and back, exactly. Strict: what was not written here is a
ContractError.

Plain text, keys sorted, ASCII alone: the same facts are the same text on both databases, and
whatever a provider says (zero bytes, half a surrogate pair, a huge number) can be kept.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum

from pydantic import TypeAdapter, ValidationError

from app.runtime.errors import ContractError
from payments import NextAction, PaymentFacts, Scalar, Snapshot

_FACTS = TypeAdapter(PaymentFacts)
_SNAPSHOT = TypeAdapter(Snapshot)
_SCALARS = TypeAdapter(dict[str, Scalar])


def write_facts(facts: PaymentFacts) -> str:
    return _write(facts)


def read_facts(text: str) -> PaymentFacts:
    return _read(_FACTS, text)


def write_snapshot(snapshot: Snapshot) -> str:
    return _write(snapshot)


def write_redacted(snapshot: Snapshot) -> str:
    """Without what only the buyer's browser is to have: where to go, and with which fields."""
    if (action := snapshot.next_action) is not None:
        snapshot = replace(snapshot, next_action=NextAction(kind=action.kind))
    return _write(snapshot)


def read_snapshot(text: str) -> Snapshot:
    return _read(_SNAPSHOT, text)


def write_scalars(values: Mapping[str, Scalar]) -> str:
    return _write(values)


def read_scalars(text: str) -> Mapping[str, Scalar]:
    return _read(_SCALARS, text)


def _write(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case frozenset():
            return sorted(_plain(each) for each in value)  # type: ignore[type-var]
        case tuple():
            return [_plain(each) for each in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    raise ContractError(f"{type(value).__name__} is nothing that a payment is made of")


def _read[Read](adapter: TypeAdapter[Read], text: str) -> Read: ...
