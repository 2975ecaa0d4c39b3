"""The sandbox keeps the contract that it is a double of."""

from pathlib import Path

import pytest

from payments.testing import PaymentHarness
from payments.testing.plugin import PaymentCheck
from tests.payments.sandbox.harness import SandboxHarness


@pytest.fixture
def payment_harness(tmp_path: Path) -> PaymentHarness:
    return SandboxHarness(tmp_path)


def test_the_sandbox_keeps_the_contract(payment_check: PaymentCheck) -> None:
    payment_check()
