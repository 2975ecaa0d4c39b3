"""What stands in the books of the provider double: payments, refunds, notices."""

from dataclasses import dataclass

from payments.messages import RefundStatus, RemoteStatus
from payments.money import Money
from payments.testing.script import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundEntry:
    """`fails_later`: it looks done until somebody looks again."""

    refund_id: str
    provider_refund_id: str
    amount_minor: int
    status: RefundStatus
    fails_later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payment as the provider has it. `is_capture`: taken at once, not reserved first."""

    account: str
    reference: str
    amount: Money
    status: RemoteStatus
    is_capture: bool
    authorized_minor: int = 0
    captured_minor: int = 0
    decline: str | None = None
    return_url: str | None = None
    webhook_url: str = ""
    version: int = 0
    refunds: tuple[RefundEntry, ...] = ()

    @property
    def refunded_minor(self) -> int:
        """What went back for good."""
        done = RefundStatus.SUCCEEDED
        return sum(each.amount_minor for each in self.refunds if each.status is done)

    @property
    def refundable_minor(self) -> int:
        """What was taken and neither went back nor is on its way."""
        failed = RefundStatus.FAILED
        return self.captured_minor - sum(
            each.amount_minor for each in self.refunds if each.status is not failed
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One that the provider sends, `copies_left` times, not before `due_ms`."""

    number: int = 0
    account: str
    reference: str
    event_id: str
    url: str
    body: str
    steps: tuple[Step, ...]
    due_ms: int
    copies_left: int = 1
    tries: int = 0
