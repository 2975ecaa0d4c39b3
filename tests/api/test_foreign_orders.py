"""Somebody else's order, one that never was and one that cannot be are told apart by nothing."""

import random
from time import perf_counter

import httpx
import pytest

from tests.api.conftest import Api
from tests.api.test_hot_path import watching_redis, watching_sql

ROUNDS = 500
RATIO_MAX = 2.0
"""A call of Redis alone would cost ten times as much as the whole refusal."""
CALLS = [("GET", ""), ("POST", "/confirm"), ("POST", "/release")]


async def ask(api: Api, verb: str, order_id: str, suffix: str, token: str) -> httpx.Response:
    return await api.client.request(
        verb, f"/v1/orders/{order_id}{suffix}", headers={"Order-Token": token}
    )


async def the_ids(api: Api) -> dict[str, tuple[str, str]]:
    """Kind of foreign id to (id, token); every token is one that this service has given out."""
    await api.open_event()
    mine = (await api.order(("adult", 1), confirm=False)).json()
    theirs = (await api.order(("adult", 1), email="bob@example.com", confirm=False)).json()
    partition, event_id, tail = mine["id"].split(".")
    other = "b" if tail[-1] == "a" else "a"
    token = mine["token"]
    return {
        "another's": (theirs["id"], token),
        "mine, with a wrong token": (mine["id"], theirs["token"]),
        "one that never was": (f"{partition}.{event_id}.{tail[:-1]}{other}", token),
        "of an event that never was": (f"07.nothing.{tail}", token),
        "of another partition": (f"{(int(partition) + 1) % 16:02d}.{event_id}.{tail}", token),
        "one that cannot be": ("x" * len(mine["id"]), token),
        "in capitals": (mine["id"].upper(), token),
    }


@pytest.mark.parametrize(("verb", "suffix"), CALLS)
async def test_the_answers_are_equal_to_the_byte_and_nobody_is_asked(
    api: Api, verb: str, suffix: str
) -> None:
    """Neither Redis nor the ledger: the token alone decides, before anything else."""
    ids = await the_ids(api)
    with watching_redis(api) as calls, watching_sql() as statements:
        answers = {
            kind: await ask(api, verb, order_id, suffix, token)
            for kind, (order_id, token) in ids.items()
        }
    assert {each.status_code for each in answers.values()} == {404}
    assert len({each.content for each in answers.values()}) == 1
    assert len({tuple(each.headers.raw) for each in answers.values()}) == 1
    assert calls == []
    assert statements == []


async def test_they_take_the_same_time(api: Api) -> None:
    """The quickest of many, in random turns: what else the machine does only ever adds."""
    ids = await the_ids(api)
    ordering = api.application.state.services.ordering
    seconds = dict.fromkeys(ids, float("inf"))
    for kind in random.sample(list(ids) * ROUNDS, len(ids) * ROUNDS):
        order_id, token = ids[kind]
        started = perf_counter()
        assert await ordering.read(order_id, token) is None
        seconds[kind] = min(seconds[kind], perf_counter() - started)
    assert max(seconds.values()) / min(seconds.values()) < RATIO_MAX, seconds


async def test_the_ids_of_two_orders_have_nothing_in_common_but_their_event(api: Api) -> None:
    await api.open_event()
    tails = [
        (await api.order(("child", 1), key=f"key-{number:016d}")).json()["id"].rpartition(".")[2]
        for number in range(5)
    ]
    for at in range(26):
        assert len({tail[at] for tail in tails}) > 1 or at == 25, f"all alike at {at}"
