"""Buying in a browser, from the list of events to the tickets, and back again by the link."""

import pytest
from playwright.async_api import expect

from tests.browser.shop import Phone, Shop

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_visitor_buys_keeps_the_link_and_finds_the_tickets_from_another_browser(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(name="Lanterns on the river")
    await phone.open()
    await phone.page.get_by_role("link", name="Lanterns on the river").click()
    await phone.sees_title("Lanterns on the river")
    await phone.fill_in(adult=2)
    await phone.press("Get tickets")
    await phone.sees_title("It is yours")
    await expect(phone.page.locator(".ticket")).to_have_count(2)
    link = await phone.page.get_by_label("Link of this order").input_value()
    assert link == phone.page.url
    assert await shop.taken(event_id) == 2

    other = await shop.phone()
    await other.page.goto(link)
    pictures = other.page.locator(".ticket img")
    await expect(pictures).to_have_count(2)
    for each in await pictures.all():
        await each.scroll_into_view_if_needed()
        await expect(each).to_have_js_property("complete", True)
        assert await each.evaluate("picture => picture.naturalWidth") > 0
    await other.page.reload()
    await expect(pictures).to_have_count(2)
    await other.open("#/orders")
    await other.page.get_by_role("link", name="Lanterns on the river").click()
    await other.sees_title("It is yours")
