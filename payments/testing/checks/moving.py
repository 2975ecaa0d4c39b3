"""E: money that is reserved, taken, let go and given back; never more of it than there is."""

from payments.descriptor import Capability
from payments.errors import NotExecuted, OutcomeUnknown
from payments.messages import Initiate, RefundStatus, RemoteStatus, Snapshot
from payments.testing.checking import check
from payments.testing.expecting import expect
from payments.testing.harness import Behaviour
from payments.testing.kit import Kit

_BROKEN = (Behaviour.LOST_ANSWER, Behaviour.SERVER_ERROR, Behaviour.GARBAGE)


@check("E1", "to reserve takes nothing", Capability.AUTHORIZE)
async def reserves_without_taking(kit: Kit) -> None:
    begun, snapshot = await kit.begin()
    expect(snapshot.captured_minor == 0, "money that was only reserved is said to be taken")
    expect(kit.harness.charged_minor(begun.reference) == 0, "to reserve took the money")


@check("E2", "what is reserved is taken once", Capability.AUTHORIZE)
async def takes_once(kit: Kit) -> None:
    begun, _ = await kit.take()
    for _ in range(2):
        again = await kit.method.capture(kit.capture(begun))
        expect(again.captured_minor == begun.amount.amount_minor, "taken again, it is other money")
    charged = kit.harness.charged_minor(begun.reference)
    expect(charged == begun.amount.amount_minor, f"{charged} minor units were taken in the end")


@check("E3", "a capture whose answer was lost is unknown", Capability.AUTHORIZE)
async def does_not_guess_of_captures(kit: Kit) -> None:
    for loss in _BROKEN:
        begun, _ = await kit.begin()
        kit.harness.play(begun.reference, loss)
        error = await kit.error_of(kit.method.capture(kit.capture(begun)))
        expect(isinstance(error, OutcomeUnknown), f"after {loss} capture says {error!r}")
        again = await kit.method.capture(kit.capture(begun))
        expect(again.captured_minor == begun.amount.amount_minor, "sent again, it is not taken")
        charged = kit.harness.charged_minor(begun.reference)
        expect(charged == begun.amount.amount_minor, f"{charged} minor units were taken")


@check("E4", "what was let go is not taken any more", Capability.AUTHORIZE)
async def lets_go(kit: Kit) -> None:
    begun, _ = await kit.begin()
    gone = await kit.method.cancel(kit.cancel(begun))
    expect(gone.status is RemoteStatus.CANCELLED, f"a cancelled reservation is {gone.status}")
    error = await kit.error_of(kit.method.capture(kit.capture(begun)))
    expect(isinstance(error, NotExecuted), f"to take what was let go is {error!r}")
    expect(not kit.harness.charged_minor(begun.reference), "what was let go was taken")


@check("E5", "money that was taken is not cancelled, and the snapshot says so", Capability.CANCEL)
async def does_not_cancel_money(kit: Kit) -> None:
    begun, _ = await kit.take()
    try:
        after = await kit.method.cancel(kit.cancel(begun))
    except NotExecuted:
        pass
    else:
        whole = begun.amount.amount_minor
        expect(after.captured_minor == whole, "the answer to cancel forgets the money it took")
    charged = kit.harness.charged_minor(begun.reference)
    expect(charged == begun.amount.amount_minor, "cancel changed what was taken")


@check("E6", "to cancel what is not there is refused", Capability.CANCEL)
async def cancels_nothing(kit: Kit) -> None:
    begun = kit.initiate(kit.harness.reference())
    error = await kit.error_of(kit.method.cancel(kit.cancel(begun)))
    expect(isinstance(error, NotExecuted), f"to cancel a payment that is not there is {error!r}")


@check("E7", "a refund is listed under our id, and money goes back", Capability.REFUND)
async def gives_back(kit: Kit) -> None:
    begun, _ = await kit.take()
    snapshot = await kit.method.refund(kit.refund(begun))
    _expect_refunds(snapshot, {"rf1": begun.amount.amount_minor})
    expect(snapshot.captured_minor == begun.amount.amount_minor, "a refund lowers captured_minor")
    refunded = kit.harness.refunded_minor(begun.reference)
    expect(refunded == begun.amount.amount_minor, f"{refunded} minor units went back")


@check("E8", "the same refund again is the same refund", Capability.REFUND)
async def gives_back_once(kit: Kit) -> None:
    for loss in (None, *_BROKEN):
        begun, _ = await kit.take()
        if loss is not None:
            kit.harness.play(begun.reference, loss)
        error = await kit.error_of(kit.method.refund(kit.refund(begun)))
        is_right = error is None if loss is None else isinstance(error, OutcomeUnknown)
        expect(is_right, f"after {loss} a refund says {error!r}")
        snapshot = await kit.method.refund(kit.refund(begun))
        _expect_refunds(snapshot, {"rf1": begun.amount.amount_minor})
        await _expect_given_back(kit, begun, begun.amount.amount_minor)


@check("E9", "never more goes back than was taken", Capability.REFUND)
async def gives_back_no_more_than_it_took(kit: Kit) -> None:
    begun, _ = await kit.take()
    more = begun.amount.amount_minor * 2
    error = await kit.error_of(kit.method.refund(kit.refund(begun, more, "rf0")))
    expect(isinstance(error, NotExecuted), f"twice what was taken: {error!r}")
    await kit.method.refund(kit.refund(begun))
    error = await kit.error_of(kit.method.refund(kit.refund(begun, refund_id="rf2")))
    expect(isinstance(error, NotExecuted), f"all of it a second time: {error!r}")
    await _expect_given_back(kit, begun, begun.amount.amount_minor)


@check("E10", "parts go back one by one, and all are listed", Capability.PARTIAL_REFUND)
async def gives_back_in_parts(kit: Kit) -> None:
    begun, _ = await kit.take()
    rule = kit.descriptor.currencies[begun.amount.currency]
    whole = begun.amount.amount_minor
    part = max(whole // 4 // rule.multiple_of_minor, 1) * rule.multiple_of_minor
    await kit.method.refund(kit.refund(begun, part, "rf1"))
    snapshot = await kit.method.refund(kit.refund(begun, part, "rf2"))
    _expect_refunds(snapshot, {"rf1": part, "rf2": part})
    error = await kit.error_of(kit.method.refund(kit.refund(begun, whole - part, "rf3")))
    expect(isinstance(error, NotExecuted), f"more than is left: {error!r}")
    await _expect_given_back(kit, begun, 2 * part)


@check("E11", "a look-up lists the refunds too", Capability.REFUND, Capability.FETCH)
async def finds_refunds(kit: Kit) -> None:
    begun, _ = await kit.take()
    await kit.method.refund(kit.refund(begun))
    _expect_refunds(await kit.found(begun), {"rf1": begun.amount.amount_minor})


def _expect_refunds(snapshot: Snapshot, wanted: dict[str, int]) -> None:
    listed = {
        str(each.refund_id): each.amount.amount_minor
        for each in snapshot.refunds
        if each.status is not RefundStatus.FAILED
    }
    expect(listed == wanted, f"the snapshot lists the refunds {listed}, not {wanted}")
    expect(len(snapshot.refunds) == len(wanted), "a refund is listed more than once")


async def _expect_given_back(kit: Kit, begun: Initiate, minor: int) -> None:
    refunded = kit.harness.refunded_minor(begun.reference)
    expect(refunded == minor, f"{refunded} minor units went back, not {minor}")


MOVING = (
    reserves_without_taking,
    takes_once,
    does_not_guess_of_captures,
    lets_go,
    does_not_cancel_money,
    cancels_nothing,
    gives_back,
    gives_back_once,
    gives_back_no_more_than_it_took,
    gives_back_in_parts,
    finds_refunds,
)
