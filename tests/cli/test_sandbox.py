"""The sandbox beside development: its notices arrive, its page is there; in production neither."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app.cli.sandbox import sandbox_pages
from app.runtime.payment_methods import SANDBOX_ACCOUNT
from app.runtime.settings import Settings
from payments.testing import Books, Provider, Step, Word
from tests.flows.conftest import Service, running_service, until

ROOT = Path(__file__).parents[2]
PAID = "/v1/events/demo-paid/orders"


@pytest.mark.slow
async def test_dev_delivers_the_notices_of_the_sandbox_and_has_its_page(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        async with service.client() as client:
            reference = await _ask_the_buyer(service, client)
            books = Books(service.data_dir / "sandbox-books.sqlite")
            provider = Provider(books, lambda: datetime.now(UTC))
            page = await client.get(f"/sandbox/pay/{reference}")
            assert page.status_code == 200
            assert "25.00 EUR" in page.text
            provider.proceed(SANDBOX_ACCOUNT, reference, (Step(Word.AUTHORIZE),))

            async def is_charged_and_told() -> bool:
                is_waiting = provider.waits_for_delivery
                waits = await asyncio.to_thread(is_waiting, SANDBOX_ACCOUNT, reference)
                return books.charged_minor(reference) == 2_500 and not waits

            # Only a notice that was answered 2xx leaves the books so soon.
            await until(15, is_charged_and_told)


async def _ask_the_buyer(service: Service, client: httpx.AsyncClient) -> str:
    line = {"ticket_type": "standing", "quantity": 1}
    order = await client.post(
        PAID,
        json={"customer": {"email": "ana@example.com"}, "lines": [line]},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert order.status_code == 201, order.text
    payment = await client.post(
        f"/v1/orders/{order.json()['id']}/payments",
        json={"method": "sandbox", "input": {"script": "action"}},
        headers={"Idempotency-Key": uuid4().hex, "Order-Token": order.json()["token"]},
    )
    assert payment.status_code == 201, payment.text
    url = str(payment.json()["next_action"]["url"])
    address, _, reference = url.rpartition("/")
    assert address == f"{service.base_url}/sandbox/pay"
    return reference


def test_there_is_a_page_in_development_alone(tmp_path: Path) -> None:
    methods = ("hack", "sandbox")
    assert [*sandbox_pages(Settings(env="development", data_dir=tmp_path))] == ["/sandbox/pay"]
    assert not sandbox_pages(Settings(env="production", payment_methods=methods))
    assert not sandbox_pages(Settings(env="development", payment_methods=("hack",)))
    given = Settings(env="development", payment_accounts_file=tmp_path / "accounts.toml")
    assert not sandbox_pages(given), "the accounts of that file are played with elsewhere"


def test_production_has_no_process_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAQUILLA_ENV", "production")
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli.sandbox"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, "no sandbox" in ended.stderr) == (1, True)
