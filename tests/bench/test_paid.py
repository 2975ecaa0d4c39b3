"""The figures of paid checkouts can be had. No speed is asserted."""

import subprocess
import sys

import pytest

from app.runtime.embedded_redis import find_engine
from tests.bench.table import PAID_COLUMNS, Measured, describe
from tests.servers.redis import ROOT


@pytest.mark.slow
@pytest.mark.timeout(170)
def test_a_few_paid_checkouts_are_measured_and_taken_apart() -> None:
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "app.cli", "bench", "paid"),
            *("--orders", "40", "--seconds", "5", "--rounds", "1"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=160,
        check=False,
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "checkouts/s" in ran.stdout
    assert "place and pay, TAQUILLA_API_PROCESSES=2" in ran.stdout
    assert "µs of processor a checkout: API" in ran.stdout
    assert "SQL transaction, write     3.0 times" in ran.stdout


def test_who_works_how_much_is_told_in_shares() -> None:
    plan = {"rounds": 1, "orders": 10, "seconds": 1.0, "connections": 2}
    row = Measured(
        "place and pay", 50.0, api_us=600.0, worker_us=200.0, database_us=100.0, redis_us=100.0
    )
    text, is_sound = describe([row], find_engine(), plan, 0.0, PAID_COLUMNS)
    assert is_sound
    assert "1,000 µs of processor a checkout: API 60%, worker 20%, PostgreSQL 10%" in text
