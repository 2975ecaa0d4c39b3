"""F: they talk."""

import logging
from dataclasses import replace
from typing import NoReturn

from payments import (
    Capture,
    Initiate,
    OutcomeUnknown,
    Snapshot,
)
from payments.testing.sandbox import Sandbox
from tests.payments.broken_methods.entering import caught_by, secret_of


@caught_by("F1")
class TellsItsSecretInErrors(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except OutcomeUnknown:
            raise OutcomeUnknown(f"Authorization: {secret_of(self)}") from None


@caught_by("F1")
class TellsItsSecretBehindErrors(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            self._connect()
        except ConnectionError:
            return await super().initiate(request)

    def _connect(self) -> NoReturn:
        raise ConnectionError(f"Authorization: {secret_of(self)}")


@caught_by("F1")
class LogsItsSecret(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        logging.getLogger("acme").debug("headers %s", {"Authorization": secret_of(self)})
        return await super().initiate(request)


@caught_by("F1")
class ShowsItsSecret(Sandbox):
    def __repr__(self) -> str:
        return f"ShowsItsSecret({secret_of(self)})"


@caught_by("F2")
class KeepsTheCardAsEvidence(Sandbox):
    async def capture(self, request: Capture) -> Snapshot:
        card = {"paid with": "4111 1111 1111 1111"}
        return replace(await super().capture(request), evidence=card)
