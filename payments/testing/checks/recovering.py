"""C: answers and requests are lost, and nobody pays twice or is thought not to have paid."""

import asyncio
from dataclasses import replace

from payments.descriptor import Capability, Descriptor, Idempotency
from payments.errors import (
    KeyConflict,
    NotExecuted,
    OutcomeUnknown,
    PaymentMethodError,
    RateLimited,
    Unreachable,
)
from payments.messages import Initiate, NotFound
from payments.money import Money
from payments.testing.checking import check
from payments.testing.expecting import Violation, expect
from payments.testing.harness import Behaviour, PaymentHarness
from payments.testing.kit import Kit

_LOSSES = (Behaviour.LOST_ANSWER, Behaviour.SERVER_ERROR, Behaviour.GARBAGE)


def _idempotent(_: PaymentHarness, descriptor: Descriptor) -> str | None:
    if descriptor.idempotency is not Idempotency.NONE:
        return None
    return f"{descriptor.id} declares no idempotency: it is recovered by FETCH alone"


@check("C1", "an answer that was lost is unknown, and never a failure")
async def does_not_guess(kit: Kit) -> None:
    for loss in _LOSSES:
        begun = await _begin_and_lose(kit, loss)
        await _expect_recovered_by_fetch(kit, begun)


@check("C2", "a request that was lost is unknown as well")
async def does_not_guess_of_requests(kit: Kit) -> None:
    await _begin_and_lose(kit, Behaviour.LOST_REQUEST)


@check("C3", "a payment whose answer was lost is found by our reference", Capability.FETCH)
async def finds_by_reference(kit: Kit) -> None:
    begun = await _begin_and_lose(kit, Behaviour.LOST_ANSWER)
    other_process = kit.harness.method()
    snapshot = await kit.found(begun, by=other_process)
    await other_process.aclose()
    expect(snapshot.reference == begun.reference, "fetch finds the payment of another reference")
    expect(snapshot.amount == begun.amount, f"fetch finds {snapshot.amount}, not {begun.amount}")


@check("C4", "what was never made is not found", Capability.FETCH)
async def finds_nothing_where_nothing_is(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    found = await kit.method.fetch(kit.fetch(begun))
    expect(isinstance(found, NotFound), "fetch finds a payment that was never made")


@check("C5", "looking changes nothing", Capability.FETCH)
async def looks_without_touching(kit: Kit) -> None:
    begun, snapshot = await kit.take()
    before = kit.harness.charged_minor(begun.reference)
    first, second = await kit.found(begun), await kit.found(begun)
    expect(first == second, "two look-ups of a payment at rest differ")
    expect(first.captured_minor == snapshot.captured_minor, "the look-up and the answer differ")
    expect(kit.harness.charged_minor(begun.reference) == before, "a look-up moved money")


@check("C6", "the same command again is the same charge", _idempotent)
async def charges_once(kit: Kit) -> None:
    for losses in ((), (Behaviour.LOST_ANSWER,), (Behaviour.SERVER_ERROR, Behaviour.GARBAGE)):
        begun = kit.initiate(kit.harness.reference())
        kit.harness.play(begun.reference, *losses)
        for _ in (*losses, "the answer"):
            await kit.error_of(kit.method.initiate(begun))
        await _answer_again(kit, begun)
        await _expect_one_charge(kit, begun)


@check("C7", "a command that was lost on its way charges once when it is sent again", _idempotent)
async def charges_at_the_second_try(kit: Kit) -> None:
    for loss in (Behaviour.LOST_REQUEST, Behaviour.REFUSED_CONNECTION, Behaviour.RATE_LIMITED):
        begun = kit.initiate(kit.harness.reference())
        kit.harness.play(begun.reference, loss)
        await kit.error_of(kit.method.initiate(begun))
        snapshot = await kit.finished(begun, await kit.method.initiate(begun))
        expect(
            bool(snapshot.captured_minor or snapshot.authorized_minor),
            f"sent again after {loss}, it is {snapshot.status}",
        )
        await _expect_one_charge(kit, begun)


@check("C8", "the same key with another amount never charges again", _idempotent)
async def tells_keys_apart(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    await kit.method.initiate(begun)
    charged = kit.harness.charged_minor(begun.reference)
    rule = kit.descriptor.currencies[begun.amount.currency]
    other = Money(begun.amount.amount_minor + rule.multiple_of_minor, begun.amount.currency)
    error = await kit.error_of(kit.method.initiate(replace(begun, amount=other)))
    expect(
        isinstance(error, KeyConflict | NotExecuted),
        f"a key that returns with another amount is no KeyConflict: {error!r}",
    )
    if kit.descriptor.idempotency is Idempotency.KEY:
        expect(isinstance(error, KeyConflict), f"it is {error!r}, not KeyConflict")
    expect(kit.harness.charged_minor(begun.reference) == charged, "it was charged all the same")


@check("C9", "the same command ten times at once is one charge", _idempotent)
async def charges_once_at_once(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    methods = [kit.harness.method() for _ in range(10)]
    await asyncio.gather(*(kit.error_of(each.initiate(begun)) for each in methods))
    await _answer_again(kit, begun)
    await _expect_one_charge(kit, begun)
    for each in methods:
        await each.aclose()


@check("C10", "only what was never sent is Unreachable")
async def knows_what_was_never_sent(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    kit.harness.play(begun.reference, Behaviour.REFUSED_CONNECTION)
    error = await kit.error_of(kit.method.initiate(begun))
    expect(isinstance(error, Unreachable), f"a refused connection is {error!r}, not Unreachable")
    expect(kit.harness.requests(begun.reference) == 0, "the harness lets a refused request through")


@check("C11", "to be asked too often is RateLimited")
async def knows_its_limit(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    kit.harness.play(begun.reference, Behaviour.RATE_LIMITED)
    error = await kit.error_of(kit.method.initiate(begun))
    expect(isinstance(error, RateLimited), f"being asked too often is {error!r}, not RateLimited")
    expect(not kit.harness.charged_minor(begun.reference), "it was charged all the same")


async def _begin_and_lose(kit: Kit, loss: Behaviour) -> Initiate:
    begun = kit.initiate(kit.harness.reference())
    kit.harness.play(begun.reference, loss)
    error = await kit.error_of(kit.method.initiate(begun))
    is_unknown = error is not None and not isinstance(error, NotExecuted)
    expect(is_unknown, f"after {loss} it says {error!r}: nobody can know that")
    expect(
        isinstance(error, OutcomeUnknown),
        f"after {loss} it raises {type(error).__name__}; an OutcomeUnknown can be logged by code",
    )
    if isinstance(error, PaymentMethodError):
        expect(bool(error.code), f"after {loss} its error has no code")
    return begun


async def _expect_recovered_by_fetch(kit: Kit, begun: Initiate) -> None:
    if kit.descriptor.can(Capability.FETCH):
        await kit.found(begun)


async def _answer_again(kit: Kit, begun: Initiate) -> None:
    """One more time, now that nothing is lost: KEY answers, UNIQUE_REFERENCE may refuse."""
    error = await kit.error_of(kit.method.initiate(begun))
    if error is not None and kit.descriptor.idempotency is Idempotency.KEY:
        raise Violation(f"a command that is sent again is not answered: {error!r}")


async def _expect_one_charge(kit: Kit, begun: Initiate) -> None:
    kit.harness.finish(begun.reference)
    if kit.descriptor.can(Capability.AUTHORIZE):
        await kit.method.capture(kit.capture(begun))
    charged = kit.harness.charged_minor(begun.reference)
    whole = begun.amount.amount_minor
    expect(charged == whole, f"{charged} minor units were charged for one payment of {whole}")


RECOVERING = (
    does_not_guess,
    does_not_guess_of_requests,
    finds_by_reference,
    finds_nothing_where_nothing_is,
    looks_without_touching,
    charges_once,
    charges_at_the_second_try,
    tells_keys_apart,
    charges_once_at_once,
    knows_what_was_never_sent,
    knows_its_limit,
)
