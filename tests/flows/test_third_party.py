"""A payment method that somebody else wrote sells: installed with pip beside the service, allowed,
given an account, switched on. Not a line of the service is changed, or knows its name."""

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from tests.flows.conftest import ROOT, Service, free_ports, running_service, until
from tests.payments.building import ACME, build_acme, run

if TYPE_CHECKING:
    from provider import AcmeProvider

pytestmark = pytest.mark.slow

API_KEY = "canary-of-the-flow"
WEBHOOK_SECRET = "canary-of-the-notices"
PRICE_MINOR = 2_500


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator["AcmeProvider"]:
    """The one that the method's own tests play with."""
    monkeypatch.syspath_prepend(ACME / "tests")
    yield importlib.import_module("provider").AcmeProvider(API_KEY)
    del sys.modules["provider"]


@asynccontextmanager
async def _listening(provider: "AcmeProvider") -> AsyncIterator[str]:
    """The provider's own web server; answers its address."""
    (port,) = free_ports(1)
    server = uvicorn.Server(
        uvicorn.Config(provider, port=port, log_level="warning", lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        await until(20, _has(lambda: server.started))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


def _has(condition: Any) -> Any:
    async def ask() -> bool:
        return bool(condition())

    return ask


def _install(folder: Path) -> Path:
    """As `pip install taquilla-acme` would, into a folder of its own: the environment that the
    tests run in is not touched."""
    site = folder / "site"
    run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site)),
            *("--no-index", "--no-deps", "--no-cache-dir", str(build_acme(folder))),
        ],
        folder,
    )
    return site


def _write_accounts(folder: Path, base_url: str) -> Path:
    (folder / "webhook-secret").write_text(f"{WEBHOOK_SECRET}\n")
    path = folder / "accounts.toml"
    path.write_text(
        f"""
[[account]]
method = "acme"
id = "main"
environment = "test"
[account.config]
base_url = "{base_url}"
api_key = {{ env = "ACME_API_KEY" }}
webhook_secrets = [{{ file = "{folder / "webhook-secret"}" }}]
"""
    )
    return path


def _switch_on(service: Service, name: str) -> None:
    path = service.data_dir / "toggles.json"
    document = json.loads(path.read_text())
    [feature] = [each for each in document["features"] if each["name"] == name]
    feature["enabled"] = True
    path.write_text(json.dumps(document))


async def _hold(client: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """An order of one ticket, and the headers that pay for it."""
    key = {"Idempotency-Key": str(uuid4())}
    body = {
        "customer": {"email": f"{uuid4()}@example.com"},
        "lines": [{"ticket_type": "adult", "quantity": 1}],
    }
    order = (await client.post("/v1/events/paid/orders", json=body, headers=key)).json()
    assert order["status"] == "held", order
    return order["id"], key | {"Order-Token": order["token"]}


async def test_a_method_of_somebody_else_sells_through_the_running_service(
    tmp_path: Path, provider: "AcmeProvider"
) -> None:
    assert not [
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if "acme" in path.read_text().lower()
    ]
    async with _listening(provider) as base_url:
        accounts = _write_accounts(tmp_path, base_url)
        with running_service(
            tmp_path / "data",
            PYTHONPATH=str(_install(tmp_path)),
            TAQUILLA_PAYMENT_METHODS="hack,acme",
            TAQUILLA_PAYMENT_ACCOUNTS_FILE=str(accounts),
            ACME_API_KEY=API_KEY,
        ) as service:
            listed = await asyncio.to_thread(service.run, "payments", "accounts", "--check")
            assert listed.returncode == 0, listed.stdout + listed.stderr
            assert "acme/main  test  enabled  checked: works" in listed.stdout
            assert API_KEY not in listed.stdout + listed.stderr
            async with service.client() as client:
                await _sell(service, client, provider)


async def _sell(service: Service, client: httpx.AsyncClient, provider: "AcmeProvider") -> None:
    await service.open_event(
        client,
        "paid",
        ticket_types=[{"id": "adult", "name": "Adult", "price": PRICE_MINOR, "pools": ["floor"]}],
    )
    order_id, headers = await _hold(client)
    where = f"/v1/orders/{order_id}"
    closed = await client.post(f"{where}/payments", json={"method": "acme"}, headers=headers)
    assert closed.json()["code"] == "method-unavailable", "nobody has switched it on"
    _switch_on(service, "payments.acme.offer")

    async def is_offered() -> bool:
        offered = await client.get(f"{where}/payment-methods", headers=headers)
        return [each["id"] for each in offered.json()["items"]] == ["acme"]

    await until(10, is_offered)
    begun = await client.post(f"{where}/payments", json={"method": "acme"}, headers=headers)
    payment = begun.json()
    assert (payment["status"], payment["next_action"]["kind"]) == ("requires_action", "redirect")
    reference = payment["id"].removeprefix("pay_")
    provider.buyer_pays(reference)
    await _deliver(client, provider, reference)

    async def is_confirmed() -> bool:
        return bool((await client.get(where, headers=headers)).json()["status"] == "confirmed")

    await until(20, is_confirmed)
    tickets = (await client.get(f"{where}/tickets", headers=headers)).json()
    assert [each["status"] for each in tickets["items"]] == ["valid"]
    assert provider.charged_minor(reference) == PRICE_MINOR

    refund = await client.post(
        f"/v1/admin/orders/{order_id}/refunds",
        json={},
        headers=service.admin | {"Idempotency-Key": str(uuid4())},
    )
    assert (refund.status_code, refund.json()["status"]) == (201, "succeeded")
    assert provider.refunded_minor(reference) == PRICE_MINOR
    assert (await client.get(where, headers=headers)).json()["status"] == "cancelled"


async def _deliver(client: httpx.AsyncClient, provider: "AcmeProvider", reference: str) -> None:
    """Its notices, to the address that every account has; one that nobody signed is refused."""
    for secret, status in (("not its secret", 401), (WEBHOOK_SECRET, 200)):
        for notice in provider.notices(reference, secret, datetime.now(UTC)):
            answer = await client.post(
                "/v1/webhooks/acme/main", content=notice.body, headers=dict(notice.headers)
            )
            assert answer.status_code == status, answer.text
