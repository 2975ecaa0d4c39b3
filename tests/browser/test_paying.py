"""Paying in a browser, with the sandbox: approved, declined and tried again, asked on another page,
answers that are lost, and what comes back."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from playwright.async_api import Request, Route, expect

from tests.browser.shop import Phone, Shop, type_of
from tests.flows.conftest import until

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.slow]

PAYMENTS = "**/v1/orders/*/payments"
TYPES = [type_of(price=2_500)]

Handler = Callable[[Route], Awaitable[None]]


def order_of(phone: Phone) -> tuple[str, str]:
    """Id and token, from the address of the page."""
    order_id, token = phone.page.url.partition("#/orders/")[2].split("/")
    return unquote(order_id), unquote(token)


def keys_of(phone: Phone) -> list[str]:
    """The Idempotency-Key of each payment that this phone sends from now on."""
    keys: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/payments"):
            keys.append(request.headers["idempotency-key"])

    phone.page.on("request", note)
    return keys


async def entries_of(shop: Shop, phone: Phone) -> list[tuple[str, int]]:
    """Each payment of the order that is shown: how it stands, and what was charged for it."""
    order_id, _ = order_of(phone)
    answer = await shop.client.get(
        "/v1/admin/payments", params={"order_id": order_id}, headers=shop.service.admin
    )
    assert answer.status_code == 200, answer.text
    return sorted(
        (each["status"], shop.books.charged_minor(each["reference"]))
        for each in answer.json()["items"]
        if each["order_id"] == order_id
    )


def refusing(status: int, code: str, **members: str) -> Handler:
    async def answer(route: Route) -> None:
        await route.fulfill(
            status=status,
            json={"code": code, "title": "No", "status": status, **members},
            headers={"Retry-After": "1"} if status >= 500 else {},
            content_type="application/problem+json",
        )

    return answer


async def test_a_visitor_pays_and_finds_tickets_with_codes_behind_the_link(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(ticket_types=TYPES)
    await phone.hold(event_id)
    await expect(phone.page.locator(".countdown")).to_have_text(re.compile(r"^\d+:\d\d left$"))
    await expect(phone.page.get_by_text("Sandbox: what shall it do?")).to_be_visible()
    await phone.pay()
    await phone.sees_title("It is yours")
    await expect(phone.page.get_by_text("Your order is paid and confirmed.")).to_be_visible()
    await expect(phone.page.locator(".outcome")).to_be_hidden()
    await expect(phone.page.get_by_role("form", name="Payment")).to_be_hidden()
    assert await entries_of(shop, phone) == [("succeeded", 5_000)]

    link = await phone.page.get_by_label("Link of this order").input_value()
    other = await shop.phone()
    await other.page.goto(link)
    pictures = other.page.locator(".ticket img")
    await expect(pictures).to_have_count(2)
    for each in await pictures.all():
        await each.scroll_into_view_if_needed()
        await expect(each).to_have_js_property("complete", True)
        assert await each.evaluate("picture => picture.naturalWidth") > 0


async def test_a_decline_is_told_in_clear_words_and_the_next_try_has_a_key_of_its_own(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)
    await phone.pay("Decline: not enough money")
    await phone.is_told("Not enough money")
    await phone.is_told("You were not charged. Your tickets are still on hold")
    await phone.sees_title("On hold for you")
    await expect(phone.page.locator(".countdown")).to_be_visible()
    await phone.pay()
    await phone.sees_title("It is yours")
    assert len(set(keys)) == len(keys) == 2
    assert await entries_of(shop, phone) == [("failed", 0), ("succeeded", 5_000)]


async def test_a_payment_whose_answer_the_provider_lost_is_checked_and_not_paid_again(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)
    await phone.pay("Approve, and lose the answer")
    await phone.is_told("We are checking your payment")
    await phone.is_told("Do not pay again")
    await expect(phone.page.get_by_role("form", name="Payment")).to_be_hidden()
    await phone.page.reload()
    await phone.sees_title("It is yours", seconds=20)
    assert len(keys) == 1
    assert await entries_of(shop, phone) == [("succeeded", 5_000)]


async def test_an_answer_that_is_lost_on_its_way_is_asked_for_with_the_same_key(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)

    async def lose(route: Route) -> None:
        await route.fetch()  # the service has been paid
        await route.abort()

    await phone.page.route(PAYMENTS, lose, times=1)
    await phone.pay()
    await phone.sees_title("It is yours")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert await entries_of(shop, phone) == [("succeeded", 5_000)]


async def test_a_reload_before_the_answer_goes_on_with_the_same_key(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)
    reached = asyncio.Event()

    async def never_answer(_: Route) -> None:
        reached.set()

    await phone.page.route(PAYMENTS, never_answer, times=1)
    await phone.pay()
    await asyncio.wait_for(reached.wait(), 10)
    await phone.page.reload()
    await phone.sees_title("It is yours")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert await entries_of(shop, phone) == [("succeeded", 5_000)]


@pytest.mark.parametrize(
    ("choice", "title", "payments"),
    [
        ("Approve", "It is yours", [("succeeded", 5_000)]),
        ("Decline", "On hold for you", [("failed", 0)]),
    ],
)
async def test_a_buyer_is_sent_to_a_page_of_the_provider_and_comes_back(
    shop: Shop, phone: Phone, choice: str, title: str, payments: list[tuple[str, int]]
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    address = phone.page.url
    await phone.pay("Ask me on a page of its own")
    await phone.sees_title("Approve this payment?")
    assert "/sandbox/pay/" in phone.page.url
    await expect(phone.page.get_by_text("50.00 EUR")).to_be_visible()
    assert await phone.faults_of_access() == []
    await phone.press(choice)
    await phone.sees_title(title)
    assert phone.page.url == address
    if choice == "Decline":
        await phone.is_told("The payment was not approved, by you or your bank.")
    assert await entries_of(shop, phone) == payments


async def test_whoever_turns_back_at_the_provider_can_go_on_or_pay_another_way(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    address = phone.page.url
    await phone.pay("Ask me on a page of its own")
    await phone.sees_title("Approve this payment?")
    await phone.page.goto(address)
    await phone.sees_title("Payment under way")
    await phone.is_told("One step is left")
    await phone.page.get_by_role("link", name="Go on to the payment page").click()
    await phone.sees_title("Approve this payment?")
    await phone.page.goto(address)
    await phone.press("Pay another way")
    await phone.pay()
    await phone.sees_title("It is yours")
    assert await entries_of(shop, phone) == [("cancelled", 0), ("succeeded", 5_000)]


async def test_a_browser_that_does_not_know_the_order_is_told_where_to_look(phone: Phone) -> None:
    await phone.open("#/paid/07.concert.46m3gp52unr2lqazawzsq64nld?status=ok")
    await phone.sees_title("Open the link of your order")


async def test_a_refund_by_the_organiser_is_seen_at_the_kept_link(shop: Shop, phone: Phone) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    await phone.pay()
    await phone.sees_title("It is yours")
    order_id, _ = order_of(phone)
    await shop.refund(order_id, 1_000)
    await expect(phone.page.get_by_text("€10.00 went back to you")).to_be_visible(timeout=15_000)
    await expect(phone.page.locator(".ticket.revoked")).to_have_count(0)
    await shop.refund(order_id)
    await phone.sees_title("Cancelled", seconds=15)
    await expect(phone.page.get_by_text("€50.00 went back to you")).to_be_visible()
    await expect(phone.page.locator(".ticket.revoked")).to_have_count(2)
    await expect(phone.page.locator(".lines-total").last).to_have_text("Paid back€50.00")
    assert await entries_of(shop, phone) == [("refunded", 5_000)]


@pytest.mark.parametrize(
    ("currency", "price", "total"), [("JPY", 1_500, "JP¥3,000"), ("KWD", 1_230, "KWD 2.460")]
)
async def test_money_of_other_digits_is_shown_and_charged_as_it_is(
    shop: Shop, phone: Phone, currency: str, price: int, total: str
) -> None:
    event_id = await shop.event(currency=currency, ticket_types=[type_of(price=price)])
    await phone.hold(event_id)
    pay = phone.page.get_by_role("button", name="Pay ")
    assert (await pay.inner_text()).replace("\xa0", " ") == f"Pay {total}"
    await phone.pay()
    await phone.sees_title("It is yours")
    shown = await phone.page.locator(".lines-total").inner_text()
    assert shown.replace("\xa0", " ").split("\n")[-1] == total
    assert await entries_of(shop, phone) == [("succeeded", 2 * price)]


async def test_a_hold_that_ends_before_it_is_paid_says_so_by_itself(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES, hold_seconds=4))
    await phone.sees_title("Time is up")
    await expect(phone.page.get_by_role("form", name="Payment")).to_be_hidden()


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (409, "payment-open", "Another payment of this order is under way"),
        (409, "payment-in-doubt", "whether an earlier payment took your money"),
        (410, "hold-expired", "The hold had ended"),
        (422, "method-unavailable", "This order cannot be paid like that now"),
    ],
)
async def test_why_no_payment_begins_is_told_and_another_try_has_another_key(
    shop: Shop, phone: Phone, status: int, code: str, told: str
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)
    await phone.page.route(PAYMENTS, refusing(status, code), times=1)
    await phone.pay()
    await phone.is_told(told)
    await phone.pay()
    await phone.sees_title("It is yours")
    assert len(set(keys)) == len(keys) == 2


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (503, "method-halted", "The shop takes no payments of this kind just now"),
        (503, "unavailable", "The shop cannot take your payment just now"),
        (504, "outcome-unknown", "this never takes the money twice"),
    ],
)
async def test_a_shop_that_cannot_take_it_now_is_asked_again_with_the_same_key(
    shop: Shop, phone: Phone, status: int, code: str, told: str
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)
    await phone.page.route(
        PAYMENTS, refusing(status, code, reason="payments.sandbox.halt"), times=1
    )
    await phone.pay()
    await phone.is_told(told)
    await phone.sees_title("It is yours")
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_a_method_that_is_halted_says_so_and_takes_the_payment_when_it_is_on_again(
    shop: Shop, phone: Phone
) -> None:
    event_id = await shop.event(ticket_types=TYPES)
    await phone.hold(event_id)
    other = await shop.order(event_id, 1)
    shop.switch("payments.sandbox.halt", on=True)
    try:
        await until(10, lambda: is_halted(shop, other))
        await phone.pay()
        await phone.is_told("Stopped for now")
    finally:
        shop.switch("payments.sandbox.halt", on=False)
    await phone.sees_title("It is yours", seconds=20)


async def is_halted(shop: Shop, order: dict[str, Any]) -> bool:
    answer = await shop.client.post(
        f"/v1/orders/{order['id']}/payments",
        json={"method": "sandbox", "input": {"script": "decline:other"}},
        headers={"Order-Token": order["token"], "Idempotency-Key": uuid4().hex},
    )
    return answer.status_code == 503


async def test_two_taps_on_pay_are_one_payment(shop: Shop, phone: Phone) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    keys = keys_of(phone)
    button = phone.page.get_by_role("button", name="Pay ")
    await button.evaluate("button => { button.click(); button.click(); }")
    await phone.sees_title("It is yours")
    assert len(keys) == 1
    assert await entries_of(shop, phone) == [("succeeded", 5_000)]


async def test_another_tab_shows_the_payment_that_is_under_way(shop: Shop, phone: Phone) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    await phone.pay("Ask me on a page of its own")
    await phone.sees_title("Approve this payment?")
    back = await phone.context.new_page()
    await back.goto(f"{phone.base_url}/#/orders")
    await back.get_by_role("link", name="Night of lights").click()
    await expect(back.locator(".outcome")).to_contain_text("One step is left")
    await phone.press("Approve")
    await phone.sees_title("It is yours")
    await expect(back.get_by_role("heading", level=1)).to_have_text("It is yours")


async def test_a_page_that_was_open_before_takes_up_the_payment_of_another_tab(
    shop: Shop, phone: Phone
) -> None:
    await phone.hold(await shop.event(ticket_types=TYPES))
    watching = await phone.context.new_page()
    await watching.goto(phone.page.url)
    await expect(watching.get_by_role("form", name="Payment")).to_be_visible()
    await phone.pay("Ask me on a page of its own")
    await phone.sees_title("Approve this payment?")
    await expect(watching.locator(".outcome")).to_contain_text("One step is left", timeout=15_000)
    await phone.press("Decline")
    await phone.is_told("Not approved")
    await expect(watching.locator(".outcome")).to_contain_text("Not approved", timeout=15_000)
