"""`./taquilla dev`, for real: opens, keeps its data, and leaves nothing running behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from app.runtime.data_directory import redis_socket_path
from tests.flows.conftest import free_ports
from tests.runtime.processes import children_of, is_gone, wait_gone

ROOT = Path(__file__).parents[2]
OPEN_SECONDS = 60.0
GONE_SECONDS = 5.0

pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Dev:
    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    log: Path

    def wait_open(self) -> list[int]:
        """The ids of its children, once it says that it is open."""
        deadline = time.monotonic() + OPEN_SECONDS
        while "Taquilla is open" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return children_of(self.process.pid)

    def redis(self) -> Redis:
        return Redis.from_url(f"unix://{redis_socket_path(self.data_dir)}")


@pytest.fixture
def start_dev(tmp_path: Path) -> Iterator[Callable[..., Dev]]:
    started: list[Dev] = []
    port, internal_port, metrics_port = free_ports(3)

    def start(*arguments: str, data_dir: Path = tmp_path / "data") -> Dev:
        log = tmp_path / f"log-{len(started)}"
        settings = {
            "TAQUILLA_DATA_DIR": str(data_dir),
            "TAQUILLA_HTTP_PORT": str(port),
            "TAQUILLA_INTERNAL_PORT": str(internal_port),
            "TAQUILLA_METRICS_PORT": str(metrics_port),
            "TAQUILLA_API_PROCESSES": "2",
        }
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "dev", *arguments],
                cwd=ROOT,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
            )
        started.append(Dev(process, data_dir, port, log))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            children = children_of(each.process.pid)
            end(each, signal.SIGTERM)
            wait_gone(children, GONE_SECONDS)


def end(dev: Dev, number: signal.Signals) -> int:
    dev.process.send_signal(number)
    return dev.process.wait(GONE_SECONDS)


def test_ctrl_c_ends_everything_and_a_second_run_keeps_the_data_until_fresh(
    start_dev: Callable[..., Dev],
) -> None:
    dev = start_dev()
    children = dev.wait_open()
    assert len(children) == 6, "Redis, two API processes and the internal one, worker, sandbox"
    with urllib.request.urlopen(f"http://127.0.0.1:{dev.port}/readyz", timeout=5) as answer:
        assert answer.status == 200
    shop = f"http://127.0.0.1:{dev.port}/"
    told = dev.log.read_text().partition("Taquilla is open.")[2].split()
    assert told[:2] == ["shop", shop], "the first thing to look at"
    with urllib.request.urlopen(shop, timeout=5) as answer:
        assert b"main.js" in answer.read()
    with dev.redis() as redis:
        redis.set("kept", "yes")
    assert end(dev, signal.SIGINT) == 0
    assert all(is_gone(each) for each in children)
    assert not redis_socket_path(dev.data_dir).parent.exists()

    second = start_dev()
    second.wait_open()
    with second.redis() as redis:
        assert redis.get("kept") == b"yes"
    assert end(second, signal.SIGTERM) == 0

    third = start_dev("--fresh")
    third.wait_open()
    with third.redis() as redis:
        assert redis.get("kept") is None
    assert end(third, signal.SIGINT) == 0


def test_after_a_kill_all_children_go_and_a_new_dev_waits_for_them(
    start_dev: Callable[..., Dev],
) -> None:
    killed = start_dev()
    children = killed.wait_open()
    killed.process.kill()
    heir = start_dev()
    killed.process.wait(GONE_SECONDS)
    wait_gone(children, GONE_SECONDS)
    heir.wait_open()
    assert end(heir, signal.SIGINT) == 0


def test_a_port_in_use_is_said_before_anything_starts(start_dev: Callable[..., Dev]) -> None:
    dev = start_dev()
    dev.wait_open()
    other = start_dev(data_dir=dev.data_dir.with_name("other"))
    assert other.process.wait(OPEN_SECONDS) == 2
    (line,) = other.log.read_text().splitlines()
    assert "in use" in line
    assert "TAQUILLA_HTTP_PORT" in line or "TAQUILLA_METRICS_PORT" in line


def test_fresh_refuses_a_directory_that_is_not_ours(
    start_dev: Callable[..., Dev], tmp_path: Path
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    dev = start_dev("--fresh", data_dir=tmp_path / "thesis")
    assert dev.process.wait(OPEN_SECONDS) == 2
    assert "not made by Taquilla" in dev.log.read_text()
    assert (tmp_path / "thesis" / "chapter").exists()
