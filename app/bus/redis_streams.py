"""The bus on Redis streams, the default: one stream a shard, read by cursor, trimmed by the slowest
reader. Readers keep their cursors themselves; no consumer groups, which lose the order."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.bus.codec import decode_slice, encode_slice
from app.bus.contract import Batch, Shard, Slice
from app.domain.ids import Partition
from app.runtime.errors import ContractError
from app.runtime.redis_connection import RedisConnection, Reply

OLDEST: Final = "0-0"

_KEEP_FROM: Final = """#!lua flags=allow-oom
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
local slowest, ms, number = nil, nil, nil
for _, position in ipairs(redis.call("HVALS", KEYS[1])) do
  local its_ms, its_number = string.match(position, "^(%d+)-(%d+)$")
  its_ms, its_number = tonumber(its_ms), tonumber(its_number)
  if not slowest or its_ms < ms or (its_ms == ms and its_number < number) then
    slowest, ms, number = position, its_ms, its_number
  end
end
redis.call("XTRIM", KEYS[2], "MINID", slowest)
"""
"""Notes a reader's position and forgets what all have read. Also when memory is full: a plain HSET
would be refused then, and what could be forgotten would stay."""


class RedisStreamsBus:
    """Partition p goes to shard p % shards, for ever: `shards` must not change while facts are on
    the bus. Positions are stream ids. The connection must answer in bytes."""

    def __init__(self, connection: RedisConnection, *, shards: int) -> None:
        self._connection = connection
        self._shards = shards

    async def publish(self, slices: Sequence[Slice]) -> Mapping[Partition, int]:
        if slices:
            await self._connection.call_many(
                [
                    (
                        *("XADD", _stream(f"{each.partition % self._shards:02d}"), "*"),
                        *("slice", encode_slice(each.facts)),
                    )
                    for each in slices
                ]
            )
        return {}

    async def shards(self) -> Sequence[Shard]:
        return [Shard(f"{each:02d}") for each in range(self._shards)]

    async def read(self, shard_id: str, after: str | None, records_max: int) -> Batch:
        reply = await self._connection.call(
            "XRANGE", _stream(shard_id), f"({after or OLDEST}", "+", "COUNT", records_max
        )
        records = [_record(each) for each in reply] if isinstance(reply, list) else []
        facts = [fact for _, payload in records for fact in decode_slice(payload)]
        position = records[-1][0] if records else after
        return Batch(facts, position, is_at_end=len(records) < records_max)

    async def keep_from(self, reader: str, shard_id: str, position: str | None) -> None:
        await self._connection.call(
            *("EVAL", _KEEP_FROM, 2, _readers(shard_id), _stream(shard_id)),
            *(reader, position or OLDEST),
        )


def _stream(shard_id: str) -> str:
    return f"{{b{shard_id}}}:bus"


def _readers(shard_id: str) -> str:
    return f"{{b{shard_id}}}:readers"


def _record(entry: Reply) -> tuple[str, bytes]:
    match entry:
        case [bytes() as stream_id, [b"slice", bytes() as payload]]:
            return stream_id.decode(), payload
        case _:
            raise ContractError(f"the bus holds {entry!r}, which is not a slice")
