"""Orders whose answer is late, lost or cut off: the same key asks again, and there is one order."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from playwright.async_api import Request, Route, expect

from tests.browser.shop import Phone, Shop

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.slow]

ORDERS = "**/v1/events/*/orders"

Handler = Callable[[Route], Awaitable[None]]


def keys_of(phone: Phone) -> list[str]:
    """The Idempotency-Key of each order that this phone sends from now on."""
    keys: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/orders"):
            keys.append(request.headers["idempotency-key"])

    phone.page.on("request", note)
    return keys


async def begin(shop: Shop, phone: Phone) -> str:
    event_id = await shop.event()
    await phone.open_event(event_id)
    await phone.fill_in(adult=2)
    return event_id


async def test_an_answer_that_is_lost_on_its_way_is_asked_for_again(
    shop: Shop, phone: Phone
) -> None:
    event_id = await begin(shop, phone)
    keys = keys_of(phone)
    turn = count()

    async def lose_the_first(route: Route) -> None:
        if next(turn) == 0:
            await route.fetch()  # the service has made the order
            await route.abort()
        else:
            await route.continue_()

    await phone.page.route(ORDERS, lose_the_first)
    await phone.press("Get tickets")
    await phone.is_told("We do not know yet")
    await phone.is_told("this never orders twice")
    await phone.sees_title("It is yours")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert await shop.taken(event_id) == 2


async def test_a_network_that_is_cut_during_buying_and_comes_back_makes_one_order(
    shop: Shop, phone: Phone
) -> None:
    event_id = await begin(shop, phone)
    sent = asyncio.Event()

    async def cut(route: Route) -> None:
        await route.fetch()
        await phone.context.set_offline(True)
        sent.set()
        await route.abort("internetdisconnected")

    await phone.page.route(ORDERS, cut, times=1)
    await phone.press("Get tickets")
    await asyncio.wait_for(sent.wait(), 10)
    await phone.is_told("you are offline")
    assert await shop.taken(event_id) == 2
    await phone.context.set_offline(False)
    await phone.sees_title("It is yours")
    assert await shop.taken(event_id) == 2


async def test_a_reload_in_the_middle_goes_on_with_the_same_key(shop: Shop, phone: Phone) -> None:
    event_id = await begin(shop, phone)
    keys = keys_of(phone)
    reached = asyncio.Event()

    async def never_answer(route: Route) -> None:
        await route.fetch()
        reached.set()

    await phone.page.route(ORDERS, never_answer, times=1)
    await phone.press("Get tickets")
    await asyncio.wait_for(reached.wait(), 10)
    await phone.page.reload()
    await phone.sees_title("It is yours")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert await shop.taken(event_id) == 2


async def test_whoever_walks_away_from_an_unanswered_order_is_led_back_to_it(
    shop: Shop, phone: Phone
) -> None:
    event_id = await begin(shop, phone)
    await phone.page.route(ORDERS, lambda route: route.abort())
    await phone.press("Get tickets")
    await phone.is_told("We do not know yet")
    await phone.page.get_by_role("link", name="My orders").click()
    await phone.page.unroute(ORDERS)
    await phone.page.get_by_role("link", name="Find out what became of it").click()
    await phone.sees_title("It is yours")
    await expect(phone.page.locator("#notice")).to_be_empty()
    assert await shop.taken(event_id) == 2


@pytest.mark.parametrize("status", [502, 504])
async def test_a_gateway_or_a_time_out_between_says_that_nothing_is_known(
    shop: Shop, phone: Phone, status: int
) -> None:
    event_id = await begin(shop, phone)

    async def time_out(route: Route) -> None:
        await route.fetch()
        await route.fulfill(status=status, body="<h1>bad gateway</h1>")

    await phone.page.route(ORDERS, time_out, times=1)
    await phone.press("Get tickets")
    await phone.is_told("We do not know yet")
    await phone.sees_title("It is yours")
    assert await shop.taken(event_id) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_shop_is_asked_again_after_the_time_it_named(
    shop: Shop, phone: Phone, status: int
) -> None:
    await begin(shop, phone)
    keys = keys_of(phone)
    await phone.page.route(ORDERS, busy(status, seconds=2), times=1)
    await phone.press("Get tickets")
    await phone.is_told("Nothing was ordered. We try again in 2 s (try 2 of 4)")
    await phone.sees_title("It is yours")
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_asking_a_busy_shop_ends_and_the_next_press_has_the_same_key(
    shop: Shop, phone: Phone
) -> None:
    await begin(shop, phone)
    await phone.stop_clock()
    keys = keys_of(phone)
    await phone.page.route(ORDERS, busy(503, seconds=1))
    await phone.press("Get tickets")
    for attempt in (2, 3, 4):
        await phone.lets_time_pass(until_told=f"(try {attempt} of 4)")
    await phone.lets_time_pass(until_told="Nothing was ordered", stopped=True)
    assert len(keys) == 4
    await phone.page.unroute(ORDERS)
    await phone.press("Get tickets")
    await phone.sees_title("It is yours")
    assert len(set(keys)) == 1


async def test_asking_about_an_unknown_order_ends_and_can_be_gone_on_with(
    shop: Shop, phone: Phone
) -> None:
    event_id = await begin(shop, phone)
    await phone.stop_clock()
    keys = keys_of(phone)
    await phone.page.route(ORDERS, lambda route: route.abort())
    await phone.press("Get tickets")
    for attempt in range(2, 9):
        await phone.lets_time_pass(until_told=f"(try {attempt} of 8)")
    await phone.lets_time_pass(until_told="There is still no answer", stopped=True)
    assert len(keys) == 8
    await expect(phone.page.get_by_label("E-mail")).to_be_disabled()
    await phone.page.unroute(ORDERS)
    await phone.press("Ask again")
    await phone.sees_title("It is yours")
    assert len(set(keys)) == 1
    assert await shop.taken(event_id) == 2


async def test_a_double_tap_makes_one_order(shop: Shop, phone: Phone) -> None:
    event_id = await begin(shop, phone)
    keys = keys_of(phone)
    tapped = asyncio.Event()

    async def answer_late(route: Route) -> None:
        await tapped.wait()
        await route.continue_()

    await phone.page.route(ORDERS, answer_late)
    buy = phone.page.get_by_role("button", name="Get tickets")
    await buy.dblclick()
    await buy.evaluate("button => { button.click(); button.click(); }")
    tapped.set()
    await phone.sees_title("It is yours")
    assert len(keys) == 1
    assert await shop.taken(event_id) == 2


async def test_another_wish_has_another_key_and_the_same_one_bought_again_too(
    shop: Shop, phone: Phone
) -> None:
    event_id = await begin(shop, phone)
    keys = keys_of(phone)
    for buyer in ("ana", "bea", "bea"):
        await phone.open_event(event_id)
        await phone.fill_in(email=f"{buyer}@example.com")
        await phone.press("Get tickets")
        await phone.sees_title("It is yours")
    assert len(set(keys)) == 3
    assert await shop.taken(event_id) == 3


def busy(status: int, *, seconds: int) -> Handler:
    async def answer(route: Route) -> None:
        code = "rate-limited" if status == 429 else "unavailable"
        await route.fulfill(
            status=status,
            json={"code": code, "title": "Busy", "status": status, "reason": "redis is away"},
            headers={"Retry-After": str(seconds)},
            content_type="application/problem+json",
        )

    return answer
