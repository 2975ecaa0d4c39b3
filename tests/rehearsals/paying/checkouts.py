"""Buyers who hold, pay, and insist with the same key until they are told; over whatever breaks."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

DECIDED_SECONDS_MAX = 60.0
PAUSE_SECONDS = 0.2
UNDECIDED = frozenset({503, 504})


@dataclass
class Checkout:
    """One buyer, one order. `answers`: what was said to each try to pay, in order."""

    number: int
    event_id: str
    order: dict[str, Any]
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        return str(self.order["id"])

    @property
    def token(self) -> dict[str, str]:
        return {"Order-Token": str(self.order["token"])}

    @property
    def total_minor(self) -> int:
        return int(self.order["total"]["amount"])

    @property
    def reference(self) -> str:
        """What the provider knows the last payment by."""
        return str(self.answers[-1][1]["id"]).removeprefix("pay_")

    def key(self, try_number: int = 1) -> str:
        return f"pay-{self.number:08d}-try-{try_number:04d}"


async def insist(
    client: httpx.AsyncClient,
    path: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    *,
    seconds: float = DECIDED_SECONDS_MAX,
) -> httpx.Response:
    """The same request until it is decided; the last answer if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        answer = None
        try:
            answer = await client.post(path, headers=dict(headers), json=dict(body))
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        if answer is not None and (
            answer.status_code not in UNDECIDED or time.monotonic() > deadline
        ):
            return answer
        await asyncio.sleep(PAUSE_SECONDS)


async def hold(
    client: httpx.AsyncClient, event_id: str, number: int, *, adults: int = 1, children: int = 0
) -> Checkout:
    wanted = {"adult": adults, "child": children}
    answer = await insist(
        client,
        f"/v1/events/{event_id}/orders",
        {"Idempotency-Key": f"hold-of-buyer-{number:010d}"},
        {
            "customer": {"email": f"buyer{number}@example.com"},
            "lines": [
                {"ticket_type": name, "quantity": quantity}
                for name, quantity in wanted.items()
                if quantity
            ],
        },
    )
    assert answer.status_code == 201, answer.text
    return Checkout(number, event_id, answer.json())


async def pay(
    client: httpx.AsyncClient,
    checkout: Checkout,
    script: Mapping[str, str] | None = None,
    *,
    try_number: int = 1,
    seconds: float = DECIDED_SECONDS_MAX,
) -> tuple[int, dict[str, Any]]:
    """`script`: what the provider does, by its queues."""
    answer = await insist(
        client,
        f"/v1/orders/{checkout.order_id}/payments",
        {**checkout.token, "Idempotency-Key": checkout.key(try_number)},
        {"method": "sandbox", "input": dict(script or {})},
        seconds=seconds,
    )
    checkout.answers.append((answer.status_code, answer.json()))
    return checkout.answers[-1]


async def read_order(client: httpx.AsyncClient, checkout: Checkout) -> dict[str, Any]:
    answer = await client.get(f"/v1/orders/{checkout.order_id}", headers=checkout.token)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
