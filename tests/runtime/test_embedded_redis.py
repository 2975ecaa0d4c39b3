"""The embedded Redis: which data it may open, and how it is reached."""

from pathlib import Path

import pytest

from app.runtime.embedded_redis import RedisEngine, claim_data, find_engine, redis_url
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings

VALKEY_9 = RedisEngine("valkey", (9, 1, 2), Path("/bin/valkey-server"))
VALKEY_10 = RedisEngine("valkey", (10, 0, 0), Path("/bin/valkey-server"))
REDIS_7 = RedisEngine("redis", (7, 0, 15), Path("/bin/redis-server"))


def test_data_of_another_engine_is_refused_with_both_names(tmp_path: Path) -> None:
    claim_data(tmp_path / "redis", VALKEY_9)
    with pytest.raises(ConfigurationError, match=r"by valkey 9; redis 7\.0\.15 .*cannot read it"):
        claim_data(tmp_path / "redis", REDIS_7)
    claim_data(tmp_path / "redis", VALKEY_9)


def test_a_newer_engine_takes_over_and_the_older_is_then_refused(tmp_path: Path) -> None:
    for engine in (VALKEY_9, VALKEY_10):
        claim_data(tmp_path / "redis", engine)
    with pytest.raises(ConfigurationError, match="valkey 10"):
        claim_data(tmp_path / "redis", VALKEY_9)


def test_an_older_server_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.14 sha=0:0 malloc=libc bits=64'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("app.runtime.embedded_redis._packaged", lambda: None)
    with pytest.raises(ConfigurationError, match="TAQUILLA_REDIS_URL"):
        find_engine()
    old.write_text("#!/bin/sh\necho 'Redis server v=7.0.15 sha=0:0 malloc=libc bits=64'\n")
    assert find_engine() == RedisEngine("redis", (7, 0, 15), old)


def test_production_needs_a_url(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TAQUILLA_REDIS_URL"):
        redis_url(Settings(env="production", data_dir=tmp_path))


def test_the_given_url_wins_over_the_embedded_server(tmp_path: Path) -> None:
    given = Settings(env="development", data_dir=tmp_path, redis_url="redis://db:6379/1")
    assert redis_url(given) == "redis://db:6379/1"


def test_every_process_of_a_data_directory_finds_the_same_socket(tmp_path: Path) -> None:
    data_dir = tmp_path / ("deep" * 40)
    data_dir.mkdir()
    (tmp_path / "alias").symlink_to(data_dir)
    one, other = (
        redis_url(Settings(env="development", data_dir=path))
        for path in (data_dir, tmp_path / "alias")
    )
    assert one == other
    assert len(one) < 108
