"""For everybody: axe on every view, light and dark; narrow phones; the keyboard alone."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
from playwright.async_api import expect

from tests.browser.shop import Phone, Shop, type_of

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.slow]

TABS_MAX = 40


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_view_has_a_fault_or_needs_to_be_scrolled_sideways(
    shop: Shop, scheme: Literal["light", "dark"], width: int
) -> None:
    phone = await shop.phone(scheme=scheme, width=width)
    async for view in every_view(shop, phone):
        assert await phone.faults_of_access() == [], view
        broad = await phone.page.evaluate("document.documentElement.scrollWidth")
        assert broad <= width, f"{view}: {broad} px"


async def every_view(shop: Shop, phone: Phone) -> AsyncIterator[str]:
    """Yields the name of each view and state while it is shown."""
    event_id = await shop.event(
        name="Antidisestablishmentarianism: a concert of very long words for small screens",
        ticket_types=[type_of(), type_of(id="seat", name="Seat in a boat", price=123_456_789)],
    )
    await phone.open()
    await expect(phone.page.locator(".card-name").first).to_be_visible()
    yield "the list"
    await phone.open_event(event_id)
    yield "an event"
    await phone.press("Get tickets")
    await expect(phone.page.locator("#error-email")).not_to_be_empty()
    yield "an event with faults in the form"
    await phone.page.route("**/orders", lambda route: route.abort())
    await phone.fill_in()
    await phone.press("Get tickets")
    await phone.is_told("We do not know yet")
    yield "an event while asking"
    await phone.page.unroute("**/orders")
    await phone.sees_title("It is yours")
    await expect(phone.page.locator(".ticket")).to_be_visible()
    await phone.page.get_by_text("Code as text").click()
    yield "an order with tickets"
    await phone.open_event(event_id)
    await phone.fill_in(adult=11)
    await phone.press("Get tickets")
    await phone.is_told("More than one may have")
    yield "an event with a refusal"
    await phone.fill_in(adult=1)
    await phone.press("Hold first")
    await phone.sees_title("On hold for you")
    yield "a hold"
    await phone.press("Let go")
    yield "a hold about to be let go"
    await phone.press("Yes, let go")
    await phone.sees_title("Let go")
    yield "a released order"
    async for view in every_view_of_paying(phone, event_id):
        yield view
    await phone.open("#/orders")
    await expect(phone.page.locator(".card-name").first).to_be_visible()
    yield "my orders"
    await phone.open("#/nowhere")
    await phone.sees_title("There is nothing here")
    yield "nothing"


async def every_view_of_paying(phone: Phone, event_id: str) -> AsyncIterator[str]:
    await phone.hold(event_id, adult=0, more={"Seat in a boat": 1})
    address = phone.page.url
    yield "the choice of a payment method"
    await phone.pay("Decline: not enough money")
    await phone.is_told("Not enough money")
    yield "a decline"
    await phone.pay("Ask me on a page of its own")
    await phone.sees_title("Approve this payment?")
    yield "the page of the sandbox"
    await phone.page.goto(address)
    await phone.is_told("One step is left")
    yield "a payment that waits for its buyer"
    await phone.press("Pay another way")
    yield "the choice of another way"
    await phone.pay("Approve, and lose the answer")
    await phone.is_told("We are checking your payment")
    yield "a payment that is being checked"
    await phone.sees_title("It is yours", seconds=20)
    yield "a paid order"
    await phone.open("#/paid/nobody-knows")
    await phone.sees_title("Open the link of your order")
    yield "the way back without an order"


async def test_an_order_can_be_paid_with_the_keyboard_alone(shop: Shop, phone: Phone) -> None:
    await phone.hold(await shop.event(ticket_types=[type_of(price=2_500)]))
    keyboard = phone.page.keyboard
    await tab_to(phone, "Sandbox")
    await tab_to(phone, "Approve")
    await keyboard.press("ArrowDown")
    await tab_to(phone, "Pay €50.00")
    await keyboard.press("Enter")
    await phone.is_told("Not enough money")
    await expect(phone.page.locator(".outcome")).to_be_focused()
    await expect(phone.page.get_by_role("form", name="Payment")).to_be_visible()
    await tab_to(phone, "Approve")
    await tab_to(phone, "Pay €50.00")
    await keyboard.press("Enter")
    await phone.sees_title("It is yours")
    await expect(phone.page.locator(".lead")).to_be_focused()


async def test_tickets_can_be_bought_with_the_keyboard_alone(shop: Shop, phone: Phone) -> None:
    event_id = await shop.event(name="By keyboard")
    await phone.open()
    await expect(phone.page.get_by_role("link", name="By keyboard")).to_be_visible()
    keyboard = phone.page.keyboard
    await tab_to(phone, "By keyboard")
    await keyboard.press("Enter")
    await phone.sees_title("By keyboard")
    await expect(phone.page.locator("form")).to_be_visible()
    await tab_to(phone, "Quantity: Adult")
    await keyboard.press("ArrowUp")
    await tab_to(phone, "One more: Adult")
    await keyboard.press("Space")
    await tab_to(phone, "E-mail")
    await keyboard.type("ana@example.com")
    await tab_to(phone, "Get tickets")
    await keyboard.press("Enter")
    await phone.sees_title("It is yours")
    assert await shop.taken(event_id) == 2
    await tab_to(phone, "Copy link")


async def tab_to(phone: Phone, name: str) -> None:
    """Tab by Tab; where the focus is can be seen at every stop."""
    for _ in range(TABS_MAX):
        await phone.page.keyboard.press("Tab")
        label, outline = await phone.page.evaluate(
            """() => {
                const at = document.activeElement;
                const label = at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent;
                return [label ?? at.textContent, getComputedStyle(at).outlineStyle];
            }"""
        )
        assert outline != "none", f"the focus cannot be seen on {label!r}"
        if name in label:
            return
    pytest.fail(f"{name} is not reached with the keyboard")


async def test_the_skip_link_leads_to_the_content_and_leaves_the_address(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.page.keyboard.press("Tab")
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.locator("main")).to_be_focused()
    assert phone.page.url.endswith(f"#/events/{event_id}")


async def test_the_link_of_an_order_is_copied(shop: Shop) -> None:
    phone = await shop.phone(permissions=["clipboard-read", "clipboard-write"])
    event_id = await shop.event()
    order = await shop.order(event_id, 1)
    await phone.open(f"#/orders/{order['id']}/{order['token']}")
    await phone.press("Copy link")
    await expect(phone.page.locator(".copied")).to_have_text("Copied.")
    assert await phone.page.evaluate("navigator.clipboard.readText()") == phone.page.url


async def test_an_order_that_is_forgotten_here_is_still_behind_its_link(
    shop: Shop, phone: Phone
) -> None:
    order = await shop.order(await shop.event(), 1)
    address = f"#/orders/{order['id']}/{order['token']}"
    await phone.open(address)
    await phone.sees_title("It is yours")
    await phone.open("#/orders")
    await phone.page.get_by_role("button", name="Forget the order for Night of lights").click()
    await expect(phone.page.get_by_text("No orders yet.")).to_be_visible()
    await phone.open(address)
    await phone.sees_title("It is yours")
