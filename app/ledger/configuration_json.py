"""An event's configuration as the JSON text of a draft, and back. Strict: what was not written by
`write_configuration` is a ContractError."""

import orjson
from pydantic import TypeAdapter, ValidationError

from app.domain.events import EventConfiguration
from app.runtime.errors import ContractError

_CONFIGURATION = TypeAdapter(EventConfiguration)


def write_configuration(configuration: EventConfiguration) -> str:
    return orjson.dumps(configuration).decode()


def read_configuration(text: str) -> EventConfiguration:
    try:
        found = _CONFIGURATION.validate_json(text)
    except ValidationError as error:
        raise ContractError(f"not a draft of ours: {error}") from error
    # Finds what was coerced ("600" for 600) and what nobody knows and would be dropped silently.
    if write_configuration(found) != text:
        raise ContractError(f"not a draft of ours, it is not as we write it: {text[:200]}")
    return found
