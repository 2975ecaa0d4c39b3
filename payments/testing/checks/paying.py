"""B: a buyer pays, or is declined; money is counted as it is counted there."""

import asyncio
from typing import Final

from payments.descriptor import Capability
from payments.errors import NotExecuted
from payments.messages import RemoteStatus
from payments.money import Money
from payments.reducer import NOTHING, observe
from payments.testing.checking import check
from payments.testing.expecting import expect
from payments.testing.harness import SLOW_SECONDS, Behaviour
from payments.testing.kit import Kit

_CANCEL_SECONDS_MAX: Final = SLOW_SECONDS * 0.8


@check("B1", "an approved payment says what the provider's books say")
async def approves(kit: Kit) -> None:
    begun, snapshot = await kit.begin()
    whole = begun.amount.amount_minor
    charged = kit.harness.charged_minor(begun.reference)
    if kit.descriptor.can(Capability.AUTHORIZE):
        expect(snapshot.status is RemoteStatus.AUTHORIZED, f"it is {snapshot.status} once approved")
        expect(snapshot.authorized_minor == whole, f"{snapshot.authorized_minor} were reserved")
    else:
        expect(snapshot.status is RemoteStatus.CAPTURED, f"it is {snapshot.status} once approved")
        expect(snapshot.captured_minor == whole, f"{snapshot.captured_minor} were taken")
    expect(snapshot.captured_minor == charged, f"{snapshot.captured_minor} taken, {charged} booked")


@check("B2", "a snapshot is of the payment that was asked for")
async def tells_of_the_same_payment(kit: Kit) -> None:
    begun, snapshot = await kit.take()
    faults = observe(NOTHING, snapshot, kit.expected(begun)).integrity
    expect(not faults, f"the snapshot's {', '.join(sorted(faults))} is not what was asked for")


@check("B3", "a decline is an answer, and takes nothing")
async def declines(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    kit.harness.play(begun.reference, Behaviour.DECLINE)
    snapshot = await kit.finished(begun, await kit.method.initiate(begun))
    expect(snapshot.status is RemoteStatus.FAILED, f"a declined payment is {snapshot.status}")
    expect(snapshot.failure is not None, "a decline has no failure: nobody can be told why")
    expect(not snapshot.captured_minor, "a declined payment says that money was taken")
    expect(not kit.harness.charged_minor(begun.reference), "a declined buyer was charged")


@check("B4", "every currency is counted as the provider counts it")
async def counts_every_currency(kit: Kit) -> None:
    for currency in kit.descriptor.currencies:
        begun = kit.initiate(kit.harness.reference(), kit.amount(currency))
        snapshot = await kit.finished(begun, await kit.method.initiate(begun))
        if kit.descriptor.can(Capability.AUTHORIZE):
            snapshot = await kit.finished(begun, await kit.method.capture(kit.capture(begun)))
        booked = kit.harness.charged_minor(begun.reference)
        whole = begun.amount.amount_minor
        expect(booked == whole, f"{begun.amount}: {booked} minor units were booked, not {whole}")
        expect(snapshot.amount == begun.amount, f"{begun.amount} is told as {snapshot.amount}")


@check("B5", "what the provider does not take is refused before anything is sent")
async def refuses_before_sending(kit: Kit) -> None:
    spoken = kit.descriptor.currencies
    foreign = next(code for code in ("XPF", "SLE", "MRU", "WST") if code not in spoken)
    odd = [
        Money(wrong, code)
        for code, rule in spoken.items()
        for wrong in (rule.least_minor - 1, rule.multiple_of_minor + 1)
        if wrong and not rule.accepts(Money(wrong, code))
    ]
    for amount in (Money(1000, foreign), *odd):
        begun = kit.initiate(kit.harness.reference(), amount)
        error = await kit.error_of(kit.method.initiate(begun))
        expect(isinstance(error, NotExecuted), f"{amount} is not refused: {error!r}")
        sent = kit.harness.requests(begun.reference)
        expect(sent == 0, f"{amount} was sent to the provider, which does not take it")


@check("B6", "one call is one request, whatever comes back")
async def asks_once(kit: Kit) -> None:
    for behaviour in (
        Behaviour.APPROVE,
        Behaviour.DECLINE,
        Behaviour.RATE_LIMITED,
        Behaviour.LOST_ANSWER,
        Behaviour.SERVER_ERROR,
        Behaviour.GARBAGE,
    ):
        begun = kit.initiate(kit.harness.reference())
        kit.harness.play(begun.reference, behaviour)
        await kit.error_of(kit.method.initiate(begun))
        sent = kit.harness.requests(begun.reference)
        expect(sent == 1, f"{sent} requests for one call, the answer being {behaviour}")


@check("B7", "a call that is given up ends at once")
async def can_be_given_up(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    kit.harness.play(begun.reference, Behaviour.SLOW)
    call = asyncio.create_task(kit.method.initiate(begun))
    await asyncio.sleep(SLOW_SECONDS / 10)
    asked_at = asyncio.get_running_loop().time()
    call.cancel()
    await asyncio.wait([call])
    took = asyncio.get_running_loop().time() - asked_at
    expect(call.cancelled(), "a cancelled call goes on, or turns its cancellation into an answer")
    expect(took < _CANCEL_SECONDS_MAX, f"a cancelled call held on for {took:.2f} s")


PAYING = (
    approves,
    tells_of_the_same_payment,
    declines,
    counts_every_currency,
    refuses_before_sending,
    asks_once,
    can_be_given_up,
)
