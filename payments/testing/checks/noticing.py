"""D: notices are true or they are rejected, and nothing else; their order does not matter."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from payments.contract import AnyPaymentMethod
from payments.descriptor import Capability, Descriptor, WebhookTrust
from payments.errors import WebhookRejected
from payments.messages import Initiate, WebhookEvent, WebhookRequest
from payments.reducer import NOTHING, observe
from payments.testing.checking import check
from payments.testing.expecting import Violation, expect
from payments.testing.harness import PaymentHarness
from payments.testing.kit import Kit

_SEED: Final = 20300620
_FLIPS: Final = 96
_HOUR: Final = timedelta(hours=1)
_NEW, _OLD, _FOREIGN = "kit-secret-new", "kit-secret-old", "kit-secret-foreign"
_JUNK: Final = (b"", b"{}", b"[]", b"null", b"\xff\xfe", b"a=1&b=2", b"{" * 2000, b"0" * 5000)

WEBHOOKS = Capability.WEBHOOKS


def _signed(_: PaymentHarness, descriptor: Descriptor) -> str | None:
    if descriptor.webhook_trust is WebhookTrust.SIGNED:
        return None
    return f"the notices of {descriptor.id} are hints: nothing in them is believed"


def _hint(_: PaymentHarness, descriptor: Descriptor) -> str | None:
    if descriptor.webhook_trust is WebhookTrust.HINT:
        return None
    return f"the notices of {descriptor.id} are signed"


def _timed(harness: PaymentHarness, descriptor: Descriptor) -> str | None:
    if harness.signs_time:
        return None
    return f"the notices of {descriptor.id} do not say when they were signed"


@check("D1", "a notice tells of its payment, by our reference", WEBHOOKS)
async def reads_notices(kit: Kit) -> None:
    begun, _ = await kit.take()
    events = _events(kit.method, _notices(kit, begun))
    expect(bool(events), "the notices of a payment that was taken hold no event")
    expect({each.reference for each in events} == {begun.reference}, "a notice of another payment")
    expect(all(each.event_key and each.kind for each in events), "an event without key or kind")


@check("D2", "the same notice has the same key, and another has another", WEBHOOKS)
async def names_notices(kit: Kit) -> None:
    first, _ = await kit.take()
    second, _ = await kit.take()
    keys = [each.event_key for each in _events(kit.method, _notices(kit, first))]
    again = [each.event_key for each in _events(kit.harness.method(), _notices(kit, first))]
    others = {each.event_key for each in _events(kit.method, _notices(kit, second))}
    expect(keys == again, "a notice that comes twice has two keys")
    expect(not others & set(keys), "notices of two payments have one key")


@check("D3", "in whatever order answers and notices come, they say the same", WEBHOOKS, _signed)
async def does_not_care_for_order(kit: Kit) -> None:
    begun, answer = await kit.take()
    events = _events(kit.method, _notices(kit, begun))
    told = [answer, *(each.snapshot for each in events if each.snapshot is not None)]
    expect(len(told) > 1, "a signed notice tells nothing: declare WebhookTrust.HINT")
    facts = []
    for order in (told, told[::-1]):
        seen = NOTHING
        for each in order:
            seen = observe(seen, each, kit.expected(begun))
        facts.append(seen)
    expect(facts[0] == facts[1], "it depends on which comes first")
    expect(not facts[0].integrity, f"the notices are wrong in {sorted(facts[0].integrity)}")
    taken = max(each.captured_minor for each in told[1:])
    expect(taken == answer.captured_minor, f"notices tell that {taken} were taken")


@check("D4", "no bit of a signed notice can be changed", WEBHOOKS, _signed)
async def sees_every_bit(kit: Kit) -> None:
    begun, _ = await kit.take()
    notice = _notices(kit, begun)[-1]
    dice = random.Random(_SEED)  # noqa: S311 - which bits to flip
    for _ in range(_FLIPS):
        body = bytearray(notice.body)
        place, bit = dice.randrange(len(body)), dice.randrange(8)
        body[place] ^= 1 << bit
        where = f"bit {bit} of byte {place} of the body was changed"
        _expect_rejected(kit.method, replace(notice, body=bytes(body)), where)
    _expect_rejected(kit.method, replace(notice, body=notice.body + b" "), "a space was added")
    _expect_rejected(kit.method, replace(notice, headers={}, query={}), "the signature is missing")


@check("D5", "only a secret of the account signs", WEBHOOKS, _signed)
async def knows_its_secrets(kit: Kit) -> None:
    begun, _ = await kit.take()
    method = kit.with_secrets(_NEW, _OLD)
    for secret in (_NEW, _OLD):
        events = _events(method, _notices(kit, begun, secret=secret))
        expect(bool(events), f"the {'newer' if secret is _NEW else 'older'} of two secrets fails")
    for notice in _notices(kit, begun, secret=_FOREIGN):
        _expect_rejected(method, notice, "another secret signed it")
    for secret in ("", _NEW):
        for notice in _notices(kit, begun, secret=secret):
            _expect_rejected(kit.with_secrets(), notice, "the account has no secret")


@check(
    "D6", "what was signed too long ago, or in the future, is rejected", WEBHOOKS, _signed, _timed
)
async def knows_the_time(kit: Kit) -> None:
    begun, _ = await kit.take()
    for shift, word in ((-_HOUR, "an hour ago"), (_HOUR, "in an hour")):
        for notice in _notices(kit, begun, shift=shift):
            _expect_rejected(kit.method, notice, f"it was signed {word}")


@check("D7", "a hint is never believed", WEBHOOKS, _hint)
async def believes_no_hint(kit: Kit) -> None:
    begun, _ = await kit.take()
    events = _events(kit.method, _notices(kit, begun))
    expect(all(each.snapshot is None for each in events), "a hint carries a snapshot")


@check("D8", "what is no notice is rejected, and never an accident", WEBHOOKS)
async def survives_junk(kit: Kit) -> None:
    begun, _ = await kit.take()
    notice = _notices(kit, begun)[-1]
    for body in _JUNK:
        for headers in (notice.headers, {}, dict.fromkeys(notice.headers, "\x00é" * 50)):
            junk = replace(notice, headers=headers, body=body)
            try:
                batch = kit.method.parse_webhook(junk)
            except WebhookRejected:
                continue
            except Exception as error:  # noqa: BLE001 - the method's, whatever it is
                said = f"{type(error).__name__} for the body {body[:20]!r}"
                raise Violation(f"it raises {said}; junk is a WebhookRejected") from None
            expect(not batch.events, f"the body {body[:20]!r} is taken for a notice")


@check("D9", "reading a notice asks nobody", WEBHOOKS)
async def reads_alone(kit: Kit) -> None:
    begun, _ = await kit.take()
    before = kit.harness.requests(begun.reference)
    _events(kit.method, _notices(kit, begun))
    expect(kit.harness.requests(begun.reference) == before, "parse_webhook asked the provider")


def _notices(
    kit: Kit, begun: Initiate, secret: str | None = None, shift: timedelta = timedelta(0)
) -> Sequence[WebhookRequest]:
    at = kit.harness.now() + shift
    notices = kit.harness.notices(begun.reference, secret=secret, at=at)
    expect(bool(notices), "the harness has no notice of a payment that was taken")
    return [replace(each, received_at=kit.harness.now()) for each in notices]


def _events(method: AnyPaymentMethod, notices: Sequence[WebhookRequest]) -> list[WebhookEvent]:
    return [event for notice in notices for event in method.parse_webhook(notice).events]


def _expect_rejected(method: AnyPaymentMethod, notice: WebhookRequest, why: str) -> None:
    try:
        method.parse_webhook(notice)
    except WebhookRejected:
        return
    except Exception as error:  # noqa: BLE001 - the method's, whatever it is
        raise Violation(f"{why}, and it raises {type(error).__name__}") from None
    raise Violation(f"a notice was taken in although {why}")


NOTICING = (
    reads_notices,
    names_notices,
    does_not_care_for_order,
    sees_every_bit,
    knows_its_secrets,
    knows_the_time,
    believes_no_hint,
    survives_junk,
    reads_alone,
)
