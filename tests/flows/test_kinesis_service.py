"""The service on Kinesis as it is run in production: `serve` and `worker`, each a process of its
own. The API reads it too, when Redis has started anew: does it hold all that was sold?"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.rollout import catalogue_of, write_development_toggles
from app.runtime.supervisor import EXIT_MISCONFIGURED
from tests.flows.conftest import ROOT, STOP_SECONDS, Service, free_ports, until
from tests.servers.kinesalite import (
    ENVIRONMENT,
    KinesaliteServer,
    a_stream,
    open_shards,
    split_shard,
)
from tests.servers.redis import start_redis

ORDERS = 60


@contextmanager
def _running(
    log: Path, environment: dict[str, str], *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A command of the CLI, until it is asked to end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
        assert process.poll() is None, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


@pytest.fixture
def settings(tmp_path: Path, kinesalite: KinesaliteServer) -> Iterator[dict[str, str]]:
    """What serve and worker have in common: a Redis, a ledger, the address of Kinesis."""
    redis = start_redis(appendonly=True)
    ports = free_ports(2)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TAQUILLA_"))
    }
    try:
        write_development_toggles(tmp_path / "toggles.json", catalogue_of(("hack", "sandbox")))
        yield {
            **clean,
            "TAQUILLA_ENV": "development",
            "TAQUILLA_DATA_DIR": str(tmp_path),
            "TAQUILLA_REDIS_URL": redis.url,
            "TAQUILLA_HTTP_PORT": str(ports[0]),
            "TAQUILLA_METRICS_PORT": str(ports[1]),
            "TAQUILLA_KINESIS_STREAM": "none",
            "TAQUILLA_KINESIS_ENDPOINT_URL": kinesalite.url,
        }
    finally:
        redis.stop()


async def test_orders_placed_over_http_arrive_in_the_ledger_through_kinesis(
    settings: dict[str, str], tmp_path: Path, kinesalite: KinesaliteServer
) -> None:
    _succeed(settings, "db", "upgrade")
    secret = _succeed(settings, "keys", "create", "--organiser", "hall", "--label", "test")
    (tmp_path / "admin-key").write_text(secret)
    async with kinesalite.client() as client, a_stream(client, shards=2) as stream:
        settings["TAQUILLA_KINESIS_STREAM"] = stream
        with (
            _running(tmp_path / "serve.log", settings | ENVIRONMENT, "serve") as process,
            _running(tmp_path / "worker.log", settings | ENVIRONMENT, "worker"),
        ):
            url = f"http://127.0.0.1:{settings['TAQUILLA_HTTP_PORT']}"
            service = Service(url, settings, tmp_path, process)
            async with service.client() as http:
                await until(30, lambda: _is_ready(http))
                await service.open_event(http, "gig", pools=[{"id": "floor", "capacity": 1_000}])
                for number in range(ORDERS):
                    await _order(http, number)
                    if number == ORDERS // 2:
                        (shard, *_) = await open_shards(client, stream)
                        await split_shard(client, stream, shard)
                        assert len(await open_shards(client, stream)) == 3

                async def all_are_reported() -> bool:
                    answer = await http.get("/v1/admin/events/gig/sales", headers=service.admin)
                    return bool(answer.json()["sold"] == ORDERS)

                await until(30, all_are_reported)
            verified = await asyncio.to_thread(service.run, "verify", "gig")
            assert verified.returncode == 0, verified.stdout + verified.stderr
            async with httpx.AsyncClient() as http:
                port = settings["TAQUILLA_METRICS_PORT"]
                metrics = await http.get(f"http://127.0.0.1:{port}/metrics")
            assert 'taquilla_bus_behind_milliseconds{shard="shardId-000000000000"}' in metrics.text


def test_a_worker_without_its_stream_does_not_start(settings: dict[str, str]) -> None:
    _succeed(settings, "db", "upgrade")

    ran = _run(settings | ENVIRONMENT, "worker")

    assert ran.returncode == EXIT_MISCONFIGURED, ran.stdout + ran.stderr
    assert "taquilla: TAQUILLA_KINESIS_STREAM=none: " in ran.stderr, ran.stderr
    assert "Traceback" not in ran.stderr


def _succeed(environment: dict[str, str], *arguments: str) -> str:
    ran = _run(environment, *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def _order(http: httpx.AsyncClient, number: int) -> None:
    answer = await http.post(
        "/v1/events/gig/orders",
        json={
            "customer": {"email": f"buyer{number}@example.com"},
            "lines": [{"ticket_type": "adult", "quantity": 1}],
        },
        headers={"Idempotency-Key": f"key-of-order-{number:06d}"},
    )
    assert answer.status_code == 201, answer.text
