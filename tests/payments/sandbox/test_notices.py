"""Notices of the sandbox: signed, and carried as badly as providers do."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from payments import (
    BadSignature,
    Context,
    MalformedWebhook,
    RemoteStatus,
    StaleWebhook,
    WebhookRejected,
    WebhookRequest,
)
from payments.testing import Books
from payments.testing.sandbox import TOLERANCE_SECONDS, Courier, Sandbox, sign
from tests.payments.calls import NOW, initiate, new_reference

NEW, OLD = b"new-secret", b"old-secret"
EVENT = b'{"id":"evt_1","type":"dispute.opened","payment":null}'


@dataclass
class Mailbox:
    """Where the courier delivers; answers with the statuses it is given, then 200."""

    statuses: list[int] = field(default_factory=list)
    received: list[WebhookRequest] = field(default_factory=list)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url.endswith("/v1/webhooks/sandbox/main")
        self.received.append(WebhookRequest(headers=headers, query={}, body=body, received_at=NOW))
        return self.statuses.pop(0) if self.statuses else 200


def _courier(books: Books, mailbox: Mailbox, later: timedelta = timedelta(0)) -> Courier:
    return Courier(books, mailbox.send, {"main": [NEW]}, lambda: NOW + later)


def _request(body: bytes, headers: Mapping[str, str]) -> WebhookRequest:
    return WebhookRequest(headers=headers, query={}, body=body, received_at=NOW)


async def test_a_notice_tells_how_the_payment_stands(sandbox: Sandbox, books: Books) -> None:
    reference, mailbox = new_reference(), Mailbox()
    answer = await sandbox.initiate(initiate(reference))
    assert await _courier(books, mailbox).step() == 1
    assert await _courier(books, mailbox).step() == 0
    [event] = sandbox.parse_webhook(mailbox.received[0]).events
    assert (event.reference, event.kind) == (reference, "payment.captured")
    assert event.snapshot == answer


async def test_every_delivery_of_a_notice_has_the_same_key(sandbox: Sandbox, books: Books) -> None:
    mailbox = Mailbox(statuses=[500, 0])
    await sandbox.initiate(initiate(new_reference(), webhooks="copies:3"))
    for minutes in range(6):
        await _courier(books, mailbox, timedelta(minutes=minutes)).step()
    requests = [replace(each, received_at=NOW) for each in mailbox.received]
    assert len(requests) == 5
    for minutes, each in enumerate(requests):
        late = replace(each, received_at=NOW + timedelta(minutes=minutes))
        assert len(sandbox.parse_webhook(late).events) == 1
    assert len({each.headers["sandbox-id"] for each in requests}) == 1


@pytest.mark.parametrize(
    ("webhooks", "error"),
    [("tamper", BadSignature), ("stale", StaleWebhook), ("future", StaleWebhook)],
)
async def test_a_notice_that_was_interfered_with_is_rejected(
    webhooks: str, error: type[WebhookRejected], sandbox: Sandbox, books: Books
) -> None:
    mailbox = Mailbox()
    await sandbox.initiate(initiate(new_reference(), webhooks=webhooks))
    await _courier(books, mailbox).step()
    with pytest.raises(error):
        sandbox.parse_webhook(mailbox.received[0])


async def test_a_notice_can_be_late_or_never_come(sandbox: Sandbox, books: Books) -> None:
    mailbox = Mailbox()
    await sandbox.initiate(initiate(new_reference(), webhooks="drop"))
    await sandbox.initiate(initiate(new_reference(), webhooks="delay:2000"))
    assert await _courier(books, mailbox).step() == 0
    assert await _courier(books, mailbox, timedelta(seconds=2)).step() == 1


async def test_notices_come_in_any_order(sandbox: Sandbox, books: Books) -> None:
    for _ in range(8):
        await sandbox.initiate(initiate(new_reference(), webhooks="shuffle"))
    mailbox = Mailbox()
    await _courier(books, mailbox).step()
    ids = [each.headers["sandbox-id"] for each in mailbox.received]
    assert len(set(ids)) == 8
    assert ids != sorted(ids)


async def test_nobody_waits_for_ever_for_a_notice_that_was_to_come_first(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.testing.sandbox.method.NOTICE_WAIT_SECONDS_MAX", 0.1)
    answer = await sandbox.initiate(initiate(new_reference(), webhooks="before_response"))
    assert answer.status is RemoteStatus.CAPTURED


def test_either_secret_is_good_while_they_are_changed(sandbox: Sandbox) -> None:
    for secrets in ([NEW], [OLD], [b"foreign", OLD], [NEW, OLD]):
        request = _request(EVENT, sign("evt_1", NOW, EVENT, secrets))
        assert sandbox.parse_webhook(request).events == ()


def test_a_kind_that_means_nothing_is_taken_in_and_says_nothing(sandbox: Sandbox) -> None:
    batch = sandbox.parse_webhook(_request(EVENT, sign("evt_1", NOW, EVENT, [NEW])))
    assert (batch.events, batch.ack_status) == ((), 200)


@pytest.mark.parametrize("seconds", [TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1])
def test_a_signature_has_its_time_on_both_sides(seconds: int, sandbox: Sandbox) -> None:
    edge = timedelta(seconds=seconds // abs(seconds) * TOLERANCE_SECONDS)
    sandbox.parse_webhook(_request(EVENT, sign("evt_1", NOW + edge, EVENT, [NEW])))
    headers = sign("evt_1", NOW + timedelta(seconds=seconds), EVENT, [NEW])
    with pytest.raises(StaleWebhook):
        sandbox.parse_webhook(_request(EVENT, headers))


def _changed(**headers: str) -> dict[str, str]:
    good = sign("evt_1", NOW, EVENT, [NEW])
    return {**good, **{f"sandbox-{name}": text for name, text in headers.items()}}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        sign("evt_1", NOW, EVENT, [b"foreign"]),
        sign("evt_1", NOW, EVENT + b" ", [NEW]),
        sign("evt_1", NOW, EVENT, []),
        _changed(id="evt_2"),
        _changed(timestamp=str(int(NOW.timestamp()) + 1)),
        _changed(timestamp="١٢٣"),
        _changed(timestamp="1e9"),
        _changed(signature=""),
        _changed(signature="v1,"),
        _changed(signature="v0," + base64.b64encode(b"x" * 32).decode()),
        _changed(signature="v1," + base64.b64encode(b"x" * 32).decode()),
        _changed(signature=" ".join(["v1,eA=="] * 9)),
    ],
    ids=str,
)
def test_what_no_secret_signed_is_rejected(headers: dict[str, str], sandbox: Sandbox) -> None:
    with pytest.raises(BadSignature):
        sandbox.parse_webhook(_request(EVENT, headers))


def test_with_no_secret_no_notice_is_taken_in(sandbox: Sandbox) -> None:
    config = sandbox.config.model_copy(update={"webhook_secrets": (SecretStr(""),)})
    deaf = Sandbox(config, Context(account_id="main", now=lambda: NOW))
    with pytest.raises(BadSignature):
        deaf.parse_webhook(_request(EVENT, sign("evt_1", NOW, EVENT, [b""])))


async def test_a_notice_of_another_account_is_not_ours(sandbox: Sandbox, books: Books) -> None:
    other = Sandbox(sandbox.config, Context(account_id="other", now=lambda: NOW))
    mailbox = Mailbox()
    await sandbox.initiate(initiate(new_reference()))
    await _courier(books, mailbox).step()
    with pytest.raises(MalformedWebhook, match="account"):
        other.parse_webhook(mailbox.received[0])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"id":"evt_2","type":"payment.captured","payment":null}',
        b'{"id":"evt_1","type":"payment.captured","payment":{}}',
        b'{"id":"evt_1","type":"payment.captured","payment":null,"more":1}',
    ],
)
def test_what_is_signed_and_cannot_be_read_is_malformed(body: bytes, sandbox: Sandbox) -> None:
    with pytest.raises(MalformedWebhook):
        sandbox.parse_webhook(_request(body, sign("evt_1", NOW, body, [NEW])))
