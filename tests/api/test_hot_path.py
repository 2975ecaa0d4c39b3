"""What one order costs: one call of Redis, and no SQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from sqlalchemy import Engine, event

from tests.api.conftest import Api

OUR_OWN_LOOK = {"INFO", "CONFIG"}
"""What readiness asks once a second, whether or not somebody buys."""


async def test_an_order_is_one_redis_call_and_no_sql(api: Api) -> None:
    await api.open_event()
    await api.order(("adult", 1))  # the first one of an event also makes its verdict
    with watching_redis(api) as calls, watching_sql() as statements:
        placed = await api.order(("adult", 1), ("child", 1), key="key-0000000000000001")
        replayed = await api.order(("adult", 1), ("child", 1), key="key-0000000000000001")
        refused = await api.order(("adult", 4), key="key-0000000000000002")
    assert [each.status_code for each in (placed, replayed, refused)] == [201, 201, 409]
    assert calls == ["EVALSHA"] * 3
    assert statements == []


async def test_reading_an_order_and_looking_at_what_is_left_cost_one_redis_call_each(
    api: Api,
) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1))).json()
    headers = {"Order-Token": order["token"]}
    # Both scripts are loaded by now, as they are a moment after a server started.
    await api.client.get(f"/v1/orders/{order['id']}", headers=headers)
    await api.client.get("/v1/admin/events/concert", headers=api.admin)
    with watching_redis(api) as calls, watching_sql() as statements:
        for _ in range(5):
            await api.client.get("/v1/events/concert/availability")
        await api.client.get(f"/v1/orders/{order['id']}", headers=headers)
    assert calls == ["EVALSHA"] * 2
    assert statements == []


@contextmanager
def watching_redis(api: Api) -> Iterator[list[str]]:
    """The commands that clients sent, in order, without what scripts called inside of Redis."""
    assert api.settings.redis_url
    client = redis.Redis.from_url(api.settings.redis_url)
    calls: list[str] = []
    with client.monitor() as monitor:  # type: ignore[no-untyped-call]
        yield calls
        redis.Redis.from_url(api.settings.redis_url).echo("end")
        for entry in monitor.listen():
            command = entry["command"].split(" ", 1)[0].upper()
            if command == "ECHO":
                break
            if entry["client_type"] != "lua" and command not in {*OUR_OWN_LOOK, "CLIENT", "HELLO"}:
                calls.append(command)
    client.close()


@contextmanager
def watching_sql() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
