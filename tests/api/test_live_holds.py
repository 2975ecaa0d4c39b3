"""Caps on live holds over HTTP: the refusal, whose address counts, and what is kept of it."""

from collections.abc import AsyncIterator

import pytest

from app.runtime.redis_connection import RedisConnection
from app.runtime.settings import Settings
from tests.api.conftest import Api
from tests.api.listener import listening
from tests.api.test_hostile import order

HELD = {"confirm": False}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"live_holds_per_customer_max": 2, "live_holds_per_address_max": 3}
    )


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[RedisConnection]:
    assert settings.redis_url
    redis = RedisConnection(settings.redis_url, timeout_seconds=5, connections_max=2)
    yield redis
    await redis.aclose()


def key(number: int) -> str:
    return f"key-{number:016d}"


async def test_a_customer_with_too_many_live_holds_is_told_which_limit_it_is(api: Api) -> None:
    await api.open_event()
    for number in range(2):
        held = await api.order(("child", 1), key=key(number), confirm=False)
        assert held.status_code == 201
    refused = await api.order(("child", 1), key=key(2), confirm=False)
    assert refused.status_code == 409
    assert refused.json() == {
        "type": "urn:taquilla:problem:limit-exceeded",
        "title": "A limit would be exceeded",
        "status": 409,
        "detail": "live holds per customer of this event is 2.",
        "code": "limit-exceeded",
        "kind": "live_holds_per_customer",
        "ticket_type": None,
        "limit": 2,
    }
    bought = await api.order(("child", 1), key=key(2))
    assert bought.json()["status"] == "confirmed"
    token = {"Order-Token": held.json()["token"]}
    await api.client.post(f"/v1/orders/{held.json()['id']}/confirm", headers=token)
    again = await api.order(("child", 1), key=key(3), confirm=False)
    assert again.status_code == 201


async def test_an_address_is_that_of_the_connection_whoever_says_they_are(api: Api) -> None:
    await api.open_event()
    async with listening(api.application, api.settings) as listener:
        for number in range(4):
            asked = order(customer={"email": f"eve{number}@example.com"}, **HELD)
            claimed = asked.replace(b"Host:", b"X-Forwarded-For: 198.51.100.%d\r\nHost:" % number)
            answer = await listener.ask(claimed)
        assert answer.code == "limit-exceeded"
        assert answer.json()["kind"] == "live_holds_per_address"
        assert answer.json()["ticket_type"] is None
        elsewhere = await listener.ask(order(**HELD), "127.0.0.2")
        assert elsewhere.status == 201
        bought = await listener.ask(order(customer={"email": "gus@example.com"}))
        assert bought.json()["status"] == "confirmed"


async def test_no_address_is_stored_told_or_answered(api: Api, redis: RedisConnection) -> None:
    await api.open_event()
    async with listening(api.application, api.settings) as listener:
        held = await listener.ask(order(**HELD), "127.0.0.77")
        order_id = held.json()["id"]
        partition = order_id.split(".")[0]
        record = await redis.call("HGETALL", f"{{p{partition}}}:order:{order_id}")
        outbox = await redis.call("XRANGE", f"{{p{partition}}}:outbox", "-", "+")
        reference = str(
            await redis.call("HGET", f"{{p{partition}}}:order:{order_id}", "address_ref")
        )
        assert len(reference) == 26
        assert "127.0.0.77" not in str(record)
        assert reference not in str(outbox)
        assert reference not in held.body.decode()
    await api.settle()
    facts = (await api.client.get("/v1/admin/facts", headers=api.admin)).text
    orders = (await api.client.get("/v1/admin/orders", headers=api.admin)).text
    assert order_id in orders
    assert reference not in facts + orders


async def test_without_a_cap_of_addresses_nothing_is_kept_of_them(
    api: Api, redis: RedisConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.open_event()
    ordering = api.application.state.services.ordering
    monkeypatch.setattr(ordering, "_hold_caps", type(ordering._hold_caps)(per_customer=2))
    held = (await api.order(("child", 1), confirm=False)).json()
    partition = held["id"].split(".")[0]
    key = f"{{p{partition}}}:order:{held['id']}"
    assert await redis.call("HEXISTS", key, "address_ref") == 0
