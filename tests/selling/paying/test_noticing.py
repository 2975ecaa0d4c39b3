"""Notices of providers: whoever did not sign them is nobody, and whoever did loses nothing, however
early, late, often or garbled it comes."""

import json
import logging
from dataclasses import replace

import pytest

from app.domain.identity import payment_tail
from app.domain.orders import OrderStatus
from app.ledger import Outcome, PaymentRow
from app.selling import NoticeRefused, NoticeTaken, UnknownAccount
from app.selling.paying.noticing import NoticeOutcome
from payments.testing import Queue
from payments.testing.sandbox import sign
from tests.builders import SECRET
from tests.till import NOTICE_SECRET, PRICE, Till, open_till, sandbox_account

HOUR_MS = 3_600_000


def _bodies(till: Till) -> list[tuple[str, str]]:
    """Every notice in the books, whether it was sent or not: id and body."""
    with till.books.transaction() as page:
        rows = page.connection.execute("SELECT event_id, body FROM notices ORDER BY number")
        return [(str(event_id), str(body)) for event_id, body in rows]


async def _take(
    till: Till,
    event_id: str,
    body: str,
    *,
    secret: str = NOTICE_SECRET,
    at_offset_ms: int = 0,
    account: str = "main",
    method: str = "sandbox",
) -> NoticeOutcome:
    till.clock.advance(at_offset_ms)
    headers = sign(event_id, till.now(), body.encode(), [secret.encode()])
    till.clock.advance(-at_offset_ms)
    return await till.noticing.take(method, account, headers, {}, body.encode())


async def _waiting(till: Till, **queues: str) -> PaymentRow:
    await till.open_event()
    outcome = await till.pay(await till.hold(), "action", **queues)
    payments = [await till.ledger.payments.read(outcome.payment.payment_id)]  # type: ignore[union-attr]
    assert payments[0] is not None
    return payments[0]


async def test_a_notice_is_taken_and_then_followed_up(till: Till) -> None:
    payment = await _waiting(till)
    till.proceed(payment, "approve")
    assert await till.deliver() == [200, 200], "one that it waits, one that it is paid"
    assert (await till.read(payment)).outcome is None, "to take it does nothing else"
    await till.work()
    assert (await till.read(payment)).outcome is Outcome.CONFIRMED


async def test_an_account_that_is_not_there_takes_none(till: Till) -> None:
    payment = await _waiting(till)
    event_id, body = _bodies(till)[0]
    assert isinstance(await _take(till, event_id, body, account="other"), UnknownAccount)
    assert isinstance(await _take(till, event_id, body, method="acme"), UnknownAccount)
    assert isinstance(
        await _take(till, event_id, body, method="hack", account="internal"), UnknownAccount
    )
    assert await till.ledger.notices.due(10**15, 9) == []
    assert payment.outcome is None


@pytest.mark.parametrize("secrets", [(), ("",)])
async def test_an_account_without_a_secret_believes_nobody(
    secrets: tuple[str, ...], till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty secret verifies against an empty key."""
    await _waiting(till)
    event_id, body = _bodies(till)[0]

    def account(*_: object) -> object:
        made = sandbox_account(till.books)
        return replace(made, config={**made.config, "webhook_secrets": secrets})

    monkeypatch.setattr("tests.till.sandbox_account", account)
    try:
        other = open_till(till.clock, till.inventory, till.ledger, till.books.path.parent)
    except AssertionError:
        return  # such an account is not even loaded
    outcome = await _take(other, event_id, body, secret="")
    assert isinstance(outcome, UnknownAccount | NoticeRefused)
    assert await till.ledger.notices.due(10**15, 9) == []


@pytest.mark.parametrize(
    ("forgery", "is_unauthentic"),
    [
        ("other secret", True),
        ("no headers", True),
        ("changed body", True),
        ("changed id", True),
        ("an hour old", True),
        ("an hour early", True),
        ("signed nonsense", False),
        ("signed list", False),
        ("signed nothing", False),
    ],
)
async def test_what_nobody_of_the_provider_signed_is_refused_and_not_kept(
    forgery: str, is_unauthentic: bool, till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    payment = await _waiting(till)
    till.proceed(payment, "approve")
    event_id, body = _bodies(till)[-1]
    headers = sign(event_id, till.now(), body.encode(), [NOTICE_SECRET.encode()])
    take = till.noticing.take
    match forgery:
        case "other secret":
            outcome = await _take(till, event_id, body, secret="guess")
        case "no headers":
            outcome = await take("sandbox", "main", {}, {}, body.encode())
        case "changed body":
            changed = body.replace(str(PRICE), "1").encode()
            outcome = await take("sandbox", "main", headers, {}, changed)
        case "changed id":
            changed_id = {**headers, "sandbox-id": "evt_other"}
            outcome = await take("sandbox", "main", changed_id, {}, body.encode())
        case "an hour old":
            outcome = await _take(till, event_id, body, at_offset_ms=-HOUR_MS)
        case "an hour early":
            outcome = await _take(till, event_id, body, at_offset_ms=HOUR_MS)
        case "signed nonsense":
            outcome = await _take(till, event_id, "nonsense")
        case "signed list":
            outcome = await _take(till, event_id, "[]")
        case _:
            outcome = await _take(till, event_id, "")
    assert outcome == NoticeRefused(is_unauthentic)
    assert await till.ledger.notices.due(10**15, 9) == []
    assert body not in caplog.text


async def test_a_method_that_breaks_over_a_notice_takes_none(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await _waiting(till)
    event_id, body = _bodies(till)[0]
    account = till.registry.find("sandbox", "main")
    assert account is not None
    for broken in (lambda _: 1 / 0, lambda _: None, lambda _: [body]):
        monkeypatch.setattr(account.method, "parse_webhook", broken)
        assert await _take(till, event_id, body) == NoticeRefused(is_unauthentic=False)
    assert await till.ledger.notices.due(10**15, 9) == []


async def test_a_notice_that_comes_often_is_one(till: Till) -> None:
    payment = await _waiting(till, webhooks="copies:5")
    till.proceed(payment, "approve")
    for _ in range(6):
        await till.deliver()
    assert len(await till.ledger.notices.due(10**15, 99)) == 2
    await till.work()
    assert till.taken() == PRICE
    assert till.commands(payment) == ["initiate"]


async def test_one_key_with_other_words_changes_nothing_and_is_told(
    till: Till, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    await _waiting(till)
    event_id, body = _bodies(till)[0]
    await _take(till, event_id, body)
    (before,) = await till.ledger.notices.due(10**15, 9)
    other = json.dumps({**json.loads(body), "type": "payment.captured"})

    assert isinstance(await _take(till, event_id, other), NoticeTaken)

    assert await till.ledger.notices.due(10**15, 9) == [before]
    written = capsys.readouterr()
    assert "a notice came twice, with other words" in caplog.text + written.out + written.err


async def test_one_that_comes_before_its_payment_is_seen_waits_for_it(till: Till) -> None:
    """As a provider does that is faster than our own transaction."""
    first = await _waiting(till)
    _, body = _bodies(till)[0]
    order = await till.hold(buyer="bea")
    reference = payment_tail(SECRET, order.id, "payment-of-bea-00")
    early = json.loads(body) | {"id": "evt_early"}
    early["payment"]["reference"] = reference
    assert isinstance(await _take(till, "evt_early", json.dumps(early)), NoticeTaken)

    await till.work_for(0, 2, 5)
    (notice,) = [
        each for each in await till.ledger.notices.due(10**15, 9) if each.reference == reference
    ]
    assert notice.attempts >= 2, "it is tried again, later and later"
    payment = await till.began(order, "action", key="payment-of-bea-00")
    assert payment.reference == reference
    till.books.program("", account="main", reference=reference)
    till.proceed(payment, "approve")  # and its own notice is lost
    await till.work(20)

    assert (await till.read(payment)).is_settled
    assert (await till.read(first)).outcome is None


async def test_one_of_no_payment_is_given_up_after_a_day(
    till: Till, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    await _waiting(till)
    event_id, body = _bodies(till)[0]
    payload = json.loads(body)
    payload["payment"]["reference"] = "z" * 26
    assert isinstance(await _take(till, event_id, json.dumps(payload)), NoticeTaken)

    await till.work(23 * 3_600)
    assert len(await till.ledger.notices.due(10**15, 9)) == 1
    await till.work(2 * 3_600)

    assert await till.ledger.notices.due(10**15, 9) == []
    written = capsys.readouterr()
    assert "a notice is of no payment of ours" in caplog.text + written.out + written.err


async def test_a_notice_proves_nothing_where_its_payment_can_be_looked_up(till: Till) -> None:
    """It says that money was taken, it is signed, and it is a lie: or only the future."""
    payment = await _waiting(till)
    event_id, body = _bodies(till)[0]
    payload = json.loads(body)
    payload["payment"] |= {"status": "captured", "captured": PRICE, "authorized": PRICE}
    payload["type"] = "payment.captured"
    assert isinstance(await _take(till, event_id, json.dumps(payload)), NoticeTaken)

    await till.work()

    assert (await till.read(payment)).facts.captured_minor == 0
    assert (await till.order_of(payment)).status is OrderStatus.PAYING
    assert till.taken() == 0


async def test_one_whose_look_up_nobody_answers_is_kept_until_somebody_does(till: Till) -> None:
    """It may be all that we hear of money that came after a decline."""
    await till.open_event()
    order = await till.hold()
    payment = await till.began(order, "decline:other")
    await till.deliver()
    await till.work()
    till.books.program(
        "http_500 timeout_before garbage",
        queue=Queue.LOOKUPS,
        account="main",
        reference=payment.reference,
    )
    till.proceed(payment, "approve")
    await till.deliver()

    await till.work()
    assert (await till.order(order)).status is OrderStatus.HELD
    await till.work_for(2, 5, 15, 45)

    assert (await till.order(order)).status is OrderStatus.CONFIRMED
    assert till.taken() == PRICE
