"""The service on servers of its own: a Redis, a ledger, API processes and a worker, each of which
may be ended by itself, and the provider's books with a courier of its notices.

Where `dev` would start a process anew by itself, the test does: then it knows who was there when.
"""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from app.cli.demo import write_admin_key
from app.ledger import upgrade_ledger
from app.rollout import catalogue_of, write_development_toggles
from app.runtime.payment_methods import SANDBOX_ACCOUNT, sandbox_secret
from app.runtime.secrets import load_secrets
from app.runtime.settings import Settings
from app.wiring import open_api_keys
from payments.testing.books import Books
from payments.testing.provider import Provider
from payments.testing.sandbox import Courier
from payments.testing.script import Queue, parse
from tests.flows.conftest import ROOT, free_ports
from tests.rehearsals.paying.mortal import LIVES
from tests.servers.redis import RedisServer, start_redis

READY_SECONDS = 30.0
STOP_SECONDS = 10.0
COURIER_SECONDS = 0.05
"""Between two rounds of the courier."""


@dataclass
class Running:
    """A process of the stage and where it listens."""

    process: subprocess.Popen[bytes]
    base_url: str
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)

    async def ended(self, seconds: float) -> int:
        """Its exit code; a signal's is negative."""
        return await asyncio.to_thread(self.process.wait, seconds)


@dataclass
class Stage:
    """`public`: the API process that the provider reaches; the first of `apis`."""

    folder: Path
    redis: RedisServer
    settings: Settings
    environment: dict[str, str]
    ports: list[int]
    seed: int
    apis: list[Running] = field(default_factory=list)
    workers: list[Running] = field(default_factory=list)

    @property
    def books(self) -> Books:
        return Books(self.settings.data_dir / "sandbox-books.sqlite")

    @property
    def public(self) -> Running:
        return self.apis[0]

    @property
    def admin(self) -> dict[str, str]:
        text = (self.settings.data_dir / "admin-key").read_text()
        return {"Authorization": f"Bearer {text.strip()}"}

    def client(self, api: Running | None = None) -> httpx.AsyncClient:
        base_url = (api or self.public).base_url
        limits = httpx.Limits(max_connections=200)
        return httpx.AsyncClient(base_url=base_url, timeout=30, limits=limits)

    async def start_api(
        self, at: str = LIVES, *, is_ready: bool = True, **environment: str
    ) -> Running:
        """Ready to sell. The first one takes the port that the provider knows, and so does the one
        that follows it."""
        is_public = not any(each.base_url == self._public_url for each in self.apis)
        port = self.ports[0] if is_public else free_ports(1)[0]
        running = self._spawn("serve", at, {"TAQUILLA_HTTP_PORT": str(port), **environment}, port)
        self.apis.append(running)
        if is_public:
            self.apis.sort(key=lambda each: each.base_url != self._public_url)
        await self._until_ready(running, "/readyz" if is_ready else "/healthz")
        return running

    async def start_worker(self, at: str = LIVES, **environment: str) -> Running:
        port = free_ports(1)[0]
        running = self._spawn(
            "worker", at, {"TAQUILLA_METRICS_PORT": str(port), **environment}, port
        )
        self.workers.append(running)
        if at == LIVES:
            await self._until_ready(running, "/metrics")
        return running

    def end(self, running: Running, *, by: signal.Signals = signal.SIGKILL) -> None:
        """Nobody calls it any more."""
        if running.process.poll() is None:
            running.process.send_signal(by)
            running.process.wait(STOP_SECONDS)
        for each in (self.apis, self.workers):
            if running in each:
                each.remove(running)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the CLI against this stage."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    async def open_event(
        self, client: httpx.AsyncClient, event_id: str, capacity: int, hold_seconds: int
    ) -> None:
        body = {
            "id": event_id,
            "name": event_id,
            "starts_at": "2030-06-20T20:00:00Z",
            "currency": "EUR",
            "pools": [{"id": "floor", "capacity": capacity}],
            "ticket_types": [
                {"id": "adult", "name": "Adult", "price": 2_500, "pools": ["floor"]},
                {"id": "child", "name": "Child", "price": 1_000, "pools": ["floor"]},
            ],
            "hold_seconds": hold_seconds,
        }
        created = await client.post("/v1/admin/events", json=body, headers=self.admin)
        assert created.status_code == 201, created.text
        opened = await client.post(f"/v1/admin/events/{event_id}/open", headers=self.admin)
        assert opened.status_code == 200, opened.text

    def proceed(self, reference: str, word: str) -> None:
        """The buyer, or time, goes on at the provider."""
        provider = Provider(self.books, lambda: datetime.now(UTC))
        provider.proceed(SANDBOX_ACCOUNT, reference, parse(word, Queue.SCRIPT))

    @asynccontextmanager
    async def courier(self, to: Running | None = None) -> AsyncIterator[None]:
        """Delivers what stands in the books meanwhile. `to`: another process than the public."""
        key = sandbox_secret(load_secrets(self.settings)).encode()

        async def carry(client: httpx.AsyncClient) -> None:
            async def send(url: str, headers: Mapping[str, str], body: bytes) -> int:
                if to is not None:
                    url = url.replace(self._public_url, to.base_url)
                try:
                    answer = await client.post(url, headers=dict(headers), content=body)
                except httpx.HTTPError:
                    return 0
                return answer.status_code

            courier = Courier(
                self.books, send, {SANDBOX_ACCOUNT: [key]}, lambda: datetime.now(UTC), self.seed
            )
            while True:
                await courier.step()
                await asyncio.sleep(COURIER_SECONDS)

        async with httpx.AsyncClient(timeout=10) as client:
            carrying = asyncio.create_task(carry(client))
            try:
                yield
            finally:
                carrying.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await carrying

    @property
    def _public_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def _spawn(self, command: str, at: str, environment: Mapping[str, str], port: int) -> Running:
        number = len(list(self.folder.glob("*.log")))
        log = self.folder / f"{number:03d}-{command}-{at}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.rehearsals.paying.mortal", at, command],
                cwd=ROOT,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return Running(process, f"http://127.0.0.1:{port}", log)

    async def _until_ready(self, running: Running, path: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(base_url=running.base_url, timeout=5) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(path)).status_code == 200:
                        return
                assert running.process.poll() is None, running.log.read_text()
                assert time.monotonic() < deadline, running.log.read_text()
                await asyncio.sleep(0.05)

    def close(self) -> None:
        for running in [*self.apis, *self.workers]:
            self.end(running)
        self.redis.stop()


@asynccontextmanager
async def staged(
    folder: Path, *, seed: int | None = None, database_url: str = "", **more: str
) -> AsyncIterator[Stage]:
    """Redis, the ledger and an admin key; no process of the service yet. `database_url` empty:
    SQLite. Prints the seed."""
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    print(f"seed {seed}", flush=True)
    data_dir = folder / "data"
    data_dir.mkdir(parents=True)
    redis = start_redis(appendonly=True)
    ports = free_ports(1)
    given: dict[str, Any] = {
        "env": "development",
        "data_dir": data_dir,
        "redis_url": redis.url,
        "database_url": database_url,
        "log_level": "warning",
        "public_url": f"http://127.0.0.1:{ports[0]}",
    }
    settings = Settings(**given)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TAQUILLA_")},
        **{f"TAQUILLA_{name.upper()}": str(value) for name, value in given.items()},
        **more,
    }
    stage = Stage(folder, redis, settings, environment, ports, seed)
    try:
        await upgrade_ledger(settings.database_url, data_dir)
        async with open_api_keys(settings) as api_keys:
            await write_admin_key(settings, api_keys)
        write_development_toggles(settings.toggles_path, catalogue_of(settings.payment_methods))
        yield stage
    finally:
        stage.close()
