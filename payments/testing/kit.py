"""What a check works with: one payment method, its harness, and requests like the service's."""

from collections.abc import Awaitable
from typing import Final

from payments.contract import AnyPaymentMethod
from payments.descriptor import Capability, CurrencyRule, Descriptor
from payments.messages import (
    Cancel,
    Capture,
    Fetch,
    Found,
    Initiate,
    NotFound,
    Refund,
    RemoteStatus,
    Snapshot,
)
from payments.money import Money, minor_digits_of
from payments.reducer import Expected
from payments.testing.expecting import Violation, expect
from payments.testing.harness import PaymentHarness

_WAITING: Final = frozenset({RemoteStatus.REQUIRES_ACTION, RemoteStatus.PENDING})


class Kit:
    """What a check works with: the harness, one instance of the method, and requests to it."""

    def __init__(self, harness: PaymentHarness) -> None:
        self.harness = harness
        self.method: AnyPaymentMethod = harness.method()

    @property
    def descriptor(self) -> Descriptor:
        """What the method says of itself."""
        return self.method.descriptor

    def amount(self, currency: str | None = None) -> Money:
        """About ten units of the first currency, or of this one, that the provider takes."""
        code = currency or next(iter(self.descriptor.currencies))
        return Money(usual_minor(code, self.descriptor.currencies[code]), code)

    def initiate(self, reference: str, amount: Money | None = None) -> Initiate:
        """A request to begin; the money is reserved first where the method can."""
        return Initiate(
            payment_id=f"pay_{reference}",
            reference=reference,
            idempotency_key=f"{reference}-initiate",
            provider_payment_id=None,
            amount=amount or self.amount(),
            capture=not self.descriptor.can(Capability.AUTHORIZE),
            return_url="https://shop.example/back",
            webhook_url="https://api.example/notices",
            description="2 tickets",
            expires_at=None,
            method_input=self.harness.method_input(),
        )

    def capture(self, begun: Initiate) -> Capture:
        """A request to take all that this one reserved."""
        return Capture(
            payment_id=begun.payment_id,
            reference=begun.reference,
            idempotency_key=f"{begun.reference}-capture",
            provider_payment_id=None,
            amount=begun.amount,
        )

    def cancel(self, begun: Initiate) -> Cancel:
        """A request to end it."""
        return Cancel(
            payment_id=begun.payment_id,
            reference=begun.reference,
            idempotency_key=f"{begun.reference}-cancel",
            provider_payment_id=None,
            amount=begun.amount,
        )

    def refund(self, begun: Initiate, minor: int | None = None, refund_id: str = "rf1") -> Refund:
        """A request to give all of it back, or so much."""
        whole = begun.amount
        return Refund(
            payment_id=begun.payment_id,
            reference=begun.reference,
            idempotency_key=f"{begun.reference}-refund-{refund_id}",
            provider_payment_id=None,
            amount=whole if minor is None else Money(minor, whole.currency),
            refund_id=refund_id,
            reason="requested",
        )

    def fetch(self, begun: Initiate) -> Fetch:
        """A look-up by our reference alone, as after a lost answer."""
        return Fetch(
            payment_id=begun.payment_id,
            reference=begun.reference,
            idempotency_key="",
            provider_payment_id=None,
            amount=begun.amount,
        )

    def expected(self, begun: Initiate) -> Expected:
        """What the service compares snapshots of this payment with."""
        is_live = self.method.config.environment == "live"
        return Expected(amount=begun.amount, reference=begun.reference, is_live=is_live)

    async def begin(self) -> tuple[Initiate, Snapshot]:
        """A payment that the provider has approved: reserved, or taken where it cannot reserve."""
        begun = self.initiate(self.harness.reference())
        snapshot = await self.method.initiate(begun)
        return begun, await self.finished(begun, snapshot)

    async def take(self) -> tuple[Initiate, Snapshot]:
        """A payment whose money was taken."""
        begun, snapshot = await self.begin()
        if self.descriptor.can(Capability.AUTHORIZE):
            snapshot = await self.finished(begun, await self.method.capture(self.capture(begun)))
        expect(
            snapshot.captured_minor == begun.amount.amount_minor,
            f"an approved payment of {begun.amount} says that {snapshot.captured_minor} were taken",
        )
        return begun, snapshot

    async def finished(self, begun: Initiate, snapshot: Snapshot) -> Snapshot:
        """The snapshot after the buyer did what it asks of them."""
        if snapshot.status not in _WAITING:
            return snapshot
        self.harness.finish(begun.reference)
        if self.descriptor.can(Capability.FETCH):
            found = await self.method.fetch(self.fetch(begun))
            if isinstance(found, Found):
                return found.snapshot
        return self.noticed(begun)

    def noticed(self, begun: Initiate) -> Snapshot:
        """What the last notice says."""
        for notice in reversed(self.harness.notices(begun.reference)):
            for event in reversed(self.method.parse_webhook(notice).events):
                if event.snapshot is not None:
                    return event.snapshot
        raise Violation("neither a look-up nor a notice tells of a payment that was approved")

    async def found(self, begun: Initiate, by: AnyPaymentMethod | None = None) -> Snapshot:
        """What a look-up finds. Violation where it finds nothing."""
        answer = await (by or self.method).fetch(self.fetch(begun))
        if isinstance(answer, NotFound):
            raise Violation("fetch finds nothing under the reference of a payment that was made")
        return answer.snapshot

    async def error_of(self, call: Awaitable[object]) -> Exception | None:
        """What a call raised; None where it answered."""
        try:
            await call
        except Exception as error:  # noqa: BLE001 - the check says which one is right
            return error
        return None

    def with_secrets(self, *secrets: str) -> AnyPaymentMethod:
        """The method of an account with these webhook secrets."""
        values = {**dict(self.method.config), "webhook_secrets": secrets}
        config = self.method.config_model.model_validate(values)
        return type(self.method)(config, self.method.context)


def usual_minor(currency: str, rule: CurrencyRule) -> int:
    """About ten units, as the rule allows; divisible where it can be, so that parts are whole."""
    ten = 10 * 10 ** minor_digits_of(currency)
    bounded = min(max(ten, rule.least_minor), rule.most_minor)
    step = rule.multiple_of_minor
    return int(max(bounded // step * step, step))
