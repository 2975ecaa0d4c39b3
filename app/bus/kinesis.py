"""The bus on Amazon Kinesis. A record is a slice, or a piece of one that is too large for a record;
its partition key is the partition's number; positions are sequence numbers.

Which shard a partition goes to follows from `hash_key`, for ever: were it changed while facts are
on the stream, later ones could be read before earlier ones.

Within a request Kinesis keeps no order and may take some records only. So a request holds at most
one record of a partition, and the next one goes when that one is on the stream.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import structlog

from app.bus.codec import decode_slice, encode_slice
from app.bus.contract import Batch, Shard, Slice
from app.bus.kinesis_connection import (
    IteratorExpired,
    KinesisConnection,
    NotFound,
    OutgoingRecord,
    Page,
    Record,
    Throttled,
    open_kinesis,
)
from app.domain.facts import Fact
from app.domain.ids import Partition
from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable
from app.runtime.metrics import BUS_BEHIND_MILLISECONDS, BUS_REFUSALS

log = structlog.get_logger(__name__)

RECORD_BYTES_MAX: Final = 512 * 1024
"""Of the 1 MiB that Kinesis takes: a shard takes 1 MiB in a second, so that a whole one would often
be refused."""
REQUEST_RECORDS_MAX: Final = 500
REQUEST_BYTES_MAX: Final = 720 * 1024
"""Of the 10 MiB that Kinesis takes: in base64 this is just under 1 MiB, which is as much as aiohttp
sends in one go without holding up everybody else."""
PUBLISH_SECONDS_MAX: Final = 0.8
"""After this no further piece is begun: a step of the relay needs time to note what was done."""

READ_RECORDS_MAX: Final = 1_000
READ_SECONDS: Final = 0.25
"""Between two reads of a shard: it answers five in a second, to all of its readers together."""
THROTTLED_SECONDS: Final = 1.0
"""How long a shard that was read too fast refuses to answer; up to five seconds after 10 MiB."""
SHARDS_SECONDS: Final = 10.0
"""How old a list of shards may be. The end of a shard is heard of at once, by reading it."""
RETENTION_MS_MIN: Final = 24 * 3_600_000
"""No stream forgets a record sooner."""


@asynccontextmanager
async def open_kinesis_bus(
    stream: str, *, endpoint_url: str | None, timeout_seconds: float
) -> AsyncIterator["KinesisBus"]:
    """Raises ConfigurationError for a stream that is not there or not ours."""
    async with open_kinesis(
        stream, endpoint_url=endpoint_url, timeout_seconds=timeout_seconds
    ) as connection:
        yield KinesisBus(connection)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The first of what is left of a slice, as one record. `facts` is their count."""

    payload: bytes
    facts: int


@dataclass(slots=True)
class _Reading:
    """How far one shard was fetched. `records` lie behind `position`; `iterator` is behind them,
    None when a new one is needed; `is_fresh` until it has led to a record, `is_from_oldest` if it
    began there and not at the position. `next_at` is on the bus's own clock."""

    position: str | None
    records: deque[Record] = field(default_factory=deque)
    iterator: str | None = None
    is_ended: bool = False
    is_fresh: bool = True
    is_from_oldest: bool = False
    next_at: float = 0.0

    def move_to(self, position: str | None) -> None:
        """Forgets what lies before; everything, if that is not where we are."""
        while self.position != position and self.records:
            self.position = self.records.popleft().sequence
        if self.position != position:
            self.position, self.iterator = position, None
            self.is_ended = self.is_from_oldest = False


class KinesisBus:
    """For one owner of each shard: what was fetched is kept until the owner's position is past it.
    `now` counts seconds from anywhere and never goes back."""

    def __init__(
        self,
        connection: KinesisConnection,
        *,
        read_seconds: float = READ_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._read_seconds = read_seconds
        self._now = now
        self._shards: Sequence[Shard] = ()
        self._shards_until = now()
        self._readings: dict[str, _Reading] = {}

    async def publish(self, slices: Sequence[Slice]) -> Mapping[Partition, int]:
        pieces = {each.partition: deque(_cut(each.facts)) for each in slices}
        taken = dict.fromkeys(pieces, 0)
        until = self._now() + PUBLISH_SECONDS_MAX
        going = set(pieces)
        while going:
            for request in _requests({each: pieces[each][0] for each in sorted(going)}):
                try:
                    refused = await self._put(request)
                except Unavailable:
                    if not any(taken.values()):
                        raise  # nothing is on the stream yet
                    refused = set(request)
                going -= refused
                for each in request.keys() - refused:
                    taken[each] += pieces[each].popleft().facts
            going = {each for each in going if pieces[each]} if self._now() < until else set()
        return {each: taken[each] for each, left in pieces.items() if left}

    async def _put(self, pieces: Mapping[Partition, _Piece]) -> set[Partition]:
        """One request. Answers whose piece was refused."""
        try:
            errors = await self._connection.put(
                [
                    OutgoingRecord(str(each), hash_key(each), piece.payload)
                    for each, piece in pieces.items()
                ]
            )
        except Throttled:
            BUS_REFUSALS.labels("publish").inc()
            raise
        if len(errors) != len(pieces):
            raise OutcomeUnknown(f"{len(pieces)} records were sent, {len(errors)} are answered")
        refused = {each for each, error in zip(pieces, errors, strict=True) if error}
        BUS_REFUSALS.labels("publish").inc(len(refused))
        return refused

    async def shards(self) -> Sequence[Shard]:
        if self._now() >= self._shards_until:
            self._shards = await self._connection.list_shards()
            self._shards_until = self._now() + SHARDS_SECONDS
            for gone in self._readings.keys() - {each.id for each in self._shards}:
                del self._readings[gone]
        return self._shards

    async def read(self, shard_id: str, after: str | None, records_max: int) -> Batch:
        """Answers from what was fetched; fetches when that is used up and the time has come.
        Otherwise there is nothing yet: it never waits."""
        reading = self._readings.setdefault(shard_id, _Reading(after))
        reading.move_to(after)
        is_at_end = False  # of what was fetched a while ago nobody knows
        if not reading.records and not reading.is_ended and self._now() >= reading.next_at:
            reading.next_at = self._now() + self._read_seconds
            is_at_end = await self._fetch(shard_id, reading)
        records = list(islice(reading.records, records_max))
        facts = [fact for each in records for fact in decode_slice(each.payload)]
        is_ended = reading.is_ended and len(records) == len(reading.records)
        is_at_end = is_at_end and len(records) == len(reading.records)
        position = records[-1].sequence if records else after
        return Batch(facts, position, is_ended, is_at_end)

    async def keep_from(self, reader: str, shard_id: str, position: str | None) -> None:
        """Kinesis forgets by age alone."""

    async def _fetch(self, shard_id: str, reading: _Reading) -> bool:
        """Whether nothing lay on the shard behind what was fetched."""
        iterator, reading.iterator = reading.iterator, None
        try:
            if iterator is None:
                iterator, reading.is_fresh = await self._open_iterator(shard_id, reading), True
            page = await self._connection.get(iterator, READ_RECORDS_MAX)
        except Throttled:
            BUS_REFUSALS.labels("read").inc()
            reading.iterator = iterator
            reading.next_at = self._now() + THROTTLED_SECONDS
        except IteratorExpired:
            log.info("an iterator has expired; a new one goes on", shard=shard_id)
        except NotFound:
            self._shards_until = self._now()
            raise
        else:
            self._take(shard_id, reading, page)
            return page.behind_ms == 0
        return False

    async def _open_iterator(self, shard_id: str, reading: _Reading) -> str:
        after = None if reading.is_from_oldest else reading.position
        try:
            return await self._connection.open_iterator(shard_id, after)
        except ContractError as error:
            if after is None:
                raise
            # Forgotten, or of a stream that was made anew. From the oldest nothing can be missed
            # without being noticed: what is known comes again, what is missing leaves a hole.
            log.warning("a position is not known; reading from the oldest", error=str(error))
            reading.is_from_oldest = True
            return await self._connection.open_iterator(shard_id, None)

    def _take(self, shard_id: str, reading: _Reading, page: Page) -> None:
        reading.records.extend(page.records)
        reading.iterator = page.iterator
        if page.iterator is None:
            reading.is_ended = True
            self._shards_until = self._now()
        elif page.records:
            reading.is_fresh = reading.is_from_oldest = False
        elif reading.is_fresh and not reading.is_from_oldest and page.behind_ms >= RETENTION_MS_MIN:
            # An iterator behind a record that is forgotten has been seen to stand still for ever.
            reading.iterator, reading.is_from_oldest = None, True
        BUS_BEHIND_MILLISECONDS.labels(shard_id).set(0 if reading.is_ended else page.behind_ms)


def hash_key(partition: Partition) -> int:
    """Spreads partitions evenly over 2, 4, 8, ... equal shards: its bits in reverse order, as a
    fraction of 2^128. The MD5 that Kinesis would take puts 13 of 16 numbers into one half."""
    return int(f"{partition:016b}"[::-1], 2) << 112


def _cut(facts: Sequence[Fact]) -> list[_Piece]:
    """Raises ContractError for a fact that is too large for a record."""
    payload = encode_slice(facts)
    if len(payload) <= RECORD_BYTES_MAX:
        return [_Piece(payload, len(facts))]
    if len(facts) == 1:
        raise ContractError(f"fact {facts[0].id} is {len(payload)} bytes, too large for a record")
    half = len(facts) // 2
    return _cut(facts[:half]) + _cut(facts[half:])


def _requests(pieces: Mapping[Partition, _Piece]) -> Iterator[dict[Partition, _Piece]]:
    """As few requests as their bounds allow."""
    request: dict[Partition, _Piece] = {}
    room = REQUEST_BYTES_MAX
    for partition, piece in pieces.items():
        size = len(piece.payload)
        if size > room or len(request) == REQUEST_RECORDS_MAX:
            yield request
            request, room = {}, REQUEST_BYTES_MAX
        request[partition] = piece
        room -= size
    if request:
        yield request
