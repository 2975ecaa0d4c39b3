"""The conformance kit under pytest. A test that asks for `payment_check` runs once for each check:

    @pytest.fixture
    def payment_harness(tmp_path): return AcmeHarness(tmp_path)

    def test_acme_keeps_the_contract(payment_check): payment_check()

`--payment-report FILE` writes what came out as JSON.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from payments.descriptor import API_VERSION
from payments.testing.checking import Check, Result, Verdict, run_check
from payments.testing.conformance import CHECKS
from payments.testing.harness import PaymentHarness

PaymentCheck = Callable[[], None]
"""Runs the check: fails with what does not hold, or skips with the reason."""

_RESULTS = pytest.StashKey[list[tuple[str, Result]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --payment-report."""
    parser.getgroup("taquilla payments").addoption(
        "--payment-report", metavar="FILE", help="write the results of the conformance kit as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begins a list of results."""
    config.stash[_RESULTS] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each check."""
    if "payment_check" in metafunc.fixturenames:
        ids = [f"{each.number}-{each.title.replace(' ', '-')}" for each in CHECKS]
        metafunc.parametrize("payment_check", CHECKS, indirect=True, ids=ids)


@pytest.fixture
def payment_check(request: pytest.FixtureRequest, payment_harness: PaymentHarness) -> PaymentCheck:
    """One check of the kit, on a harness of its own."""
    one: Check = request.param

    def run() -> None:
        __tracebackhide__ = True
        result = run_check(one, payment_harness)
        method_id = payment_harness.method().descriptor.id
        request.config.stash[_RESULTS].append((method_id, result))
        if result.verdict is Verdict.SKIPPED:
            pytest.skip(result.detail)
        if result.verdict is Verdict.FAILED:
            pytest.fail(f"{one}: {result.detail}", pytrace=False)

    return run


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the report, if one is wanted."""
    wanted = session.config.getoption("--payment-report")
    if wanted is None:
        return
    report = {
        "contract": ".".join(str(each) for each in API_VERSION),
        "results": [
            {
                "method": method_id,
                "check": result.check.number,
                "title": result.check.title,
                "verdict": result.verdict.value,
                "detail": result.detail,
            }
            for method_id, result in session.config.stash[_RESULTS]
        ],
    }
    Path(wanted).write_text(json.dumps(report, indent=2) + "\n")
