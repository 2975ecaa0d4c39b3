"""What a payment method raises. A decline is never an error: it is a Snapshot that failed.

PaymentMethodError
├── NotExecuted             certainly nothing happened at the provider
│   ├── RequestRefused      the provider, or the method, refuses the request as it is
│   ├── Misconfigured       credentials or account are wrong
│   ├── Unsupported         the method cannot do that
│   ├── RateLimited         may be sent again, unchanged, after `retry_after_seconds`
│   └── Unreachable         not one byte was sent; may be sent again, unchanged
└── OutcomeUnknown          it may have happened: a time-out, a 500, an answer that cannot be read
    └── KeyConflict         the provider knows the key with other parameters

**Every other exception counts as OutcomeUnknown.** Nothing that is not listed under NotExecuted is
ever taken for "nothing happened": that mistake charges people twice.

WebhookRejected: BadSignature (401), StaleWebhook (401), MalformedWebhook (400)
"""

from typing import ClassVar


class PaymentMethodError(Exception):
    """`code`: a short word for logs and operators; never a secret, never text of the provider."""

    def __init__(self, code: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class NotExecuted(PaymentMethodError):  # noqa: N818 - what is certain, not a suffix
    """Certainly nothing happened at the provider."""


class RequestRefused(NotExecuted):
    """The request is refused as it is; the same again would be refused again."""


class Misconfigured(NotExecuted):
    """Credentials or account are wrong; a person must look."""


class Unsupported(NotExecuted):
    """The method cannot do that."""


class RateLimited(NotExecuted):
    """May be sent again, unchanged, after `retry_after_seconds`."""


class Unreachable(NotExecuted):
    """Not one byte was sent; may be sent again, unchanged."""


class OutcomeUnknown(PaymentMethodError):  # noqa: N818
    """It may have happened."""


class KeyConflict(OutcomeUnknown):
    """The provider knows the idempotency key with other parameters: two of ours disagree."""


class WebhookRejected(Exception):  # noqa: N818
    """A notice that is not taken in."""

    status: ClassVar[int] = 400


class BadSignature(WebhookRejected):
    """No secret of this account signed these bytes."""

    status = 401


class StaleWebhook(WebhookRejected):
    """Signed too long ago, or in the future."""

    status = 401


class MalformedWebhook(WebhookRejected):
    """Signed, and yet it cannot be read."""
