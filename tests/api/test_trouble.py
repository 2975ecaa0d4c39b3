"""What the public is told when Redis or the ledger is in trouble: whether anything was changed, and
nothing of our insides."""

import asyncio
import os
import re
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.runtime.errors import Reason
from app.runtime.settings import Settings
from app.selling.readiness import NO_ANSWER
from tests.api.conftest import Api
from tests.servers.redis import RedisServer, start_redis

SECONDS_MAX = 10.0
INSIDES = re.compile(r"unix:|/tmp|redis|sock|sqlite|select|table|timeout|EVALSHA", re.IGNORECASE)


@pytest.fixture(scope="module")
def durable_redis() -> Iterator[RedisServer]:
    """One that may be frozen and killed."""
    server = start_redis(appendonly=True)
    yield server
    server.stop()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody here waits long."""
    return settings.model_copy(update={"redis_timeout_seconds": 0.3})


async def test_a_write_that_is_not_answered_may_have_happened(
    api: Api, durable_redis: RedisServer
) -> None:
    await api.open_event()
    await api.order(("child", 1), key="key-of-the-first-000")  # the event's verdict is known
    with _frozen(durable_redis):
        answer = await api.order(("adult", 1))
    assert (answer.status_code, answer.json()["code"]) == (504, "outcome-unknown")
    assert answer.headers["Retry-After"] == "1"
    assert not INSIDES.search(answer.text)

    async def is_sold() -> bool:
        return (await api.order(("adult", 1))).status_code == 201

    await _until(is_sold)


async def test_a_write_that_never_began_changed_nothing(
    api: Api, durable_redis: RedisServer
) -> None:
    """The first order of an event begins with a question."""
    await api.open_event()
    with _frozen(durable_redis):
        answer = await api.order(("adult", 1))
    assert (answer.status_code, answer.json()["reason"]) == (503, Reason.NO_ANSWER)


async def test_a_read_that_is_not_answered_changed_nothing(
    api: Api, durable_redis: RedisServer
) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1))).json()
    headers = api.admin | {"Order-Token": order["token"]}
    with _frozen(durable_redis):
        for path in (
            f"orders/{order['id']}",
            "events",
            "events/concert",
            "events/concert/availability",
            "admin/events",
            "admin/events/concert",
            "admin/events/concert/sales",
        ):
            answer = await _first_error(api, f"/v1/{path}", headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
            assert answer.json()["reason"] in {Reason.NO_ANSWER, Reason.NOT_READY}
            assert answer.headers["Retry-After"] == "1"
            assert not INSIDES.search(answer.text), answer.text


async def test_a_redis_that_is_gone_is_told_in_a_fixed_word(
    api: Api, durable_redis: RedisServer
) -> None:
    await api.open_event()
    durable_redis.kill()
    try:
        answer = await _first_error(api, "/readyz", {})
        assert answer.json()["reason"] == Reason.NOT_READY
        refused = await api.order(("adult", 1))
        assert (refused.status_code, refused.json()["reason"]) == (503, Reason.NOT_READY)
        for each in (answer, refused):
            assert not INSIDES.search(each.text.replace(NO_ANSWER, ""))
    finally:
        durable_redis.start()


async def test_a_ledger_in_trouble_is_told_in_a_fixed_word(api: Api) -> None:
    path = api.settings.data_dir / "ledger.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE api_keys RENAME TO lost")
    for request in (
        api.client.get("/v1/admin/toggles", headers=api.admin),
        api.client.post("/v1/admin/events/concert/open", headers=api.admin),
    ):
        answer = await request
        assert (answer.status_code, answer.json()["reason"]) == (503, Reason.NO_ANSWER)
        assert not INSIDES.search(answer.text), answer.text


@contextmanager
def _frozen(server: RedisServer) -> Iterator[None]:
    """Connected, and silent: as a machine that hangs."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def _first_error(api: Api, path: str, headers: dict[str, str]) -> httpx.Response:
    """What a snapshot of half a second still answers is passed over."""
    deadline = time.monotonic() + SECONDS_MAX
    while (answer := await api.client.get(path, headers=headers)).status_code == 200:
        assert time.monotonic() < deadline, f"{path} answers still"
        await asyncio.sleep(0.05)
    return answer


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not await holds():
        assert time.monotonic() < deadline, "did not come about in time"
        await asyncio.sleep(0.05)
