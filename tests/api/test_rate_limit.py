"""So many requests of one address, and who is taken for one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from app.api.addresses import UNREADABLE, network_of
from app.api.problems import problem
from app.api.rate_limit import BURST_SECONDS, READS_A_WRITE, Budget, LimitRate
from app.runtime.settings import Settings
from tests.api.conftest import Api
from tests.api.listener import Listener, listening, request

PER_SECOND = 2
AT_ONCE = int(PER_SECOND * BURST_SECONDS)
WRITE = request("POST", "/v1/events/concert/orders")
READ = request("GET", "/v1/events")


# The budget


def spend(budget: Budget, count: int, now: float, address: str = "ana") -> list[bool]:
    return [budget.spend(address, now) == 0 for _ in range(count)]


def test_a_pause_is_worth_so_much_at_once_and_then_it_drips() -> None:
    budget = Budget(PER_SECOND)
    assert spend(budget, AT_ONCE + 2, 100.0) == [True] * AT_ONCE + [False] * 2
    assert spend(budget, 3, 101.0) == [True, True, False]
    assert spend(budget, AT_ONCE + 1, 1_000.0) == [True] * AT_ONCE + [False]


def test_who_waits_as_long_as_is_said_may_pass() -> None:
    budget = Budget(PER_SECOND)
    spend(budget, AT_ONCE, 100.0)
    wait_seconds = budget.spend("ana", 100.0)
    assert 0 < wait_seconds <= 1 / PER_SECOND
    assert budget.spend("ana", 100.0 + wait_seconds / 2) > 0
    assert budget.spend("ana", 100.001 + wait_seconds) == 0


def test_each_address_has_its_own() -> None:
    budget = Budget(PER_SECOND)
    spend(budget, AT_ONCE, 100.0)
    assert spend(budget, 1, 100.0) == [False]
    assert spend(budget, 1, 100.0, "bob") == [True]


def test_the_address_that_was_silent_the_longest_is_forgotten_first() -> None:
    budget = Budget(PER_SECOND, addresses_max=2)
    for address in ("ana", "bob"):
        spend(budget, AT_ONCE, 100.0, address)
    spend(budget, 1, 100.5, "ana")
    spend(budget, 1, 100.5, "eve")
    assert budget.spend("ana", 100.5) > 0
    assert spend(budget, 1, 100.5, "bob") == [True]


@given(st.lists(st.floats(0, 5), max_size=200))
def test_no_ten_seconds_see_more_than_two_bursts(pauses: list[float]) -> None:
    """The bound that operators are promised, whatever the rhythm."""
    budget, now, passed = Budget(PER_SECOND), 100.0, []
    for pause in pauses:
        now += pause
        passed += [now] * sum(spend(budget, 3, now))
    for start in passed:
        window = [at for at in passed if start <= at < start + BURST_SECONDS]
        assert len(window) <= 2 * AT_ONCE


# Who is one address


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", UNREADABLE),
        ("203.0.113.007", UNREADABLE),
        ("_hidden", UNREADABLE),
        ("203.0.113.7\x00", UNREADABLE),
    ],
)
def test_a_household_is_one_address_however_it_is_written(host: str, network: str) -> None:
    assert network_of(host) == network


# Over HTTP


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    await problem("not-found", "Nothing is here.")(scope, receive, send)


Open = Callable[..., AbstractAsyncContextManager[Listener]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """The limit before an application that knows nothing, at a time that stands still."""

    @asynccontextmanager
    async def open_(*, proxies: str = "", host: str = "127.0.0.1") -> AsyncIterator[Listener]:
        settings = Settings.model_validate(
            {"env": "development", "data_dir": tmp_path, "trusted_proxies": proxies}
        )
        limited = LimitRate(application, PER_SECOND, lambda: 100.0)
        async with listening(limited, settings, host=host) as listener:
            yield listener

    return open_


async def statuses(listener: Listener, data: bytes, count: int, source: str) -> list[int]:
    return [(await listener.ask(data, source)).status for _ in range(count)]


def forwarded(text: str) -> bytes:
    return request("POST", "/v1/orders", f"X-Forwarded-For: {text}")


async def test_too_many_of_one_address_are_refused_and_others_are_not(opened: Open) -> None:
    async with opened() as listener:
        seen = await statuses(listener, WRITE, AT_ONCE + 1, "127.0.0.1")
        assert seen == [404] * AT_ONCE + [429]
        refused = await listener.ask(WRITE)
        assert (refused.code, refused.headers["retry-after"]) == ("rate-limited", "1")
        assert await statuses(listener, WRITE, 1, "127.0.0.2") == [404]


async def test_reads_count_beside_writes_and_ten_times_as_many(opened: Open) -> None:
    async with opened() as listener:
        await statuses(listener, WRITE, AT_ONCE + 1, "127.0.0.1")
        seen = await statuses(listener, READ, READS_A_WRITE * AT_ONCE + 1, "127.0.0.1")
        assert seen == [404] * READS_A_WRITE * AT_ONCE + [429]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/v1/webhooks/stripe/main"])
async def test_probes_and_webhooks_do_not_count(opened: Open, path: str) -> None:
    async with opened() as listener:
        data = request("POST", path)
        assert set(await statuses(listener, data, AT_ONCE + 1, "127.0.0.1")) == {404}


async def test_who_is_no_proxy_of_ours_is_counted_whatever_they_claim(opened: Open) -> None:
    async with opened(proxies="127.0.0.9, 10.0.0.0/8") as listener:
        seen = [
            (await listener.ask(forwarded(f"198.51.100.{n}"), "127.0.0.1")).status
            for n in range(AT_ONCE + 1)
        ]
        assert seen == [404] * AT_ONCE + [429]


async def test_a_proxy_of_ours_speaks_for_many_and_its_last_word_counts(opened: Open) -> None:
    async with opened(proxies="127.0.0.9, 10.0.0.0/8") as listener:
        for claim in ("203.0.113.7", "198.51.100.1, 203.0.113.7", "x, 203.0.113.7, 10.1.2.3"):
            seen = await statuses(listener, forwarded(claim), AT_ONCE // 2, "127.0.0.9")
        assert seen[-1] == 429
        assert await statuses(listener, forwarded("203.0.113.8"), 1, "127.0.0.9") == [404]


async def test_without_a_setting_not_even_this_machine_is_a_proxy(opened: Open) -> None:
    async with opened() as listener:
        for number in range(AT_ONCE):
            await listener.ask(forwarded(f"198.51.100.{number}"))
        assert (await listener.ask(forwarded("203.0.113.7"))).status == 429


async def test_an_ipv6_listener_knows_its_proxy_by_its_ipv4_address(opened: Open) -> None:
    async with opened(proxies="127.0.0.9", host="::") as listener:
        for number in range(2 * AT_ONCE):
            answer = await listener.ask(forwarded(f"198.51.100.{number % 9}"), "127.0.0.9")
            assert answer.status == 404
        seen = [
            (await listener.ask(forwarded(f"198.51.100.{n}"), "127.0.0.1")).status
            for n in range(AT_ONCE + 1)
        ]
        assert seen[-1] == 429


# In the whole API


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"rate_limit_per_address": 1, "cors_origins": ("https://shop.example",)}
    )


async def test_a_refused_order_has_changed_nothing_and_is_placed_with_the_same_key_later(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.open_event()
    spent = [await api.order(("adult", 1), event="nothing") for _ in range(int(BURST_SECONDS))]
    assert {each.status_code for each in spent} == {404, 429}
    refused = await api.order(("adult", 1))
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    assert int(refused.headers["Retry-After"]) >= 1
    event = (await api.client.get("/v1/events/concert")).json()
    assert event["ticket_types"][0]["remaining"] == 5
    monkeypatch.setattr("app.api.rate_limit.BURST_SECONDS", 1_000.0)  # as if time had passed
    placed = await api.order(("adult", 1))
    assert placed.status_code == 201
    assert "Idempotency-Replayed" not in placed.headers


async def test_a_page_of_another_origin_can_read_that_it_was_refused(api: Api) -> None:
    origin = {"Origin": "https://shop.example"}
    for _ in range(int(BURST_SECONDS) + 1):
        refused = await api.client.post("/v1/orders/x/confirm", headers=origin)
    assert refused.status_code == 429
    assert refused.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    large = await api.client.post("/v1/orders/x/confirm", headers=origin, content=b"a" * 70_000)
    assert large.headers["Access-Control-Allow-Origin"] == "https://shop.example"
