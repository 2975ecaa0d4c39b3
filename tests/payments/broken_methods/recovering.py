"""C: wrong when something is lost."""

from dataclasses import replace
from uuid import uuid4

from payments import (
    Context,
    Fetch,
    Found,
    Initiate,
    KeyConflict,
    NotFound,
    OutcomeUnknown,
    PaymentMethodError,
    RateLimited,
    RemoteStatus,
    RequestRefused,
    Snapshot,
    Unreachable,
)
from payments.testing import Books
from payments.testing.sandbox import Sandbox, SandboxConfig
from tests.payments.broken_methods.entering import caught_by, look


class _Guesses(Sandbox):
    """Turns what nobody can know into what it would like to be."""

    def guess(self, request: Initiate, /) -> Snapshot | PaymentMethodError:
        raise NotImplementedError

    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except OutcomeUnknown:
            guess = self.guess(request)
        if isinstance(guess, PaymentMethodError):
            raise guess
        return guess


@caught_by("C1")
class TakesATimeoutForAFailure(_Guesses):
    def guess(self, _: Initiate, /) -> RequestRefused:
        return RequestRefused("timeout")


@caught_by("C2")
class TakesATimeoutForADecline(_Guesses):
    def guess(self, request: Initiate, /) -> Snapshot:
        return Snapshot(
            status=RemoteStatus.FAILED,
            provider_payment_id="none",
            reference=request.reference,
            amount=request.amount,
            is_live=False,
        )


@caught_by("C1")
class TakesALostAnswerForALostRequest(_Guesses):
    def guess(self, _: Initiate, /) -> Unreachable:
        return Unreachable("timeout")


@caught_by("C3")
class FindsByTheProvidersIdAlone(Sandbox):
    async def fetch(self, request: Fetch) -> Found | NotFound:
        return NotFound() if request.provider_payment_id is None else await super().fetch(request)


@caught_by("C3")
class RemembersInsteadOfAsking(Sandbox):
    def __init__(self, config: SandboxConfig, context: Context) -> None:
        super().__init__(config, context)
        self._known: set[str] = set()

    async def initiate(self, request: Initiate) -> Snapshot:
        self._known.add(request.reference)
        return await super().initiate(request)

    async def fetch(self, request: Fetch) -> Found | NotFound:
        return await super().fetch(request) if request.reference in self._known else NotFound()


@caught_by("C4")
class RaisesForWhatIsNotThere(Sandbox):
    async def fetch(self, request: Fetch) -> Found | NotFound:
        found = await super().fetch(request)
        if isinstance(found, NotFound):
            raise RequestRefused("404")
        return found


@caught_by("C5")
class TakesWhenItLooks(Sandbox):
    async def fetch(self, request: Fetch) -> Found | NotFound:
        books = Books(self.config.books_file)
        with books.transaction() as page:
            entry = page.entry("main", request.reference)
            if entry is not None:
                page.write(replace(entry, captured_minor=entry.captured_minor + 1))
        return await super().fetch(request)


@caught_by("C6")
class UsesANewKeyEachTime(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        return await super().initiate(replace(request, idempotency_key=uuid4().hex))


@caught_by("C6")
class ChargesAgain(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        books = Books(self.config.books_file)
        with books.transaction() as page:
            entry = page.entry("main", request.reference)
            if entry is not None:
                page.write(replace(entry, captured_minor=2 * entry.amount.amount_minor))
        return await super().initiate(request)


@caught_by("C7")
class WillNotHearTheSameKeyTwice(Sandbox):
    def __init__(self, config: SandboxConfig, context: Context) -> None:
        super().__init__(config, context)
        self._heard: set[str] = set()

    async def initiate(self, request: Initiate) -> Snapshot:
        if request.idempotency_key in self._heard:
            raise KeyConflict("heard")
        self._heard.add(request.idempotency_key)
        return await super().initiate(request)


@caught_by("C9")
class UsesAKeyOfTheProcess(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        key = f"{request.idempotency_key}-{id(self)}"
        return await super().initiate(replace(request, idempotency_key=key))


@caught_by("C8")
class OverlooksThatTheKeyIsTaken(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except KeyConflict:
            found = await super().fetch(look(request))
            assert isinstance(found, Found)
            return found.snapshot


@caught_by("C10")
class KnowsNoRefusedConnection(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except Unreachable as error:
            raise OutcomeUnknown(error.code) from None


@caught_by("C11")
class KnowsNoLimit(Sandbox):
    async def initiate(self, request: Initiate) -> Snapshot:
        try:
            return await super().initiate(request)
        except RateLimited as error:
            raise RequestRefused(error.code) from None
