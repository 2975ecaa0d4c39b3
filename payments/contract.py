"""The contract of a payment method: a pure asynchronous adapter of one provider.

A frozen request goes in; a Snapshot of what the provider says now comes out, or a typed error. A
method has no database, no order, no retry, no toggle and no state: all of that is the service's.
"""
# ruff: noqa: ARG002 - what a method does not override refuses, whatever it was asked

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from payments.descriptor import Capability, Descriptor
from payments.errors import MalformedWebhook, Unsupported
from payments.messages import (
    Cancel,
    Capture,
    Fetch,
    Found,
    Initiate,
    NotFound,
    Refund,
    Snapshot,
    WebhookBatch,
    WebhookRequest,
)


class MethodConfig(BaseModel):
    """What an operator sets for one account. Everything secret is a SecretStr. `webhook_secrets`:
    the newest first, two while they are being changed; with none, no notice is taken in."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Literal["test", "live"]
    webhook_secrets: tuple[SecretStr, ...] = ()


ConfigT_co = TypeVar("ConfigT_co", bound=MethodConfig, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the service hands a method: which account it serves, and what time it is (UTC)."""

    account_id: str
    now: Callable[[], datetime]


class PaymentMethod(Generic[ConfigT_co]):
    """Made once per account and process; may be called by many tasks at once.

    Calls raise PaymentMethodError; anything else that escapes counts as OutcomeUnknown. Each makes
    exactly one request to the provider: repeating is the service's business. A method overrides
    `initiate`, and what its capabilities declare, and nothing that they do not.
    """

    descriptor: ClassVar[Descriptor]
    config_model: ClassVar[type[MethodConfig]]

    def __init__(self, config: ConfigT_co, context: Context) -> None:
        """No I/O here: an account that cannot be reached is still an account."""
        self.config = config
        self.context = context

    async def initiate(self, request: Initiate) -> Snapshot:
        """Begin the payment. A decline is a Snapshot of status FAILED."""
        raise Unsupported("initiate")

    async def capture(self, request: Capture) -> Snapshot:
        """AUTHORIZE: take the reserved money. Once it is taken, taking it again changes nothing."""
        raise Unsupported("capture")

    async def cancel(self, request: Cancel) -> Snapshot:
        """CANCEL: end the attempt. One that has taken money is not cancelled: its snapshot says
        so. One that is not there: RequestRefused."""
        raise Unsupported("cancel")

    async def refund(self, request: Refund) -> Snapshot:
        """REFUND: give money back. The snapshot lists every refund there is. More than is left:
        RequestRefused."""
        raise Unsupported("refund")

    async def fetch(self, request: Fetch) -> Found | NotFound:
        """FETCH: by the provider's id where it is known, otherwise by our reference. Changes
        nothing; a time-out here is an OutcomeUnknown like any other."""
        raise Unsupported("fetch")

    def parse_webhook(self, request: WebhookRequest) -> WebhookBatch:
        """WEBHOOKS: verify the exact bytes against every secret, then read them. No I/O. Raises
        WebhookRejected."""
        raise MalformedWebhook("this method takes no notices")

    async def check(self) -> None:
        """Whether the account could be used now: asked when an operator asks. Raises
        PaymentMethodError."""

    async def aclose(self) -> None:
        """Give back what is open. May be called twice."""


AnyPaymentMethod: TypeAlias = PaymentMethod[MethodConfig]
"""A method, whatever its configuration: what the service holds."""

METHOD_OF: Final[Mapping[Capability, str]] = {
    Capability.AUTHORIZE: "capture",
    Capability.CANCEL: "cancel",
    Capability.REFUND: "refund",
    Capability.FETCH: "fetch",
    Capability.WEBHOOKS: "parse_webhook",
}
"""What a capability obliges a method to override."""


def override_faults(method: type[PaymentMethod[ConfigT_co]]) -> list[str]:
    """Where what a class overrides and what it declares differ."""
    descriptor = method.descriptor
    faults = []
    for capability, name in METHOD_OF.items():
        does, says = _overrides(method, name), descriptor.can(capability)
        if says and not does:
            faults.append(f"it declares {capability.name} and has no {name}")
        if does and not says:
            faults.append(f"it has a {name} and does not declare {capability.name}")
    if not descriptor.is_internal and not _overrides(method, "initiate"):
        faults.append("it has no initiate")
    return faults


def _overrides(method: type[PaymentMethod[ConfigT_co]], name: str) -> bool:
    return getattr(method, name) is not getattr(PaymentMethod, name)
