"""`sandbox`: a payment method whose provider is a file of books and does as it is told.

It approves everything, unless a script says otherwise (`payments/testing/script.py`). It passes the
conformance kit like any other method, and cannot be loaded in production.
"""

from payments.testing.sandbox.courier import Courier
from payments.testing.sandbox.method import Sandbox, SandboxConfig
from payments.testing.sandbox.pay_page import PayPage
from payments.testing.sandbox.signing import TOLERANCE_SECONDS, sign, verify

__all__ = ["TOLERANCE_SECONDS", "Courier", "PayPage", "Sandbox", "SandboxConfig", "sign", "verify"]
