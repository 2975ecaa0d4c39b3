"""Redis streams are a bus, and what is particular to them."""

import pytest

from app.bus import Bus, RedisStreamsBus, encode_slice
from app.runtime.errors import ContractError, Unavailable
from app.runtime.redis_connection import RedisConnection
from tests.contracts.bus import ForgettingBusContract, a_slice, all_of, facts_of, publish
from tests.servers.redis import RedisServer

SHARDS = 4


class TestRedisStreams(ForgettingBusContract):
    @pytest.fixture
    async def bus(self, bytes_connection: RedisConnection) -> Bus:
        await bytes_connection.call("FLUSHALL")
        return RedisStreamsBus(bytes_connection, shards=SHARDS)


@pytest.fixture
async def streams(bytes_connection: RedisConnection) -> RedisStreamsBus:
    await bytes_connection.call("FLUSHALL")
    return RedisStreamsBus(bytes_connection, shards=SHARDS)


async def test_a_partition_goes_to_the_shard_of_its_remainder(streams: RedisStreamsBus) -> None:
    await publish(streams, a_slice(6))

    found = {shard.id: await streams.read(shard.id, None, 10) for shard in await streams.shards()}

    assert [shard for shard, batch in found.items() if batch.facts] == ["02"]
    assert facts_of(found["02"].facts) == all_of(a_slice(6))


async def test_an_empty_read_gives_the_position_back(streams: RedisStreamsBus) -> None:
    assert (await streams.read("00", None, 10)).position is None
    assert (await streams.read("00", "5-1", 10)).position == "5-1"


@pytest.mark.parametrize(
    "fields",
    [("slice", b"not a slice"), ("other", encode_slice(a_slice().facts)), ("slice", b"", "a", "b")],
    ids=["not a slice", "another field", "one more field"],
)
async def test_a_record_that_nobody_of_ours_wrote_stops_the_reader(
    fields: tuple[str | bytes, ...], streams: RedisStreamsBus, bytes_connection: RedisConnection
) -> None:
    await bytes_connection.call("XADD", "{b00}:bus", "*", *fields)

    with pytest.raises(ContractError):
        await streams.read("00", None, 10)


async def test_a_full_server_takes_no_slice(
    streams: RedisStreamsBus, bytes_connection: RedisConnection
) -> None:
    await bytes_connection.call("CONFIG", "SET", "maxmemory", 1)
    try:
        with pytest.raises(Unavailable):
            await publish(streams, a_slice())
    finally:
        await bytes_connection.call("CONFIG", "SET", "maxmemory", 0)

    assert (await streams.read("00", None, 10)).facts == []


async def test_without_a_server_nothing_is_published(redis_server: RedisServer) -> None:
    nowhere = RedisConnection(
        f"{redis_server.url}.none", timeout_seconds=1, connections_max=1, as_text=False
    )

    with pytest.raises(Unavailable):
        await RedisStreamsBus(nowhere, shards=SHARDS).publish([a_slice()])
