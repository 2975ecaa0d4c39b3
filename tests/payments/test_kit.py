"""The conformance kit sees what it is there to see: each method that is wrong fails the check that
is about it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import pytest

from payments import Capability, Descriptor, WebhookRequest
from payments.testing import CHECKS, PaymentHarness, Verdict, run_check
from payments.testing.sandbox import Sandbox
from tests.payments.broken_methods import BROKEN
from tests.payments.sandbox.harness import SandboxHarness
from tests.tidy.sources import ROOT

BY_NUMBER = {each.number: each for each in CHECKS}


@pytest.mark.parametrize("name", BROKEN)
def test_a_method_that_is_wrong_fails_the_check_of_its_fault(name: str, tmp_path: Path) -> None:
    kind, number = BROKEN[name]
    result = run_check(BY_NUMBER[number], SandboxHarness(tmp_path, kind))
    assert result.verdict is Verdict.FAILED
    assert result.detail


def test_every_number_and_every_title_stands_once() -> None:
    assert len(BY_NUMBER) == len(CHECKS)
    assert len({each.title for each in CHECKS}) == len(CHECKS)


def test_every_check_is_proven_by_a_method_that_fails_it() -> None:
    """A5 is about the harness and not about the method."""
    assert BY_NUMBER.keys() - {number for _, number in BROKEN.values()} == {"A5"}


class _Plain(Sandbox):
    """Declares nothing that it need not."""

    descriptor: ClassVar[Descriptor] = replace(
        Sandbox.descriptor, capabilities=frozenset({Capability.FETCH})
    )


def test_what_is_not_declared_is_skipped_with_its_reason(tmp_path: Path) -> None:
    results = [
        run_check(each, SandboxHarness(tmp_path, _Plain))
        for each in CHECKS
        if each.number[0] in "DE"
    ]
    assert {each.verdict for each in results} == {Verdict.SKIPPED}
    assert {each.detail for each in results} == {
        f"sandbox does not declare {name}"
        for name in ("AUTHORIZE", "CANCEL", "REFUND", "PARTIAL_REFUND", "WEBHOOKS")
    }


class _Silent(SandboxHarness):
    """Knows no books of refunds, and no notice."""

    def refunded_minor(self, reference: str) -> int:
        return PaymentHarness.refunded_minor(self, reference)

    def notices(
        self, reference: str, *, secret: str | None = None, at: datetime | None = None
    ) -> Sequence[WebhookRequest]:
        return PaymentHarness.notices(self, reference, secret=secret, at=at)


@pytest.mark.parametrize("number", ["D1", "E7"])
def test_what_is_declared_is_never_skipped(number: str, tmp_path: Path) -> None:
    result = run_check(BY_NUMBER[number], _Silent(tmp_path))
    assert result.verdict is Verdict.FAILED
    assert "needs" in result.detail


def test_pytest_names_the_check_that_fails_and_writes_a_report(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        """
import pytest
from tests.payments.broken_methods.behaving import ClosesOnce
from tests.payments.sandbox.harness import SandboxHarness

@pytest.fixture
def payment_harness(tmp_path):
    return SandboxHarness(tmp_path, ClosesOnce)

def test_it(payment_check):
    payment_check()
"""
    )
    report = tmp_path / "report.json"
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "payments.testing.plugin"),
            *("-c", "/dev/null", "--rootdir", str(tmp_path), "-p", "no:cacheprovider"),
            *("--payment-report", str(report), str(tmp_path / "test_it.py")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "G4 it can be closed twice: RuntimeError: closed already" in ran.stdout
    assert "1 failed" in ran.stdout
    results = json.loads(report.read_text())["results"]
    assert [each["check"] for each in results] == [each.number for each in CHECKS]
    assert [each["check"] for each in results if each["verdict"] == "failed"] == ["G4"]
