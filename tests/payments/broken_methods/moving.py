"""E: wrong with reserved, taken and returned money."""

from dataclasses import replace
from uuid import uuid4

from payments import (
    Cancel,
    Capture,
    Fetch,
    Found,
    Initiate,
    NotFound,
    OutcomeUnknown,
    Refund,
    RemoteStatus,
    RequestRefused,
    Snapshot,
)
from payments.testing.sandbox import Sandbox
from tests.payments.broken_methods.entering import caught_by, look


@caught_by("E1")
class TakesBehindTheAnswer(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        snapshot = await super().initiate(replace(request, capture=True))
        return replace(snapshot, status=RemoteStatus.AUTHORIZED, captured_minor=0)


@caught_by("E2")
class RefusesToTakeTwice(Sandbox):
    async def capture(self, request: Capture) -> Snapshot:
        found = await super().fetch(look(request))
        if isinstance(found, Found) and found.snapshot.captured_minor:
            raise RequestRefused("captured_already")
        return await super().capture(request)


@caught_by("E3")
class TakesALostCaptureForAFailure(Sandbox):
    async def capture(self, request: Capture) -> Snapshot:
        try:
            return await super().capture(request)
        except OutcomeUnknown:
            raise RequestRefused("timeout") from None


@caught_by("E4")
class SaysThatItLetGo(Sandbox):
    async def cancel(self, request: Cancel) -> Snapshot:
        found = await super().fetch(look(request))
        assert isinstance(found, Found)
        return replace(found.snapshot, status=RemoteStatus.CANCELLED)


@caught_by("E6")
class CancelsWhatIsNotThere(Sandbox):
    async def cancel(self, request: Cancel) -> Snapshot:
        try:
            return await super().cancel(request)
        except RequestRefused:
            return Snapshot(
                status=RemoteStatus.CANCELLED,
                provider_payment_id="none",
                reference=request.reference,
                amount=request.amount,
                is_live=False,
            )


@caught_by("E5")
class ForgetsMoneyWhenItCancels(Sandbox):
    async def cancel(self, request: Cancel) -> Snapshot:
        snapshot = await super().cancel(request)
        return replace(snapshot, status=RemoteStatus.CANCELLED, captured_minor=0)


@caught_by("E7")
class TakesRefundsOffWhatItTook(Sandbox):
    async def refund(self, request: Refund) -> Snapshot:
        snapshot = await super().refund(request)
        back = sum(each.amount.amount_minor for each in snapshot.refunds)
        left = snapshot.captured_minor - back
        return replace(snapshot, status=RemoteStatus.PENDING, captured_minor=left)


@caught_by("E8")
class GivesBackUnderANewKeyEachTime(Sandbox):
    async def refund(self, request: Refund) -> Snapshot:
        return await super().refund(replace(request, idempotency_key=uuid4().hex))


@caught_by("E9")
class GivesWhatIsLeft(Sandbox):
    async def refund(self, request: Refund) -> Snapshot:
        try:
            return await super().refund(request)
        except RequestRefused:
            found = await super().fetch(look(request))
            assert isinstance(found, Found)
            return found.snapshot


@caught_by("E10")
class ListsTheLastRefundAlone(Sandbox):
    async def refund(self, request: Refund) -> Snapshot:
        snapshot = await super().refund(request)
        return replace(snapshot, refunds=snapshot.refunds[-1:])


@caught_by("E11")
class ListsNoRefundsWhenItLooks(Sandbox):
    async def fetch(self, request: Fetch) -> Found | NotFound:
        found = await super().fetch(request)
        return Found(replace(found.snapshot, refunds=())) if isinstance(found, Found) else found
