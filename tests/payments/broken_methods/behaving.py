"""G: wrong in a process with others."""

import asyncio
import time
from typing import NoReturn

from payments import (
    Capture,
    Initiate,
    RequestRefused,
    Snapshot,
)
from payments.testing.sandbox import Sandbox
from tests.payments.broken_methods.entering import caught_by
from tests.payments.broken_methods.recovering import RemembersInsteadOfAsking


@caught_by("G1")
class HoldsUpEverybody(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        time.sleep(0.5)  # noqa: ASYNC251 - the fault
        return await super().initiate(request)


@caught_by("G2")
class MixesBuyersUp(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        self._last = request
        await asyncio.sleep(0)
        return await super().initiate(self._last)


@caught_by("G3")
class WantsToHaveBegunIt(RemembersInsteadOfAsking):
    async def capture(self, request: Capture) -> Snapshot:
        if request.reference not in self._known:
            raise RequestRefused("unknown")
        return await super().capture(request)


@caught_by("G4")
class ClosesOnce(Sandbox):
    is_closed = False

    async def aclose(self) -> None:
        if self.is_closed:
            raise RuntimeError("closed already")
        self.is_closed = True


@caught_by("G5")
class CannotBeAsked(Sandbox):
    async def check(self) -> NoReturn:
        raise NotImplementedError
