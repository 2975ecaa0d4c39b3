"""G: a method is one of many tasks in a process that also sells."""

import asyncio
from typing import Final

from payments.descriptor import Capability
from payments.testing.checking import check
from payments.testing.expecting import expect
from payments.testing.harness import SLOW_SECONDS, Behaviour
from payments.testing.kit import Kit

_TICK_SECONDS: Final = 0.01
_STILL_SECONDS_MAX: Final = SLOW_SECONDS * 0.6
"""How long nothing else may run while a slow provider is asked; machines of tests are slow too."""


@check("G1", "while one buyer waits for the provider, everybody else goes on")
async def does_not_block(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    kit.harness.play(begun.reference, Behaviour.SLOW)
    loop = asyncio.get_running_loop()
    call = asyncio.create_task(kit.error_of(kit.method.initiate(begun)))
    longest, before = 0.0, loop.time()
    while not call.done():
        await asyncio.sleep(_TICK_SECONDS)
        longest, before = max(longest, loop.time() - before), loop.time()
    expect(longest < _STILL_SECONDS_MAX, f"nothing else ran for {longest:.2f} s of one call")


@check("G2", "two buyers at once do not meet")
async def keeps_buyers_apart(kit: Kit) -> None:
    payments = [kit.initiate(kit.harness.reference()) for _ in range(5)]
    snapshots = await asyncio.gather(*(kit.method.initiate(each) for each in payments))
    for begun, snapshot in zip(payments, snapshots, strict=True):
        expect(
            snapshot.reference == begun.reference, "one buyer is answered with another's payment"
        )


@check("G3", "a new process goes on where the last one stopped", Capability.AUTHORIZE)
async def has_no_state(kit: Kit) -> None:
    begun, _ = await kit.begin()
    other_process = kit.harness.method()
    snapshot = await kit.finished(begun, await other_process.capture(kit.capture(begun)))
    await other_process.aclose()
    expect(snapshot.captured_minor == begun.amount.amount_minor, "another process cannot take it")


@check("G4", "it can be closed twice")
async def closes(kit: Kit) -> None:
    await kit.begin()
    await kit.method.aclose()
    await kit.method.aclose()


@check("G5", "it can be asked whether the account works")
async def can_be_asked(kit: Kit) -> None:
    error = await kit.error_of(kit.method.check())
    expect(error is None, f"check of a working account raises {error!r}")


BEHAVING = (does_not_block, keeps_buyers_apart, has_no_state, closes, can_be_asked)
