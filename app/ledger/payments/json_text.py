"""Facts and snapshots as JSON text, and back, exactly.

Plain text, keys sorted, ASCII alone: the same facts are the same text on both databases, and
whatever a provider says (zero bytes, half a surrogate pair, a huge number) can be kept. What could
not be read again is refused before it is written. What is missing in an older text has its default.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

from pydantic import TypeAdapter

from app.runtime.errors import ContractError
from payments import PaymentFacts, Scalar, Snapshot

_Read = TypeVar("_Read")

_FACTS = TypeAdapter(PaymentFacts)
_SNAPSHOT = TypeAdapter(Snapshot)
_SCALARS = TypeAdapter(dict[str, Scalar])


def write_facts(facts: PaymentFacts) -> str:
    """ContractError: a method let something through that is not of its type."""
    return _write_exactly(_FACTS, facts)


def read_facts(text: str) -> PaymentFacts:
    """ContractError: not a text of ours."""
    return _read(_FACTS, text)


def write_snapshot(snapshot: Snapshot) -> str:
    """ContractError as for facts."""
    return _write_exactly(_SNAPSHOT, snapshot)


def write_redacted(snapshot: Snapshot) -> str:
    """For people. Without what only the buyer's browser is to have: where to go, and with which
    fields."""
    return _write(replace(snapshot, next_action=None))


def write_attestation(said: str, evidence: str, snapshot: Snapshot | None) -> str:
    """What a person said, why it is so, and what that makes of the payment."""
    shown = None if snapshot is None else json.loads(write_redacted(snapshot))
    return json.dumps({"said": said, "evidence": evidence, "snapshot": shown}, sort_keys=True)


def read_snapshot(text: str) -> Snapshot:
    """ContractError: not a text of ours."""
    return _read(_SNAPSHOT, text)


def write_scalars(values: Mapping[str, Scalar]) -> str:
    return _write(values)


def read_scalars(text: str) -> Mapping[str, Scalar]:
    """ContractError: not a text of ours."""
    return _read(_SCALARS, text)


def _write_exactly(adapter: TypeAdapter[_Read], value: _Read) -> str:
    text = _write(value)
    if _read(adapter, text) != value:
        raise ContractError("what a provider said would be read as something else")
    return text


def _write(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case frozenset():
            return sorted(str(_plain(each)) for each in value)
        case tuple():
            return [_plain(each) for each in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    raise ContractError(f"{type(value).__name__} is nothing that a payment is made of")


def _read(adapter: TypeAdapter[_Read], text: str) -> _Read:
    try:
        return adapter.validate_python(json.loads(text))
    except ValueError as error:  # of JSON, of pydantic, of a message that cannot be
        raise ContractError(f"not of a payment of ours: {type(error).__name__}") from None
