"""Paying over HTTP: where a buyer may be sent back to, what refusals say, and what readiness tells
of payment methods."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.runtime.settings import Settings
from tests.api.conftest import Api

TYPES = [{"id": "adult", "name": "Adult", "price": 1_000, "pools": ["lawn"]}]
SHOP = "https://shop.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A page of somebody else's sells our tickets."""
    return settings.model_copy(update={"return_urls": (SHOP,), "http_port": 8443})


async def _hold(api: Api) -> Any:
    await api.open_event(ticket_types=TYPES)
    return (await api.order(("adult", 1))).json()


async def _pay(api: Api, order: Any, key: str = "payment-key-00000", **body: Any) -> httpx.Response:
    return await api.client.post(
        f"/v1/orders/{order['id']}/payments",
        json={"method": "sandbox", **body},
        headers={"Order-Token": order["token"], "Idempotency-Key": key},
    )


async def test_a_buyer_is_sent_back_to_pages_that_are_known_and_to_no_other(api: Api) -> None:
    order = await _hold(api)
    refused = [
        *(
            "https://evil.example/back",
            "https://shop.example.evil.example/",
            "http://shop.example/",
        ),
        *("https://shop.example:444/", "https://shop.example@evil.example/", "//shop.example/"),
        *("javascript:alert(1)", "/back", "https://evil.example/?https://shop.example"),
        *("https://shop.example\\.evil.example/", "https://shop.example\n.evil.example", ""),
    ]
    for url in refused:
        answer = await _pay(api, order, return_url=url)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), url
    for number, url in enumerate((f"{SHOP}/back?order=1", "http://127.0.0.1:8443/shop")):
        action = {"script": "action"}
        answer = await _pay(api, order, f"payment-key-{number:05d}", return_url=url, input=action)
        assert answer.status_code == 201, answer.text
        assert answer.json()["next_action"]["kind"] == "redirect"


async def test_refusals_say_what_to_do(api: Api) -> None:
    order = await _hold(api)
    paid = await _pay(api, order)
    assert (paid.status_code, paid.json()["status"]) == (201, "succeeded")
    again = await _pay(api, order)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == paid.json()

    refusals = {
        "idempotency-key-reused": await _pay(api, order, input={"script": "action"}),
        "invalid-transition": await _pay(api, order, "payment-key-00001"),
        "not-found": await _pay(api, {**order, "token": "x"}, "payment-key-00001"),
        "invalid": await _pay(api, order, "payment-key-00001", input={"card": {"number": 1}}),
        "malformed": await _pay(api, order, "short"),
    }
    assert {
        name: (answer.status_code, answer.json()["code"]) for name, answer in refusals.items()
    } == {
        "idempotency-key-reused": (422, "idempotency-key-reused"),
        "invalid-transition": (409, "invalid-transition"),
        "not-found": (404, "not-found"),
        "invalid": (422, "invalid"),
        "malformed": (400, "malformed"),
    }


async def test_a_broken_account_is_a_warning_of_readiness(api: Api, tmp_path: Path) -> None:
    assert (await api.client.get("/readyz")).json() == {"status": "ready", "warnings": []}
    accounts = tmp_path / "accounts.toml"
    accounts.write_text('[[account]]\nmethod = "acme"\nid = "main"\nenvironment = "test"\n')

    answer = await _readyz(api.settings.model_copy(update={"payment_accounts_file": accounts}))

    assert answer.status_code == 200
    assert answer.json()["warnings"] == ["payment method acme/main cannot be used"]


async def test_a_release_that_lost_the_account_of_open_payments_is_not_ready(
    api: Api, tmp_path: Path
) -> None:
    order = await _hold(api)
    await _pay(api, order, input={"script": "action"})
    accounts = tmp_path / "accounts.toml"
    accounts.write_text("")

    answer = await _readyz(api.settings.model_copy(update={"payment_accounts_file": accounts}))

    assert answer.status_code == 503
    assert answer.json()["detail"] == "payments of sandbox/main are open, and it cannot be used"
    assert (await api.client.get("/readyz")).status_code == 200, "the one that has it goes on"


async def _readyz(settings: Settings) -> httpx.Response:
    """Of another process, with other settings."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        return await client.get("/readyz")
