"""The figures can be had, and are refused when something went wrong. No speed is asserted."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest

from app.runtime.embedded_redis import find_engine
from tests.bench import ceiling
from tests.bench.processes import descendants, processor_seconds
from tests.bench.table import Measured, describe
from tests.servers.redis import ROOT, RedisServer, start_redis

PLAN = {"rounds": 3, "orders": 10, "seconds": 1.0, "connections": 2}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = start_redis(appendonly=True)
    asyncio.run(ceiling.open_stock(server))
    yield server
    server.stop()


@pytest.mark.slow
def test_a_tiny_sale_is_measured_three_ways_with_its_machine_and_its_ratios() -> None:
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "app.cli", "bench", "sale"),
            *("--orders", "60", "--seconds", "1", "--rounds", "1"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "cores, Python" in ran.stdout
    assert "appendfsync always" in ran.stdout
    for start in ("script alone: ", "naive seller: ", "ours, TAQUILLA_API_PROCESSES=2"):
        assert any(line.startswith(start) for line in ran.stdout.splitlines())
    assert "of the naive seller's orders/s" in ran.stdout


def test_without_redis_benchmark_our_own_client_pushes_as_many_orders_as_it_says(
    server: RedisServer,
) -> None:
    pushed = ceiling.push_ourselves(server, 300, push_number=0)
    assert pushed.placed == pushed.asked == 256


def test_an_order_that_was_not_placed_is_counted(server: RedisServer) -> None:
    asyncio.run(_pause(server))
    pushed = ceiling.push_ourselves(server, 128, push_number=0)
    assert (pushed.placed, pushed.asked) == (0, 128)


def test_a_second_push_that_draws_the_same_numbers_places_its_own_orders(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for push_number in (1, 2):
        numbers = (UUID(int=number) for number in range(1000))
        monkeypatch.setattr(ceiling, "uuid4", lambda numbers=numbers: next(numbers))
        pushed = ceiling.push_ourselves(server, 128, push_number=push_number)
        assert pushed.placed == pushed.asked == 128


async def _pause(server: RedisServer) -> None:
    async with ceiling.selling(server) as inventory:
        await inventory.events.pause_event(ceiling.EVENT_ID)


def test_figures_are_medians_of_the_rounds() -> None:
    text, is_sound = _describe(
        [_ours(100.0, 500.0), _ours(300.0, 400.0), _ours(200.0, 900.0), *_others()]
    )
    assert is_sound
    row = next(line for line in text.splitlines() if line.startswith("ours, 1"))
    assert row.split()[2:7] == ["200", "-", "-", "-", "500"]
    assert "ours, 1: 2.00 of the naive seller's orders/s, 0.50 of its API time" in text
    assert "0.20 of the ceiling; a core given to the API alone would take 2,000 orders/s" in text


def test_nothing_is_compared_when_a_single_answer_was_wrong() -> None:
    text, is_sound = _describe([_ours(200.0, 500.0, "1 answers were 504"), *_others()])
    assert not is_sound
    assert "ours, 1: 1 answers were 504" in text
    assert "of the naive seller's" not in text


def test_a_busy_neighbour_is_told_of() -> None:
    text, _ = _describe([_ours(200.0, 500.0), *_others()], others=0.5)
    assert "Others used 50% of this machine meanwhile: trust the times per order" in text


def test_the_processor_time_of_a_child_is_seen() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "sum(range(10**7)); print(); input()", "marked"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        (found,) = descendants(os.getpid(), "marked")
        assert found == child.pid
        assert 0.01 < processor_seconds([found]) < 60
        child.communicate(b"\n")


def _describe(measured: list[Measured], others: float = 0.0) -> tuple[str, bool]:
    return describe(measured, find_engine(), PLAN, others)


def _ours(orders_per_second: float, api_us: float, *faults: str) -> Measured:
    return Measured("ours, 1", orders_per_second, api_us=api_us, faults=faults)


def _others() -> list[Measured]:
    return [
        Measured("script alone: x", 1000.0),
        Measured("naive seller: x", 100.0, api_us=1000.0),
    ]
