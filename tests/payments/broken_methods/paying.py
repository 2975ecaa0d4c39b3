"""B: wrong when a buyer pays."""

import asyncio
from dataclasses import replace
from typing import ClassVar

from payments import (
    Capture,
    Descriptor,
    Initiate,
    Money,
    OutcomeUnknown,
    RemoteStatus,
    RequestRefused,
    Snapshot,
    minor_digits_of,
)
from payments.testing.sandbox import Sandbox
from tests.payments.broken_methods.entering import caught_by


@caught_by("B1")
class TakesWhenAskedToReserve(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        return await super().initiate(replace(request, capture=True))


@caught_by("B2")
class TellsOfAnotherReference(Sandbox):
    async def capture(self, request: Capture) -> Snapshot:
        return replace(await super().capture(request), reference="somebody-else")


@caught_by("B2")
class SaysThatTestMoneyIsReal(Sandbox):
    async def capture(self, request: Capture) -> Snapshot:
        return replace(await super().capture(request), is_live=True)


@caught_by("B3")
class RaisesForADecline(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        snapshot = await super().initiate(request)
        if snapshot.status is RemoteStatus.FAILED:
            raise RequestRefused("declined")
        return snapshot


@caught_by("B3")
class DoesNotSayWhyItDeclines(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        return replace(await super().initiate(request), failure=None)


@caught_by("B4")
class CountsYenInCents(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        return await super().initiate(replace(request, amount=self._cents(request.amount)))

    async def capture(self, request: Capture) -> Snapshot:
        return await super().capture(replace(request, amount=self._cents(request.amount)))

    def _cents(self, amount: Money) -> Money:
        return amount * (100 if minor_digits_of(amount.currency) == 0 else 1)


@caught_by("B5")
class SendsWhatIsNotTaken(Sandbox):
    descriptor: ClassVar[Descriptor] = replace(Sandbox.descriptor)

    async def initiate(self, request: Initiate) -> Snapshot:
        if not self.descriptor.accepts(request.amount):
            await super().initiate(replace(request, amount=Money(1, "EUR")))
            raise RequestRefused("amount")
        return await super().initiate(request)


@caught_by("B6")
class TriesAgainByItself(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except OutcomeUnknown:
            return await super().initiate(request)


@caught_by("B7")
class CannotBeGivenUp(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except asyncio.CancelledError:
            raise OutcomeUnknown("cancelled") from None


@caught_by("B7")
class HoldsOnWhenGivenUp(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        call = asyncio.ensure_future(super().initiate(request))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            await call
            raise
