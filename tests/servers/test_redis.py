"""The Redis of the tests is a real one, and leaves nothing behind."""

from collections.abc import Iterator

import pytest
from redis import Redis

from app.runtime.embedded_redis import RedisEngine
from tests.servers.redis import RedisServer, available_engines, start_redis


@pytest.fixture(params=available_engines(), ids=lambda engine: f"{engine.name}-{engine.version[0]}")
def durable(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    engine: RedisEngine = request.param
    server = start_redis(appendonly=True, engine=engine)
    yield server
    server.stop()


def test_an_acknowledged_write_survives_a_crash(durable: RedisServer) -> None:
    with Redis.from_url(durable.url) as client:
        client.set("answer", 42)
    durable.kill()
    durable.start()
    with Redis.from_url(durable.url) as client:
        assert client.get("answer") == b"42"


def test_stopping_leaves_no_process_and_no_folder() -> None:
    server = start_redis()
    process = server.process
    server.stop()
    assert process is not None
    assert process.returncode is not None
    assert not server.folder.exists()
