"""What tests of settlements share: an issuer, its grants, and the internal listener."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from app.main import create_app
from app.runtime.settings import Settings
from app.selling import Services
from payments.methods.hack import lines_sha256
from tests.payments.hack.forge import forge

AUDIENCE = "taquilla:development:taquilla"
PRICE = 1_000
TYPES = [
    {"id": "adult", "name": "Adult", "price": PRICE, "pools": ["lawn"]},
    {"id": "child", "name": "Child", "price": 500, "pools": ["lawn"]},
]


@dataclass(frozen=True)
class Internal:
    """The listener that the old platform calls."""

    client: httpx.AsyncClient
    services: Services

    async def settle(self, order_id: str, grant: object) -> httpx.Response:
        return await self.client.post(
            f"/internal/v1/orders/{order_id}/settle", json={"grant": grant}
        )


@asynccontextmanager
async def open_internal(settings: Settings) -> AsyncIterator[Internal]:
    app = create_app(settings, internal=True)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://internal") as client,
    ):
        yield Internal(client, app.state.services)


def claims_for(order: Mapping[str, Any], **changes: object) -> dict[str, object]:
    """What an issuer who has the money of this order says."""
    now = int(datetime.now(UTC).timestamp())
    lines = [
        (each["ticket_type"], each["quantity"], each["unit_price"]["amount"])
        for each in order["lines"]
    ]
    return {
        "iss": "old",
        "aud": AUDIENCE,
        "jti": secrets.token_urlsafe(18),
        "iat": now,
        "exp": now + 120,
        "org": "hall",
        "evt": order["event_id"],
        "ord": order["id"],
        "amt": order["total"]["amount"],
        "cur": order["total"]["currency"],
        "lines": lines_sha256(lines),
        "ref": f"sale-{secrets.token_hex(6)}",
        **changes,
    }


def grant_for(order: Mapping[str, Any], **changes: object) -> str:
    return forge(claims=claims_for(order, **changes))
