"""Acme's side: a tiny web application with books of its own. It knows nothing of Taquilla but the
words in which a check says how it is to behave."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any

from payments import Money, WebhookRequest, minor_digits_of
from payments.testing import SLOW_SECONDS, Behaviour

Json = dict[str, Any]
Message = MutableMapping[str, Any]

_WIRE_DIGITS = {"EUR": 2, "JPY": 0, "ISK": 2, "KWD": 3}


class AcmeProvider:
    """An ASGI application. Amounts in its books are as they came over the wire."""

    def __init__(self, api_key: str) -> None:
        self.plays: dict[str, list[Behaviour]] = {}
        self.requests: list[str] = []
        self._api_key = api_key
        self._payments: dict[str, Json] = {}
        self._keys: dict[str, tuple[Json, str]] = {}
        self._declines: set[str] = set()
        self._notices: list[tuple[str, bytes]] = []
        self._now: Behaviour = Behaviour.APPROVE

    # What a check asks of the books.

    def charged_minor(self, reference: str) -> int:
        payment = self._payments.get(reference)
        return 0 if payment is None else _minor(payment["paid"], payment["currency"])

    def refunded_minor(self, reference: str) -> int:
        payment = self._payments.get(reference, {"refunds": [], "currency": "EUR"})
        back = sum(each["amount"] for each in payment["refunds"])
        return _minor(back, payment["currency"])

    def notices(self, reference: str, secret: str, at: datetime) -> list[WebhookRequest]:
        seconds = str(int(at.timestamp()))
        return [
            WebhookRequest(
                headers={
                    "acme-signature": f"t={seconds},v1="
                    + hmac.new(
                        secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256
                    ).hexdigest()
                },
                query={},
                body=body,
                received_at=at,
            )
            for of, body in self._notices
            if of == reference
        ]

    def buyer_pays(self, reference: str) -> None:
        payment = self._payments.get(reference)
        if payment is None or payment["status"] != "open":
            return
        if reference in self._declines:
            payment.update(status="declined", reason="no_funds")
        else:
            payment.update(status="paid", paid=payment["amount"])
        self._changed(reference)

    # How the line to it behaves.

    def behaviour_of(self, method: str, path: str, content: bytes) -> Behaviour:
        """What is to happen to this request; taken from the list once."""
        planned = self.plays.get(_reference_of(method, path, content), [])
        is_command = method == "POST"
        self._now = planned.pop(0) if planned and is_command else Behaviour.APPROVE
        return self._now

    def count(self, method: str, path: str, content: bytes) -> None:
        self.requests.append(_reference_of(method, path, content))

    # The web application.

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        behaviour = self._now
        content = b""
        while True:
            message = await receive()
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.count(scope["method"], scope["path"], content)
        status, answer = self._answer(scope["method"], scope["path"], content, headers, behaviour)
        if behaviour is Behaviour.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        body = json.dumps(answer).encode()
        if behaviour is Behaviour.SERVER_ERROR:
            status = 500
        if behaviour is Behaviour.GARBAGE:
            body = b"<html>"
        extra = [(b"retry-after", b"3")] if status == 429 else []
        await send({"type": "http.response.start", "status": status, "headers": extra})
        await send({"type": "http.response.body", "body": body})

    def _answer(
        self, method: str, path: str, content: bytes, headers: dict[str, str], play: Behaviour
    ) -> tuple[int, Json]:
        if headers.get("authorization") != f"Bearer {self._api_key}":
            return 401, {}
        if play is Behaviour.RATE_LIMITED:
            return 429, {}
        if path == "/account":
            return 200, {"account": "acme"}
        reference = _reference_of(method, path, content)
        if method == "GET":
            payment = self._payments.get(reference)
            return (404, {}) if payment is None else (200, payment)
        body, key = json.loads(content), headers["idempotency-key"]
        known, of = self._keys.setdefault(key, (body, path))
        if (known, of) != (body, path):
            return 409, {}
        if path == "/payments":
            return self._create(reference, body, is_declined=play is Behaviour.DECLINE)
        return self._refund(reference, body)

    def _create(self, reference: str, body: Json, *, is_declined: bool) -> tuple[int, Json]:
        if is_declined:
            self._declines.add(reference)
        if reference not in self._payments:
            self._payments[reference] = {
                "id": f"acme_{reference}",
                "reference": reference,
                "mode": "test",
                "status": "open",
                "pay_url": f"https://acme.invalid/pay/{reference}",
                "amount": body["amount"],
                "currency": body["currency"],
                "paid": 0,
                "refunds": [],
                "revision": 1,
            }
        return 201, self._payments[reference]

    def _refund(self, reference: str, body: Json) -> tuple[int, Json]:
        payment = self._payments.get(reference)
        if payment is None:
            return 404, {}
        named = body["merchant_refund_id"]
        if any(each["merchant_refund_id"] == named for each in payment["refunds"]):
            return 200, payment
        left = payment["paid"] - sum(each["amount"] for each in payment["refunds"])
        if body["amount"] > left:
            return 422, {}
        number = len(payment["refunds"]) + 1
        payment["refunds"].append({"id": f"acme_refund_{reference}_{number}", **body})
        self._changed(reference)
        return 201, payment

    def _changed(self, reference: str) -> None:
        payment = self._payments[reference]
        payment["revision"] += 1
        notice = {
            "id": f"notice_{reference}_{payment['revision']}",
            "type": f"payment.{payment['status']}",
            "payment": payment,
        }
        self._notices.append((reference, json.dumps(notice).encode()))


def _reference_of(method: str, path: str, content: bytes) -> str:
    if method == "POST" and path == "/payments":
        return str(json.loads(content)["reference"])
    parts = path.split("/")
    return parts[2] if len(parts) > 2 else ""


def _minor(wire: int, currency: str) -> int:
    """From Acme's digits to ISO 4217's, counted here once more and not by the method."""
    shift = _WIRE_DIGITS[currency] - minor_digits_of(currency)
    return Money(wire * 10**-shift if shift <= 0 else wire // 10**shift, currency).amount_minor
