"""The list of methods that are wrong, and what they share."""

from collections.abc import Callable

from payments import Call, Fetch
from payments.testing.sandbox import Sandbox

BROKEN: dict[str, tuple[type[Sandbox], str]] = {}
"""By the name of the class: the class, and the number of the check that must fail."""


def caught_by(number: str) -> Callable[[type[Sandbox]], type[Sandbox]]:
    """Enters a class."""

    def enter(kind: type[Sandbox]) -> type[Sandbox]:
        BROKEN[kind.__name__] = (kind, number)
        return kind

    return enter


def secret_of(method: Sandbox) -> str:
    return method.config.webhook_secrets[0].get_secret_value()


def look(request: Call) -> Fetch:
    return Fetch(
        payment_id=request.payment_id,
        reference=request.reference,
        idempotency_key="",
        provider_payment_id=None,
        amount=request.amount,
    )
