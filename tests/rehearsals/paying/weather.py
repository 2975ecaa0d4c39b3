"""What becomes of payments and of the notices of them on their way: one fate a buyer.

Each fate is lived through over HTTP, as a buyer does who insists; what it has to end in is known
before. A fate whose money comes late waits until the hold is over and the payment closed.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import httpx

from payments.testing.sandbox import sign
from tests.rehearsals.paying.checkouts import Checkout, hold, pay, read_order
from tests.rehearsals.paying.stage import Stage

AMPLE, SHORT, SCARCE = "weather-ample", "weather-short", "weather-scarce"
SHORT_SECONDS = 8
CLOSED_SECONDS_MAX = 150.0
"""A provider that lost its answers is asked again, while processes come and go."""

TRIES_MAX = 4

DELIVERED = (
    *("copies:3", "copies:5 shuffle", "before_response", "before_response copies:2"),
    "delay:700 shuffle",
)
LOST = ("drop", "tamper", "stale", "future")
"""What we take from nobody, or what nobody brings."""


class Fate(Enum):
    """What happens to a payment."""

    AT_ONCE = "paid at once"
    ANSWER_LOST = "paid, and the answer lost"
    CAPTURE_LOST = "reserved, and the answer to the capture lost"
    ACTION = "paid after the buyer acted"
    FORGED = "the same, after notices that somebody else signed"
    DECLINED = "declined after the buyer acted, then paid with another key"
    LEFT = "never paid"
    LATE = "paid after expiry, and there is stock"
    TOO_LATE = "paid after expiry, and the stock is sold"


SHARES: Mapping[Fate, float] = {
    Fate.AT_ONCE: 0.2,
    Fate.ANSWER_LOST: 0.12,
    Fate.CAPTURE_LOST: 0.08,
    Fate.ACTION: 0.2,
    Fate.FORGED: 0.06,
    Fate.DECLINED: 0.1,
    Fate.LEFT: 0.06,
    Fate.LATE: 0.1,
    Fate.TOO_LATE: 0.08,
}
"""Of all buyers."""
_LOST = ("timeout_after", "http_500", "garbage")
_SHORT_LIVED = {Fate.LEFT, Fate.LATE}
ENDS: Mapping[Fate, str] = {Fate.LEFT: "expired", Fate.TOO_LATE: "expired"}
"""Of the order; all others are confirmed."""


@dataclass
class Wish:
    """One buyer. `missed`: the hold was over before the payment had begun."""

    number: int
    fate: Fate
    notices: str
    checkout: Checkout | None = None
    missed: bool = False

    @property
    def event_id(self) -> str:
        if self.fate is Fate.TOO_LATE:
            return SCARCE
        return SHORT if self.fate in _SHORT_LIVED else AMPLE

    @property
    def end(self) -> str:
        return "expired" if self.missed else ENDS.get(self.fate, "confirmed")


def make_wishes(chance: random.Random, count: int) -> list[Wish]:
    """Money that comes much too late, and that no notice tells of, is found a quarter of an hour
    after the payment had ended, or a day: too late for a test."""
    fates = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    return [
        Wish(number, fate, chance.choice(DELIVERED + (() if fate is Fate.TOO_LATE else LOST)))
        for number, fate in enumerate(fates)
    ]


@dataclass
class Weather:
    """`refill`: buys what was given back of the scarce event, before the late money comes."""

    stage: Stage
    client: httpx.AsyncClient
    chance: random.Random
    has_refilled: asyncio.Event = field(default_factory=asyncio.Event)
    forged: int = 0

    async def live(self, wish: Wish) -> None:
        wish.checkout = await hold(
            self.client,
            wish.event_id,
            wish.number,
            children=self.chance.randint(0, 1) if wish.event_id != SCARCE else 0,
        )
        lives: Mapping[Fate, Callable[[Wish, Checkout], Awaitable[None]]] = {
            Fate.ACTION: self._act,
            Fate.FORGED: self._act,
            Fate.DECLINED: self._be_declined,
            Fate.LATE: self._come_late,
            Fate.TOO_LATE: self._come_late,
            Fate.LEFT: self._leave,
        }
        await lives.get(wish.fate, self._pay)(wish, wish.checkout)

    async def _pay(self, wish: Wish, checkout: Checkout) -> None:
        script = ""
        if wish.fate is Fate.ANSWER_LOST:
            script = self.chance.choice(_LOST)
        elif wish.fate is Fate.CAPTURE_LOST:
            script = f"authorize {self.chance.choice(_LOST)}"
        await self._begin(wish, checkout, script)

    async def _act(self, wish: Wish, checkout: Checkout) -> None:
        await self._begin(wish, checkout, "action")
        if wish.fate is Fate.FORGED:
            await self._forge(checkout)
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        self.stage.proceed(checkout.reference, "approve")

    async def _be_declined(self, wish: Wish, checkout: Checkout) -> None:
        await self._begin(wish, checkout, "action")
        self.stage.proceed(checkout.reference, "decline:insufficient_funds")
        await self._until_closed(checkout, {"held"})
        status, body = await pay(
            self.client, checkout, {"webhooks": wish.notices}, try_number=TRIES_MAX + 1
        )
        assert status == 201, body

    async def _leave(self, wish: Wish, checkout: Checkout) -> None:
        await self._begin(wish, checkout, "pending")

    async def _come_late(self, wish: Wish, checkout: Checkout) -> None:
        await self._begin(wish, checkout, "pending")
        if wish.missed:
            return
        await self._until_closed(checkout, {"expired"})
        if wish.fate is Fate.TOO_LATE:
            await self.has_refilled.wait()
        self.stage.proceed(checkout.reference, "approve")

    async def _begin(self, wish: Wish, checkout: Checkout, script: str) -> None:
        """Until the provider has the payment. One that never came so far ends as failed, and the
        buyer tries with another key."""
        for try_number in range(1, TRIES_MAX + 1):
            asked = {"script": script, "webhooks": wish.notices}
            status, body = await pay(self.client, checkout, asked, try_number=try_number)
            is_short = wish.event_id != AMPLE
            wish.missed = is_short and body.get("code") in {"hold-expired", "method-unavailable"}
            assert status == 201 or wish.missed, body
            if wish.missed or await self._has_arrived(checkout):
                return
        raise AssertionError(f"buyer {wish.number} never reached the provider")

    async def _has_arrived(self, checkout: Checkout) -> bool:
        """False: it is over, and the provider was never asked."""
        deadline = time.monotonic() + CLOSED_SECONDS_MAX
        while self.stage.books.find(checkout.reference) is None:
            if await self._is_over(checkout):
                return self.stage.books.find(checkout.reference) is not None
            assert time.monotonic() < deadline, checkout
            await asyncio.sleep(0.3)
        return True

    async def _is_over(self, checkout: Checkout) -> bool:
        path = f"/v1/orders/{checkout.order_id}/payments/{checkout.answers[-1][1]['id']}"
        try:
            payment = (await self.client.get(path, headers=checkout.token)).json()
        except httpx.TransportError:
            return False  # somebody was killed just now
        return payment.get("status") in {"failed", "cancelled"}

    async def _until_closed(self, checkout: Checkout, statuses: set[str]) -> None:
        """Its last payment is over, and the order is one of these."""
        deadline = time.monotonic() + CLOSED_SECONDS_MAX
        while True:
            with contextlib.suppress(httpx.TransportError, AssertionError):
                if (
                    await self._is_over(checkout)
                    and (await read_order(self.client, checkout))["status"] in statuses
                ):
                    return
            assert time.monotonic() < deadline, checkout
            await asyncio.sleep(0.3)

    async def _forge(self, checkout: Checkout) -> None:
        """Says that it was paid, signed with a secret that is not the account's; and unsigned."""
        body = (
            '{"id":"evt_forged","type":"payment.captured","payment":{"reference":"'
            + checkout.reference
            + '"}}'
        ).encode()
        signed = sign("evt_forged", datetime.now(UTC), body, [b"not-the-secret-of-this-account"])
        for headers in (signed, {}):
            answer = await insist_raw(self.client, headers, body)
            assert answer.status_code == 401, answer.text
            self.forged += 1


async def insist_raw(
    client: httpx.AsyncClient, headers: Mapping[str, str], body: bytes
) -> httpx.Response:
    """Until somebody answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return await client.post(
                "/v1/webhooks/sandbox/main",
                headers={"content-type": "application/json", **headers},
                content=body,
            )
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)
