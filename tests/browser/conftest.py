"""A real browser before the real service: one of each for the folder, a fresh phone for each test.

A page that asks another host for anything, breaks its own security policy or throws fails its test.
"""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.finding import HOW_TO, browser_arguments, find_browser, must_have_browser
from tests.browser.shop import Phone, Shop
from tests.flows.conftest import Service, running_service


@pytest.fixture(scope="package")
def chromium_path() -> str:
    path = find_browser(os.environ)
    if path is None and must_have_browser(os.environ, os.getuid()):
        pytest.fail(HOW_TO)
    if path is None:
        pytest.skip(HOW_TO)
    return path


@pytest.fixture(scope="package")
def service(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Started only where there is a browser."""
    with running_service(tmp_path_factory.mktemp("shop") / "data") as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=browser_arguments()
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="package")
async def shop(service: Service, browser: Browser) -> AsyncIterator[Shop]:
    """Makes events and phones; in the end no phone may have done what a shop must not."""
    async with service.client() as client:
        shop = Shop(service, client, browser)
        yield shop
        for phone in shop.phones:
            await phone.context.close()
        assert not shop.faults, "\n".join(shop.faults)


@pytest_asyncio.fixture(loop_scope="package")
async def phone(shop: Shop) -> Phone:
    return await shop.phone()
