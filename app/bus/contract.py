"""What a bus is. Every implementation passes `tests/contracts/bus.py`.

A record on the bus is a slice: some facts of one partition, in order. A partition always goes to
one shard at a time, so whoever reads a shard in order, and its parents before it, sees each
partition in order. A slice may come twice, the second time behind later ones (a writer that got no
answer sends again); for the first time none comes before one that precedes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.facts import Fact, RecordedFact
from app.domain.ids import Partition

SLICE_FACTS_MAX = 500
"""Facts, not bytes: some 100 bytes a fact once compressed, but long names that compress badly can
take ten thousand. A bus whose records are bounded has to cut a slice itself."""


@dataclass(frozen=True, slots=True)
class Slice:
    """1 to SLICE_FACTS_MAX facts of one partition, in order and without a hole."""

    partition: Partition
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Shard:
    """`parents`: shards that must be read to their end before this one may be begun. One that is
    no longer listed is gone, with all that it held."""

    id: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """`position` is where reading goes on, an opaque text; the one that was given if there was
    nothing. That there was nothing now does not mean that nothing is there: a bus may have to be
    read more slowly. `is_ended`: the shard was closed and this was the last of it."""

    facts: Sequence[RecordedFact]
    position: str | None
    is_ended: bool = False
    is_at_end: bool = False
    """For certain: when it was asked, nothing lay on the shard behind `position`."""


class Bus(Protocol):
    """All methods raise Unavailable or OutcomeUnknown (a DependencyError, may be tried again).
    `publish` raises ContractError for a fact that cannot be written, and then has published
    nothing; `read` for a record that nobody of ours wrote. None blocks for long."""

    async def publish(self, slices: Sequence[Slice]) -> Mapping[Partition, int]:
        """Called by the relay, with at most one slice a partition. Returns the partitions that were
        refused, each with how many of its facts, from the first, are on the bus all the same; the
        rest must be sent again, before all that follows. What is not returned is on the bus for
        good."""

    async def shards(self) -> Sequence[Shard]:
        """Called by readers, now and then: shards come and go."""

    async def read(self, shard_id: str, after: str | None, records_max: int) -> Batch:
        """Called by the one owner of a shard. None reads from the oldest record there is."""

    async def keep_from(self, reader: str, shard_id: str, position: str | None) -> None:
        """A reader tells how far it has got, once what it read is safe elsewhere. A bus without a
        retention time of its own may forget what all of its readers have behind them; a reader
        announces itself with None before its first read."""
