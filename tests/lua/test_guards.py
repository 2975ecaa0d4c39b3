"""Five guards of the scripts, each with the test that is there for it: without the guard, the test
fails by an assertion; with it, the test passes. Both are tried, in processes of their own.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.inventory.scripts import LUA_DIRECTORY
from tests.model.planted_bugs import PlantedBug
from tests.servers.redis import ROOT

pytestmark = pytest.mark.slow

RUN_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Guard:
    """`without`: the scripts with this guard taken out, and nothing else."""

    without: PlantedBug
    test: str


GUARDS = (
    Guard(
        PlantedBug(
            "stock",
            "lib/refuse_stock.lua",
            "if tonumber(stock[1]) < need[pool] then",
            "if false then",
        ),
        "tests/lua/test_place_order.py::test_stock_guard_sells_the_last_unit_once",
    ),
    Guard(
        PlantedBug(
            "customer limit",
            "lib/refuse_customer.lua",
            "if tonumber(has) + line.quantity > tonumber(line.max_per_customer) then",
            "if false then",
        ),
        "tests/lua/test_place_order_again.py"
        "::test_customer_limit_guard_counts_over_all_orders_of_a_customer",
    ),
    Guard(
        PlantedBug(
            "sale window",
            "lib/refuse_window.lua",
            "  for _, line in ipairs(lines) do\n",
            "  for _, line in ipairs({}) do\n",
        ),
        "tests/lua/test_place_order.py"
        "::test_sale_window_guard_sells_from_its_start_until_just_before_its_end",
    ),
    Guard(
        PlantedBug(
            "fingerprint",
            "commands/place_order.lua",
            "if known == fingerprint then",
            "if known then",
        ),
        "tests/lua/test_place_order_again.py"
        "::test_fingerprint_guard_refuses_a_key_that_stands_for_another_wish",
    ),
    Guard(
        PlantedBug(
            "state edge",
            "commands/confirm_order.lua",
            'elseif order.status ~= "held" or order.total ~= "0" then',
            'elseif order.total ~= "0" then',
        ),
        "tests/lua/test_confirm_order.py::test_state_edge_guard_brings_no_released_order_back",
    ),
)


def test_the_tests_of_the_guards_pass_on_the_scripts_as_they_are(tmp_path: Path) -> None:
    tests = [each.test for each in GUARDS]
    outcomes = _run(LUA_DIRECTORY, tests, tmp_path)
    assert set(outcomes.values()) == {"passed"}, outcomes
    for test in tests:
        assert any(_is_of(node, test) for node in outcomes), f"{test} was not run"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.without.name)
def test_without_its_guard_the_test_fails_by_an_assertion(guard: Guard, tmp_path: Path) -> None:
    outcomes = _run(guard.without.plant(tmp_path / "lua"), [guard.test], tmp_path)
    assert outcomes, f"{guard.test} was not run"
    assert set(outcomes.values()) <= {"passed", "AssertionError"}, outcomes
    assert "AssertionError" in outcomes.values(), f"nobody misses the guard: {guard.without.name}"
    print(f"{guard.without.name} -> {guard.test.partition('::')[2]}")


def _run(scripts: Path, tests: list[str], folder: Path) -> dict[str, str]:
    """Node id to "passed", or to what was raised."""
    outcomes = folder / "outcomes.json"
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "tests.lua.other_scripts", "--scripts", scripts, "--outcomes", outcomes),
            *tests,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert outcomes.is_file(), ran.stdout + ran.stderr
    found: dict[str, str] = json.loads(outcomes.read_text())
    return found


def _is_of(node: str, test: str) -> bool:
    return node == test or node.startswith(f"{test}[")
