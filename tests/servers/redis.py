"""A real Redis or Valkey for tests: its own folder, a unix socket, gone with the test run.

    server = start_redis()
    ... server.url ...
    server.stop()

Start it from the main thread: the kernel ends it with the thread that spawned it.
"""

import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from app.runtime.embedded_redis import (
    RedisEngine,
    command_line,
    find_engine,
    find_engines,
    why_not_ready,
)
from app.runtime.lifeline import wrapped

ROOT = Path(__file__).parents[2]
READY_SECONDS = 10.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.005


@dataclass(slots=True)
class RedisServer:
    """`url` stays the same over `kill()` and `start()`; the data too, if it is `appendonly`."""

    engine: RedisEngine
    folder: Path
    appendonly: bool
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        return self.folder / "r.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket_path}"

    @property
    def pid(self) -> int:
        assert self.process is not None, "not running"
        return self.process.pid

    def start(self) -> None:
        """Returns when the server answers, its data loaded."""
        assert self.process is None, "runs already"
        arguments = command_line(
            self.engine, self.folder, self.socket_path, appendonly=self.appendonly
        )
        self.process = subprocess.Popen(
            wrapped(arguments), cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + READY_SECONDS
        while reason := why_not_ready(self.url):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{reason}\n{(self.folder / 'server.log').read_text()}")
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """As a crash does: nothing is flushed. `start()` brings back what was on the disk."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def stop(self) -> None:
        """Ends the server and forgets its data. May be called again."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def available_engines() -> list[RedisEngine]:
    """Every engine of this machine, the one that `dev` uses first."""
    return find_engines()


def start_redis(*, appendonly: bool = False, engine: RedisEngine | None = None) -> RedisServer:
    """A running, empty server. `appendonly`: each answer is on the disk first."""
    folder = Path(tempfile.mkdtemp(prefix="taquilla-redis-"))
    server = RedisServer(engine or find_engine(), folder, appendonly)
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    return server
