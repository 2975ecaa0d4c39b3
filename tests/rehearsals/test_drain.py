"""SIGTERM in the middle of a rush: what is under way is finished, what was acknowledged is kept."""

import asyncio
import os
import random
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.flows.conftest import STOP_SECONDS, Service, running_service
from tests.rehearsals.aftermath import settle
from tests.rehearsals.buyers import Crowd, make_wishes
from tests.rehearsals.client_log import LIMIT_PER_ORDER, Story, Wish
from tests.rehearsals.kills import processes_of, until
from tests.runtime.processes import is_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

EVENTS = ("drained",)
WISHES = 1_200
AT_ONCE = 64
ENVIRONMENT = {"TAQUILLA_API_PROCESSES": "2", "TAQUILLA_REDIS_TIMEOUT_SECONDS": "20"}
"""With much patience: a machine that is slow today is not what is tried here."""


async def _open(service: Service) -> None:
    async with service.client() as client:
        pools = [{"id": "floor", "capacity": 10_000}]
        await service.open_event(client, EVENTS[0], pools=pools, hold_seconds=6)


def _server_errors(stories: list[Story]) -> Counter[str]:
    answers = [each.answer for story in stories for each in story.attempts if each.answer]
    return Counter(
        f"{each.status} {each.body.get('reason')}" for each in answers if each.status >= 500
    )


def test_an_api_process_and_the_worker_that_are_told_to_end_finish_what_they_began(
    tmp_path: Path,
) -> None:
    """The other API process and the supervisor's heirs go on: no buyer sees an error of ours."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    with running_service(tmp_path / "data", **ENVIRONMENT) as service:
        asyncio.run(_end_some(service, random.Random(seed)))


async def _end_some(service: Service, chance: random.Random) -> None:
    await _open(service)
    crowd = Crowd(service.base_url, chance)
    wishes = make_wishes(chance, EVENTS, WISHES, LIMIT_PER_ORDER)
    dev = service.process.pid

    async def end_in_turn() -> None:
        for number, kind in enumerate(("api", "worker", "api"), 1):
            crowd.admit(WISHES * (number + 1) // 4)
            await until(partial(crowd.has_decided, WISHES * number // 4))
            victim = processes_of(dev, kind)[0]
            os.kill(victim, signal.SIGTERM)
            await until(partial(is_gone, victim))
        crowd.admit(WISHES)

    await asyncio.gather(crowd.run(wishes, AT_ONCE), end_in_turn())
    async with service.client() as client:
        aftermath = await settle(service, client, EVENTS, crowd.stories)
    assert aftermath.faults == []
    assert _server_errors(crowd.stories) == {}


def test_what_was_acknowledged_before_the_whole_service_was_ended_is_there_when_it_opens_again(
    tmp_path: Path,
) -> None:
    """Buyers who meet a closed door come back with the same key when it is open."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    wishes = make_wishes(chance, EVENTS, WISHES, LIMIT_PER_ORDER)
    with running_service(tmp_path / "data", **ENVIRONMENT) as service:
        stories = asyncio.run(_end_all(service, wishes, chance))
        assert service.process.wait(STOP_SECONDS) == 0
    assert _server_errors(stories) == {}
    with running_service(tmp_path / "data", **ENVIRONMENT) as service:
        asyncio.run(_come_back(service, stories, chance))


async def _end_all(service: Service, wishes: list[Wish], chance: random.Random) -> list[Story]:
    await _open(service)
    crowd = Crowd(service.base_url, chance)

    async def end() -> None:
        await until(partial(crowd.has_decided, WISHES // 2))
        service.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(service.process.wait, STOP_SECONDS)
        crowd.close()

    await asyncio.gather(crowd.run(wishes, AT_ONCE), end())
    return crowd.stories


async def _come_back(service: Service, stories: list[Story], chance: random.Random) -> None:
    crowd = Crowd(service.base_url, chance)
    await crowd.resume(stories, AT_ONCE)
    async with service.client() as client:
        aftermath = await settle(service, client, EVENTS, crowd.stories)
    acknowledged = sum(bool(each.acknowledged) for each in stories)
    print(f"{len(stories)} wishes before and after, {acknowledged} acknowledged")
    assert aftermath.faults == []
    assert _server_errors(stories) == {}
