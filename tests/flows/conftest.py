"""The service as people run it: `dev`, in processes of its own, on a data directory of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclass
class Service:
    """A running `dev`. `environment` is what the CLI needs to speak to the same one."""

    base_url: str
    environment: dict[str, str]
    data_dir: Path
    process: subprocess.Popen[bytes]

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(self.data_dir / 'admin-key').read_text().strip()}"}

    @property
    def ledger(self) -> Path:
        return self.data_dir / "ledger.sqlite3"

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base_url, timeout=60)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the CLI against this service."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    async def open_event(self, client: httpx.AsyncClient, event_id: str, **changes: Any) -> None:
        body = {
            "id": event_id,
            "name": event_id,
            "starts_at": "2030-06-20T20:00:00Z",
            "currency": "EUR",
            "pools": [{"id": "floor", "capacity": 7}],
            "ticket_types": [{"id": "adult", "name": "Adult", "price": 0, "pools": ["floor"]}],
        } | changes
        created = await client.post("/v1/admin/events", json=body, headers=self.admin)
        assert created.status_code == 201, created.text
        opened = await client.post(f"/v1/admin/events/{event_id}/open", headers=self.admin)
        assert opened.status_code == 200, opened.text


async def until(seconds: float, holds: Any) -> None:
    """Waits for an asynchronous condition of the service, not for time."""
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "did not come about in time"
        await asyncio.sleep(0.05)


@contextmanager
def running_service(data_dir: Path, **environment: str) -> Iterator[Service]:
    ports = iter(free_ports(3))
    env = {
        **os.environ,
        "TAQUILLA_ENV": "development",
        "TAQUILLA_DATA_DIR": str(data_dir),
        "TAQUILLA_HTTP_PORT": str(next(ports)),
        "TAQUILLA_INTERNAL_PORT": str(next(ports)),
        "TAQUILLA_METRICS_PORT": str(next(ports)),
        **environment,
    }
    log = data_dir.parent / f"{data_dir.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "dev"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    service = Service(f"http://127.0.0.1:{env['TAQUILLA_HTTP_PORT']}", env, data_dir, process)
    try:
        _wait_until_open(service, log)
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)


def _wait_until_open(service: Service, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while b"Taquilla is open." not in log.read_bytes():
        assert service.process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With two API processes."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    with running_service(data_dir, TAQUILLA_API_PROCESSES="2") as running:
        yield running
