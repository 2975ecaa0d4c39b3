"""The data directory: one owner at a time, and never deleted by mistake."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runtime.data_directory import (
    forget,
    lock_data_directory,
    make_data_directory,
    redis_socket_folder,
    redis_socket_path,
)
from app.runtime.errors import ConfigurationError

WAITER = "import sys; sys.stdin.read()"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def heir(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that inherited the lock of a `dev` that is over."""
    with lock_data_directory(data_dir) as descriptor:
        process = subprocess.Popen(
            [sys.executable, "-c", WAITER], stdin=subprocess.PIPE, pass_fds=(descriptor,)
        )
    yield process
    process.kill()
    process.communicate(timeout=5)


def test_it_is_private_to_this_user(data_dir: Path) -> None:
    make_data_directory(data_dir)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_the_second_owner_is_told_who_the_first_is(data_dir: Path) -> None:
    with (
        lock_data_directory(data_dir),
        pytest.raises(ConfigurationError, match=rf"in use by process {os.getpid()} "),
        lock_data_directory(data_dir, wait_seconds=0),
    ):
        pass


def test_the_lock_lives_until_the_last_heir_is_gone(
    data_dir: Path, heir: subprocess.Popen[bytes]
) -> None:
    with (
        pytest.raises(ConfigurationError, match="TAQUILLA_DATA_DIR"),
        lock_data_directory(data_dir, wait_seconds=0),
    ):
        pass
    heir.kill()
    heir.wait(5)
    with lock_data_directory(data_dir, wait_seconds=0):
        pass


def test_the_next_owner_waits_for_the_heirs(data_dir: Path, heir: subprocess.Popen[bytes]) -> None:
    ender = threading.Timer(0.2, heir.kill)
    ender.start()
    with lock_data_directory(data_dir, wait_seconds=5):
        assert heir.wait(1) is not None
    ender.join()


def test_forgetting_keeps_the_lock_and_takes_the_rest(data_dir: Path) -> None:
    with lock_data_directory(data_dir):
        (data_dir / "redis").mkdir()
        (data_dir / "redis" / "engine").write_text("valkey 9")
        (data_dir / "secrets").write_text("x")
        (data_dir / "elsewhere").symlink_to("/")
        forget(data_dir)
    assert sorted(each.name for each in data_dir.iterdir()) == ["README", "lock"]


def test_a_directory_of_somebody_else_is_used_but_never_forgotten(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("my thesis")
    with (
        lock_data_directory(tmp_path),
        pytest.raises(ConfigurationError, match="not made by Taquilla"),
    ):
        forget(tmp_path)
    assert (tmp_path / "README").read_text() == "my thesis"


def test_the_folder_of_the_socket_is_private_and_goes_away(data_dir: Path) -> None:
    with redis_socket_folder(data_dir) as folder:
        assert folder == redis_socket_path(data_dir).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder.joinpath("redis.sock").touch()
    assert not folder.exists()


def test_a_folder_that_others_can_enter_is_refused(data_dir: Path) -> None:
    folder = redis_socket_path(data_dir).parent
    folder.mkdir()
    folder.chmod(0o755)
    try:
        with (
            pytest.raises(ConfigurationError, match="only this user"),
            redis_socket_folder(data_dir),
        ):
            pass
    finally:
        folder.rmdir()
