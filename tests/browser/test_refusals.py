"""What a visitor is told when there is no order: each refusal in its own words."""

import pytest
from playwright.async_api import expect

from tests.browser.shop import Phone, Shop, type_of
from tests.flows.conftest import until

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.slow]

ONE_UNIT = [{"id": "floor", "capacity": 1}]


async def test_all_on_hold_and_sold_out_are_told_apart(shop: Shop, phone: Phone) -> None:
    event_id = await shop.event(pools=ONE_UNIT)
    await phone.open_event(event_id)
    await phone.fill_in()
    held = await shop.order(event_id, 1, confirm=False)
    await phone.press("Get tickets")
    await phone.is_told("All on hold right now")
    await phone.is_told("some of those may come back")
    await expect(phone.page.locator(".type .label")).to_have_text("All on hold")

    await shop.finish(held, "confirm")
    await phone.press("Get tickets")
    await phone.is_told("Every “Adult” ticket is sold")
    await expect(phone.page.locator(".type .label")).to_have_text("Sold out")


async def test_a_unit_that_came_back_is_bought_with_the_next_press(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(pools=ONE_UNIT)
    held = await shop.order(event_id, 1, confirm=False)
    await phone.open_event(event_id)
    await phone.fill_in()
    await phone.press("Get tickets")
    await phone.is_told("All on hold right now")
    await shop.finish(held, "release")
    await phone.press("Get tickets")
    await phone.sees_title("It is yours")


@pytest.mark.parametrize(
    ("limits", "asked", "told"),
    [
        ({"max_per_order": 4}, 5, "One order may have 4 of “Adult” at most"),
        ({"min_per_order": 3}, 2, "“Adult” is sold from 3 a time"),
        ({"max_per_customer": 2}, 3, "One person may have 2 of “Adult”"),
    ],
)
async def test_a_limit_is_told_by_its_kind_with_its_number(
    shop: Shop, phone: Phone, limits: dict[str, int], asked: int, told: str
) -> None:
    event_id = await shop.event(ticket_types=[type_of(**limits)])
    await phone.open_event(event_id)
    await phone.fill_in(adult=asked)
    await phone.press("Get tickets")
    await phone.is_told(told)
    assert await shop.taken(event_id) == 0


async def test_what_one_person_has_already_counts(shop: Shop, phone: Phone) -> None:
    event_id = await shop.event(ticket_types=[type_of(max_per_customer=2)])
    await phone.open_event(event_id)
    await phone.fill_in(adult=2)
    await phone.press("Get tickets")
    await phone.sees_title("It is yours")
    await phone.open_event(event_id)
    await phone.fill_in(adult=1)
    await phone.press("Get tickets")
    await phone.is_told("counts what you have already")


@pytest.mark.parametrize(
    ("verb", "told", "advice"),
    [
        ("pause", "The sale is paused", "The sale is paused. This page opens it again by itself."),
        ("close", "The sale has ended", "The sale has ended. What was bought stays valid."),
    ],
)
async def test_a_sale_that_stops_says_so(
    shop: Shop, phone: Phone, verb: str, told: str, advice: str
) -> None:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.fill_in()
    await shop.act(event_id, verb)
    await phone.press("Get tickets")
    await phone.is_told(told)
    await expect(phone.page.locator(".advice")).to_have_text(advice)


async def test_before_and_after_its_window_a_type_cannot_be_chosen_and_says_why(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(
        ticket_types=[
            type_of(on_sale_from="2030-01-01T12:00:00Z"),
            type_of(id="early", name="Early", on_sale_until="2026-01-01T12:00:00Z"),
        ]
    )
    await phone.open_event(event_id)
    labels = phone.page.locator(".type .label")
    await expect(labels).to_have_text(["From Tue 1 Jan, 12:00", "Sale ended"])
    for stepper in await phone.page.locator(".stepper").all():
        await expect(stepper).to_be_hidden()


async def test_a_toggle_is_named_and_the_order_goes_through_when_it_is_on_again(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.fill_in()
    shop.switch("selling.free", on=False)
    try:
        await until(5, lambda: shop.is_refused(event_id))
        await phone.press("Get tickets")
        await phone.is_told("Switched off for now")
        await phone.is_told("selling.free")
        await phone.is_told("We try again in")
    finally:
        shop.switch("selling.free", on=True)
    await phone.sees_title("It is yours")
    assert await shop.taken(event_id) == 1


async def test_what_is_wrong_in_the_form_is_marked_where_it_is(shop: Shop, phone: Phone) -> None:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.press("Get tickets")
    await expect(phone.page.locator("#error-adult")).to_have_text("Choose at least one ticket.")
    await expect(phone.page.locator("#error-email")).to_have_text("Enter your e-mail address.")
    await expect(phone.page.get_by_label("Quantity: Adult")).to_be_focused()

    await phone.fill_in(email="ana at example")
    await phone.press("Get tickets")
    email = phone.page.get_by_label("E-mail")
    await expect(email).to_have_attribute("aria-invalid", "true")
    await expect(email).to_be_focused()
    await expect(phone.page.locator("#error-email")).to_contain_text("does not look like")

    await phone.fill_in()
    await phone.press("Get tickets")
    await phone.sees_title("It is yours")


async def test_hostile_names_are_only_text(shop: Shop, phone: Phone) -> None:
    name = "<img src=x onerror=\"document.title='taken over'\">"
    event_id = await shop.event(
        name=name, ticket_types=[type_of(name="<script>alert(1)</script>{{7*7}}")]
    )
    await phone.open()
    await expect(phone.page.get_by_text(name)).to_be_visible()
    await phone.open_event(event_id)
    await phone.sees_title(name)
    await phone.page.get_by_role("spinbutton").fill("1")
    await phone.page.get_by_label("E-mail").fill("ana@example.com")
    await phone.press("Get tickets")
    await phone.sees_title("It is yours")
    await expect(phone.page.locator(".ticket-event")).to_have_text(name)
    await expect(phone.page.locator(".ticket-type")).to_have_text(
        "<script>alert(1)</script>{{7*7}}"
    )
    await phone.open("#/orders")
    await expect(phone.page.locator(".card-name")).to_have_text(name)
    assert await phone.page.locator("main img[src=x], main script").count() == 0
    assert await phone.page.title() == "My orders · Taquilla"


async def test_a_link_that_is_not_whole_is_told_kindly(shop: Shop, phone: Phone) -> None:
    event_id = await shop.event()
    order = await shop.order(event_id, 1)
    await phone.open(f"#/orders/{order['id']}/{'a' * 26}")
    await phone.sees_title("There is no such order")
    await phone.open("#/orders/%E0%A4%A/x/y")
    await phone.sees_title("There is nothing here")
    await phone.open("#/events/not-there")
    await phone.sees_title("There is no such event")
