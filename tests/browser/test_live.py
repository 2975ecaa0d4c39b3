"""What changes by itself: what is left, a hold's time, an order that another device finished."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.shop import Phone, Shop, type_of

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.slow]

AVAILABILITY = "**/availability"

SHIFTS = """new Promise(resolve => {
    const sum = list => list.getEntries().filter(each => !each.hadRecentInput)
        .reduce((total, each) => total + each.value, 0);
    new PerformanceObserver(list => resolve(sum(list)))
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => resolve(0), 300);
})"""
"""The sum of all layout shifts so far; the browser tells none at once where there was none."""


async def test_what_is_left_is_shown_as_others_buy_and_nothing_jumps(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(
        name="Last ones",
        pools=[{"id": "floor", "capacity": 30}],
        ticket_types=[type_of(max_per_order=30, max_per_customer=30)],
    )
    watcher = await shop.phone()
    await watcher.open()
    card = watcher.page.get_by_role("listitem").filter(has_text="Last ones")
    await expect(card).to_contain_text("30 left")
    await phone.open_event(event_id)
    label = phone.page.locator(".type .label")
    await expect(label).to_have_text("30 left")
    await shop.order(event_id, 23)
    await expect(label).to_have_text("Last 7", timeout=10_000)
    held = await shop.order(event_id, 7, confirm=False)
    await expect(label).to_have_text("All on hold", timeout=10_000)
    await expect(card).to_contain_text("All on hold", timeout=10_000)
    await shop.finish(held, "confirm")
    await expect(label).to_have_text("Sold out", timeout=10_000)
    await expect(phone.page.locator(".advice")).to_have_text("Every ticket is sold.")
    assert await watcher.page.evaluate(SHIFTS) < 0.1
    assert await phone.page.evaluate(SHIFTS) < 0.1


async def test_a_hidden_page_asks_nothing_and_a_failing_shop_is_asked_less(
    shop: Shop, phone: Phone
) -> None:
    await phone.page.clock.install()
    event_id = await shop.event()
    await phone.open_event(event_id)
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))

    async def pass_seconds(seconds: int, *, answers: bool) -> int:
        """How often the shop was asked in that time; the last answer has come."""
        asked.clear()
        if answers:
            async with phone.page.expect_event("requestfinished"):
                await phone.page.clock.run_for(seconds * 1000)
        else:
            await phone.page.clock.run_for(seconds * 1000)
        return len(asked)

    assert await pass_seconds(4, answers=True) == 1
    await _set_hidden(phone, is_hidden=True)
    assert await pass_seconds(60, answers=False) == 0
    async with phone.page.expect_event("requestfinished"):
        await _set_hidden(phone, is_hidden=False)

    async def fail(route: Route) -> None:
        await route.fulfill(status=503, json={"code": "unavailable"}, headers={"Retry-After": "1"})

    await phone.page.route(AVAILABILITY, fail)
    assert await pass_seconds(4, answers=True) == 1
    live = phone.page.locator(".live")
    await expect(live).to_contain_text("very busy")
    assert await pass_seconds(4, answers=False) == 0
    assert await pass_seconds(5, answers=True) == 1
    await phone.page.unroute(AVAILABILITY)
    await pass_seconds(20, answers=True)
    await expect(live).to_have_text("Live")


async def test_without_a_network_the_page_says_that_it_may_be_old(shop: Shop, phone: Phone) -> None:
    await phone.open_event(await shop.event())
    await phone.context.set_offline(True)
    await expect(phone.page.locator(".live")).to_contain_text("No connection", timeout=10_000)
    await phone.context.set_offline(False)
    await expect(phone.page.locator(".live")).to_have_text("Live", timeout=10_000)


async def test_a_hold_is_counted_down_confirmed_and_becomes_tickets(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.fill_in(adult=2)
    await phone.press("Hold first")
    await phone.sees_title("On hold for you")
    await expect(phone.page.get_by_role("timer")).to_have_text(re.compile(r"10:00|9:\d\d"))
    await phone.press("Confirm")
    await phone.sees_title("It is yours")
    await expect(phone.page.locator(".ticket")).to_have_count(2)


async def test_letting_go_takes_two_presses_and_gives_the_tickets_back(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.fill_in()
    await phone.press("Hold first")
    await phone.press("Let go")
    assert await shop.taken(event_id) == 1
    await phone.press("Yes, let go")
    await phone.sees_title("Let go")
    assert await shop.taken(event_id) == 0


async def test_a_hold_whose_time_is_up_says_so_by_itself(shop: Shop, phone: Phone) -> None:
    event_id = await shop.event(hold_seconds=2)
    await phone.open_event(event_id)
    await phone.fill_in()
    await phone.press("Hold first")
    await phone.sees_title("Time is up")
    await expect(phone.page.get_by_role("button", name="Confirm")).to_be_hidden()


async def test_an_order_that_is_not_free_is_held_and_says_how_it_can_be_paid(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(ticket_types=[type_of(price=1050)])
    await phone.open_event(event_id)
    await phone.fill_in(adult=2)
    await expect(phone.page.get_by_role("button", name="Hold first")).to_be_hidden()
    await expect(phone.page.locator(".total")).to_have_text("€21.00")
    await phone.press("Hold tickets")
    await phone.sees_title("On hold for you")
    await expect(phone.page.get_by_role("button", name="Pay €21.00")).to_be_visible()
    await expect(phone.page.get_by_role("button", name="Confirm")).to_be_hidden()


async def test_what_another_device_confirms_or_an_organiser_cancels_is_seen(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event()
    order = await shop.order(event_id, 1, confirm=False)
    await phone.open(f"#/orders/{order['id']}/{order['token']}")
    await phone.sees_title("On hold for you")
    await shop.finish(order, "confirm")
    await phone.sees_title("It is yours")
    await shop.cancel(order)
    await phone.sees_title("Cancelled")
    await expect(phone.page.locator(".ticket")).to_contain_text("Revoked: not valid")


@pytest.mark.parametrize(
    ("currency", "price", "locale", "shown"),
    [
        ("EUR", 123450, "de-DE", "1.234,50 €"),
        ("JPY", 500, "en-GB", "JP¥500"),
        ("KWD", 1230, "en-GB", "KWD 1.230"),
        ("IQD", 1500, "en-GB", "IQD 1.500"),
    ],
)
async def test_money_is_written_as_the_visitor_writes_it(
    shop: Shop, currency: str, price: int, locale: str, shown: str
) -> None:
    event_id = await shop.event(currency=currency, ticket_types=[type_of(price=price)])
    phone = await shop.phone(locale=locale)
    await phone.open_event(event_id)
    assert (await phone.page.locator(".type-price").inner_text()).replace("\xa0", " ") == shown


async def _set_hidden(phone: Phone, *, is_hidden: bool) -> None:
    await phone.page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        is_hidden,
    )
