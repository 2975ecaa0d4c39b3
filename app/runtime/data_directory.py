"""The data directory (`TAQUILLA_DATA_DIR`): who may use it, what it remembers, how it is forgotten.

README         says that it is ours; without it nothing is ever deleted
lock           flock'ed by `dev` and, through the inherited descriptor, by all its servers
redis/         the data of the embedded Redis; `engine` says which program wrote it
secrets, toggles.json, admin-key, the SQLite ledger     made by those who use them
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.runtime.errors import ConfigurationError

LOCK_WAIT_SECONDS = 10.0
"""A `dev` that was just killed leaves servers that end within 5 seconds."""

_POLL_SECONDS = 0.05
_SOCKET_PATH_BYTES_MAX = 103  # sun_path of macOS, less its final zero; Linux has 107
_README = "Data of a Taquilla on this machine. `./taquilla dev --fresh` deletes all of it.\n"
_KEPT = frozenset({"README", "lock"})


def make_data_directory(path: Path) -> None:
    """Made 0700 and marked as ours, unless it is there. Raises ConfigurationError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(path.iterdir()):
            (path / "README").write_text(_README)
    except OSError as error:
        raise ConfigurationError(f"TAQUILLA_DATA_DIR={path}: {error}") from error


@contextlib.contextmanager
def lock_data_directory(path: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[int]:
    """Gives the locked descriptor: whoever inherits it holds the lock until it ends, so that two
    servers never write the same data. Raises ConfigurationError that says who holds it."""
    make_data_directory(path)
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for_lock(descriptor, path, wait_seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def forget(path: Path) -> None:
    """Deletes everything inside; the caller holds the lock. Raises ConfigurationError for a
    directory that was not made by us."""
    readme = path / "README"
    if not readme.is_file() or readme.read_text() != _README:
        raise ConfigurationError(
            f"TAQUILLA_DATA_DIR={path} was not made by Taquilla (its README does not say so): "
            "it is not deleted. Give another directory, or empty this one yourself."
        )
    for entry in path.iterdir():
        if entry.name in _KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def redis_socket_path(path: Path) -> Path:
    """The same for every process that is given this data directory, and short: a socket's path
    has about 100 bytes, so it cannot stand below a deep checkout."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]
    found = Path(tempfile.gettempdir()) / f"taquilla-{os.getuid()}-{name}" / "redis.sock"
    if len(os.fsencode(found)) > _SOCKET_PATH_BYTES_MAX:
        raise ConfigurationError(
            f"{found} is too long for a unix socket ({_SOCKET_PATH_BYTES_MAX} bytes at most): "
            "set TMPDIR to a shorter folder"
        )
    return found


@contextlib.contextmanager
def redis_socket_folder(path: Path) -> Iterator[Path]:
    """Makes the folder of the socket, private to this user, and removes it in the end. The caller
    holds the lock. The system's temporary folder is everybody's: what stands there is checked."""
    folder = redis_socket_path(path).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_private = found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    if not stat.S_ISDIR(found.st_mode) or not is_private:
        raise ConfigurationError(f"{folder} is not a folder that only this user can enter")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_lock(descriptor: int, path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise ConfigurationError(_who_holds(descriptor, path, wait_seconds)) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _who_holds(descriptor: int, path: Path, wait_seconds: float) -> str:
    holder = os.pread(descriptor, 20, 0).decode(errors="replace")
    who = f"process {holder} (./taquilla dev)"
    if holder.isdigit() and not is_running(int(holder)):
        who = f"servers left over by process {holder}, which is gone"
    return (
        f"TAQUILLA_DATA_DIR={path} is in use by {who}; waited {wait_seconds:g} s. "
        "Stop it, or give another directory."
    )


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
