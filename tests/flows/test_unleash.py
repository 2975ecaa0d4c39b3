"""The service on a real Unleash server: a click is felt everywhere, and nobody needs the server to
buy."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.rollout import SELLING_FREE, SELLING_HALT
from tests.flows.conftest import ROOT, Service, free_ports, running_service, until
from tests.flows.crowd import Answer, Connection, connected
from tests.servers.unleash import (
    ADMIN_TOKEN,
    BACKEND_TOKEN,
    ENVIRONMENT,
    UnleashServer,
    start_unleash,
)

FELT_SECONDS = 15.0
ORDERS = 600
KILL_AFTER = 150
BUYERS = 30

pytestmark = pytest.mark.slow


@pytest.fixture
def unleash() -> Iterator[UnleashServer]:
    server = start_unleash()
    yield server
    server.stop()


@pytest.fixture
def selling(unleash: UnleashServer, tmp_path: Path) -> Iterator[Service]:
    """One API process, on toggles that `sync` made and a person clicked."""
    environment = {
        "TAQUILLA_UNLEASH_URL": unleash.url,
        "TAQUILLA_UNLEASH_TOKEN": BACKEND_TOKEN,
        "TAQUILLA_UNLEASH_ADMIN_TOKEN": ADMIN_TOKEN,
    }
    synced = subprocess.run(
        [sys.executable, "-m", "app.cli", "toggles", "sync", "--environment", ENVIRONMENT],
        cwd=ROOT,
        env={**os.environ, **environment, "TAQUILLA_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    print(synced.stdout)
    unleash.admin.switch(SELLING_FREE.name, on=True)
    unleash.admin.wait_until_seen()
    with running_service(tmp_path / "data", **environment) as service:
        yield service


@contextmanager
def another_api(service: Service, **changes: str) -> Iterator[str]:
    """One more API process of this service, with a port of its own; gives its address."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve"],
        cwd=ROOT,
        env={**service.environment, "TAQUILLA_HTTP_PORT": str(port), **changes},
        stdin=subprocess.DEVNULL,
    )
    base_url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while read(f"{base_url}/healthz")[0] != 200:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield base_url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def read(url: str) -> tuple[int, Any]:
    """Status and body; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - ours
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
    except OSError:
        return 0, None


async def buy(base_url: str) -> tuple[int, str | None]:
    """Status and reason of a new buyer's order for the demo."""
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
        answer = await client.post(
            "/v1/events/demo/orders",
            json={
                "customer": {"email": f"{uuid4()}@example.com"},
                "lines": [{"ticket_type": "general", "quantity": 1}],
            },
            headers={"Idempotency-Key": str(uuid4())},
        )
        return answer.status_code, answer.json().get("reason")


async def test_a_click_is_felt_by_every_api_process(
    unleash: UnleashServer, selling: Service
) -> None:
    with another_api(selling) as other:
        processes = (selling.base_url, other)
        clicks = [
            (SELLING_FREE.name, False, (503, SELLING_FREE.name)),
            (SELLING_FREE.name, True, (201, None)),
            (SELLING_HALT.name, True, (503, SELLING_HALT.name)),
            (SELLING_HALT.name, False, (201, None)),
        ]
        for name, on, expected in clicks:
            unleash.admin.switch(name, on=on)
            clicked = time.monotonic()

            async def all_feel_it(expected: tuple[int, str | None] = expected) -> bool:
                return [await buy(each) for each in processes] == [expected] * len(processes)

            await until(FELT_SECONDS, all_feel_it)
            state = "on" if on else "off"
            print(f"{name} {state}: felt by both after {time.monotonic() - clicked:.2f} s")


async def test_no_sale_fails_when_unleash_is_killed_in_the_middle_of_a_rush(
    unleash: UnleashServer, selling: Service
) -> None:
    async with selling.client() as client, connected(selling.base_url, BUYERS) as crowd:
        await selling.open_event(client, "rush", pools=[{"id": "floor", "capacity": ORDERS}])
        answers: list[Answer] = []
        buyers = iter(range(ORDERS))

        async def queue(connection: Connection) -> None:
            for buyer in buyers:
                answers.append(await connection.order("rush", buyer))
                if len(answers) == KILL_AFTER:
                    unleash.kill()
                    assert len(answers) < ORDERS
                # The rush outlasts several questions to the server.
                await asyncio.sleep(0.25 if len(answers) > KILL_AFTER else 0)

        began = time.monotonic()
        await asyncio.gather(*(queue(each) for each in crowd))
        counted = Counter((answer.status, answer.code) for answer in answers)
        print(f"{dict(counted)} in {time.monotonic() - began:.1f} s, killed after {KILL_AFTER}")
        assert counted == {(201, "placed"): ORDERS}
        assert (await client.get("/readyz")).status_code == 200
        text = (await client.get("/metrics")).text
    (missed,) = [line for line in text.splitlines() if 'outcome="unreachable"' in line]
    print(missed)
    assert float(missed.split()[-1]) >= 1


async def test_an_api_that_restarts_without_unleash_sells_on_the_last_payload_or_says_it_has_none(
    unleash: UnleashServer, selling: Service, tmp_path: Path
) -> None:
    with another_api(selling) as before:
        assert await buy(before) == (201, None)
    unleash.kill()
    with another_api(selling) as restarted:
        assert await buy(restarted) == (201, None)

        async def is_ready() -> bool:
            return read(f"{restarted}/readyz")[0] == 200

        await until(10, is_ready)
    kept = list(selling.data_dir.glob("unleash-*.json"))
    assert len(kept) == 1
    kept[0].rename(tmp_path / "put-away.json")
    with another_api(selling) as ignorant:
        assert read(f"{ignorant}/healthz")[0] == 200
        assert await buy(ignorant) == (503, SELLING_FREE.name)
        status, problem = read(f"{ignorant}/readyz")
        assert status == 503
        assert "has never given toggles (unreachable)" in problem["detail"]
        unleash.start()

        async def sells_without_being_touched() -> bool:
            is_ready = read(f"{ignorant}/readyz")[0] == 200
            return is_ready and await buy(ignorant) == (201, None)

        await until(FELT_SECONDS, sells_without_being_touched)
