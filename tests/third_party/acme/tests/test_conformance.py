"""Acme keeps the contract of payment methods: one test for each check of the kit."""

import pytest
from harness import AcmeHarness

from payments.testing.plugin import PaymentCheck


@pytest.fixture
def payment_harness() -> AcmeHarness:
    return AcmeHarness()


def test_acme_keeps_the_contract(payment_check: PaymentCheck) -> None:
    payment_check()
