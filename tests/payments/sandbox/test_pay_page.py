"""The page of the sandbox: a buyer is sent there, decides, and is sent back."""

import httpx
import pytest

from payments import Context, Found, RemoteStatus
from payments.testing import Books, Provider
from payments.testing.sandbox import PayPage, Sandbox, SandboxConfig
from tests.payments.calls import NOW, fetch, initiate, new_reference

PAGES = "https://shop.example/sandbox/pay"


@pytest.fixture
def sandbox(books: Books) -> Sandbox:
    config = SandboxConfig(environment="test", books_file=books.path, pay_page_url=PAGES)
    return Sandbox(config, Context(account_id="main", now=lambda: NOW))


@pytest.fixture
def browser(books: Books) -> httpx.AsyncClient:
    page = PayPage(books, Provider(books, lambda: NOW))
    return httpx.AsyncClient(transport=httpx.ASGITransport(page))


async def _sent_away(sandbox: Sandbox, *, capture: bool = True) -> tuple[str, str]:
    reference = new_reference()
    snapshot = await sandbox.initiate(initiate(reference, capture=capture, script="action"))
    action = snapshot.next_action
    assert action is not None
    assert (action.kind, action.url) == ("redirect", f"{PAGES}/{reference}")
    return reference, f"{PAGES}/{reference}"


@pytest.mark.parametrize(
    ("choice", "is_capture", "status"),
    [
        ("approve", True, RemoteStatus.CAPTURED),
        ("approve", False, RemoteStatus.AUTHORIZED),
        ("decline", True, RemoteStatus.FAILED),
    ],
)
async def test_a_buyer_decides_once_and_is_sent_back(
    choice: str,
    is_capture: bool,
    status: RemoteStatus,
    sandbox: Sandbox,
    browser: httpx.AsyncClient,
) -> None:
    reference, url = await _sent_away(sandbox, capture=is_capture)
    page = await browser.get(url)
    assert page.status_code == 200
    assert "10.50 EUR" in page.text
    assert "no real money" in page.text
    decided = await browser.post(url, data={"choice": choice})
    assert decided.status_code == 303
    assert decided.headers["location"] == "https://shop.example/back"
    found = await sandbox.fetch(fetch(reference))
    assert isinstance(found, Found)
    assert found.snapshot.status is status

    other = "decline" if choice == "approve" else "approve"
    again = await browser.post(url, data={"choice": other})
    assert (again.status_code, "Nothing to do here" in again.text) == (200, True)
    assert await sandbox.fetch(fetch(reference)) == found


async def test_nothing_but_a_decision_changes_anything(
    sandbox: Sandbox, browser: httpx.AsyncClient, books: Books
) -> None:
    reference, url = await _sent_away(sandbox)
    for body, status in (("choice=perhaps", 400), ("", 400), ("choice=approve" + "&" * 2_000, 400)):
        assert (await browser.post(url, content=body)).status_code == status
    assert (await browser.put(url)).status_code == 405
    assert (await browser.get(f"{PAGES}/nobody")).status_code == 404
    assert (await browser.post(f"{PAGES}/nobody")).status_code == 404
    entry = books.find(reference)
    assert entry is not None
    assert entry.status is RemoteStatus.REQUIRES_ACTION


async def test_the_page_has_neither_scripts_nor_anything_from_elsewhere(
    sandbox: Sandbox, browser: httpx.AsyncClient
) -> None:
    _, url = await _sent_away(sandbox)
    page = await browser.get(url)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert page.headers["cache-control"] == "no-store"
