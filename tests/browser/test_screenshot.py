"""The picture of the shop in the README: drawn on every run, kept where it is asked for:

SHOP_SCREENSHOT=1 .venv/bin/python -m pytest tests/browser/test_screenshot.py
"""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.shop import Shop, type_of
from tests.flows.conftest import ROOT

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.slow]

KEPT = ROOT / "app" / "storefront" / "screenshot.png"
VARIABLE = "SHOP_SCREENSHOT"
BYTES_MAX = 150_000


async def test_the_picture_of_the_shop_is_small_and_shows_tickets(
    shop: Shop, tmp_path: Path
) -> None:
    path = KEPT if os.environ.get(VARIABLE) else tmp_path / KEPT.name
    event_id = await shop.event(
        id="lanterns",
        name="Lanterns on the river",
        starts_at="2027-06-19T20:30:00Z",
        ticket_types=[type_of(name="Riverside")],
    )
    phone = await shop.phone(device_scale_factor=1.4, timezone_id="Europe/Madrid")
    await phone.open_event(event_id)
    await phone.page.get_by_label("Quantity: Riverside").fill("2")
    await phone.page.get_by_label("E-mail").fill("ana@example.com")
    await phone.press("Get tickets")
    picture = phone.page.locator(".ticket img").first
    await expect(picture).to_have_js_property("complete", True)
    await phone.page.evaluate("document.activeElement.blur()")
    await phone.page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < BYTES_MAX
    assert KEPT.stat().st_size < BYTES_MAX
