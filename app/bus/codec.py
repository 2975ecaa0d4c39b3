"""A fact as a CloudEvent (JSON, version 1.0), and a slice as a compressed JSON array of them.

Never change what a field means: add one, or a new version with a golden file of its own
(`tests/bus/golden`). No personal data passes here: a fact knows a customer_ref only.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from app.bus.bodies import read_body, read_whole, write_body
from app.domain.facts import FACTS, Fact, FactStem, OrderFact, Position, RecordedFact
from app.domain.ids import EventId, Partition
from app.runtime.errors import ContractError

SOURCE = "/taquilla"
TYPE_PREFIX = "taquilla."
SEQUENCE_DIGITS = 20

_FORMAT = JSONFormat()


def encode_fact(fact: Fact) -> bytes:
    """Raises ContractError for a fact that cannot be written, as one of the year 10000."""
    try:
        return _encode(fact)
    except (ValueError, OverflowError) as error:
        raise ContractError(f"fact {fact.id} cannot be written: {error}") from error


def _encode(fact: Fact) -> bytes:
    attributes = {
        "specversion": "1.0",
        "id": fact.id,
        "source": SOURCE,
        "type": f"{TYPE_PREFIX}{type(fact).__name__}.v{fact.SCHEMA_VERSION}",
        "subject": fact.order.id if isinstance(fact, OrderFact) else fact.event_id,
        "time": datetime.fromtimestamp(fact.at_ms / 1000, UTC),
        "datacontenttype": "application/json",
        "partition": fact.partition,
        "epoch": fact.position.epoch,
        "sequence": f"{fact.position.seq:0{SEQUENCE_DIGITS}d}",
    }
    body = {"event_id": fact.event_id, "version": fact.version, **write_body(fact)}
    return _FORMAT.write(CloudEvent(attributes=attributes, data=body))


def decode_fact(text: str | bytes) -> Fact:
    """Raises ContractError for what `encode_fact` cannot have written."""
    try:
        return _decode(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ContractError(f"a fact is not JSON: {error}") from error


def encode_slice(facts: Sequence[Fact]) -> bytes:
    return zlib.compress(b"[" + b",".join(encode_fact(fact) for fact in facts) + b"]", level=1)


def decode_slice(record: bytes) -> list[RecordedFact]:
    """Raises ContractError for what `encode_slice` cannot have written."""
    try:
        events = orjson.loads(zlib.decompress(record))
    except (zlib.error, orjson.JSONDecodeError) as error:
        raise ContractError(f"a record is not a slice: {error}") from error
    if not isinstance(events, list):
        raise ContractError("a record is not a slice: it is not a list of facts")
    return [RecordedFact(_decode(event), orjson.dumps(event).decode()) for event in events]


def _decode(event: Mapping[str, Any]) -> Fact:
    try:
        name, _, version = event["type"].removeprefix(TYPE_PREFIX).partition(".v")
        kind = FACTS[name]
        if int(version) != kind.SCHEMA_VERSION or event["specversion"] != "1.0":
            raise ContractError(f"fact {event['id']} is of version {version}, unknown here")
        body = event["data"]
        stem = FactStem(
            partition=Partition(int(event["partition"])),
            position=Position(int(event["epoch"]), int(event["sequence"])),
            at_ms=round(datetime.fromisoformat(event["time"]).timestamp() * 1000),
            event_id=EventId(body["event_id"]),
            version=read_whole(body["version"]),
        )
        fact = read_body(kind, stem, body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ContractError(
            f"not a fact of ours: {error!r} in {json.dumps(event)[:200]}"
        ) from error
    if fact.id != event["id"]:
        raise ContractError(f"fact {event['id']} says of itself that it is {fact.id}")
    return fact
