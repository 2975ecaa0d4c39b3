"""Redis stands still for three seconds in a rush: nobody is told what nobody knows."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.flows.conftest import Service, running_service
from tests.rehearsals.aftermath import settle
from tests.rehearsals.buyers import Crowd, make_wishes
from tests.rehearsals.client_log import LIMIT_PER_ORDER, Attempt, Story
from tests.rehearsals.kills import processes_of, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

AMPLE, SCARCE = "ample", "scarce"
WISHES = 1_200
AT_ONCE = 100
"""More than the connections to Redis of one process, so that some requests never reach it."""
FROZEN_SECONDS = 3.0
SCARCE_UNITS = 300


def test_while_redis_is_frozen_nothing_is_guessed_and_afterwards_nothing_is_lost(
    tmp_path: Path,
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    with running_service(tmp_path / "data", TAQUILLA_API_PROCESSES="2") as service:
        asyncio.run(_freeze(service, random.Random(seed)))


async def _freeze(service: Service, chance: random.Random) -> None:
    crowd = Crowd(service.base_url, chance)
    wishes = make_wishes(chance, (AMPLE, SCARCE), WISHES, LIMIT_PER_ORDER)
    dev = service.process.pid
    async with service.client() as client:
        for event_id, units in ((AMPLE, 10_000), (SCARCE, SCARCE_UNITS)):
            pools = [{"id": "floor", "capacity": units}]
            await service.open_event(client, event_id, pools=pools, hold_seconds=6)
        apis = processes_of(dev, "api")
        (redis,) = processes_of(dev, "redis")
        (_, (frozen_at, thawed_at)) = await asyncio.gather(
            crowd.run(wishes, AT_ONCE), _stand_still(crowd, redis)
        )
        aftermath = await settle(service, client, (AMPLE, SCARCE), crowd.stories)
    _report(crowd.stories, frozen_at, thawed_at)
    assert aftermath.faults == []
    assert processes_of(dev, "api") == apis, "they recover without a restart"


async def _stand_still(crowd: Crowd, redis: int) -> tuple[float, float]:
    """From a quarter of the sale on; a second quarter may begin meanwhile."""
    crowd.admit(WISHES // 2)
    await until(partial(crowd.has_decided, WISHES // 4))
    os.kill(redis, signal.SIGSTOP)
    frozen_at = time.monotonic()
    try:
        await asyncio.sleep(FROZEN_SECONDS)
    finally:
        thawed_at = time.monotonic()
        os.kill(redis, signal.SIGCONT)
    crowd.admit(WISHES)
    return frozen_at, thawed_at


def _report(stories: Sequence[Story], frozen_at: float, thawed_at: float) -> None:
    attempts = [each for story in stories for each in story.attempts]
    # What was asked before may have been decided before, and only be told now.
    within = [e for e in attempts if e.sent_at > frozen_at and e.answered_at < thawed_at]
    told = Counter(each.answer.status if each.answer else 0 for each in within)
    unknown = [story for story in stories if any(each.is_unknown for each in story.attempts)]
    recovered = min(each.answered_at for each in attempts if _is_sold_after(each, thawed_at))
    print(f"asked and answered while frozen: {dict(told)}")
    print(f"wishes that were told 504 for a time: {len(unknown)}")
    print(f"the first sale of what was asked after the thaw: {recovered - thawed_at:.3f} s")
    assert told.keys() <= {503, 504}
    assert told[503] + told[504] > 0
    assert unknown


def _is_sold_after(attempt: Attempt, thawed_at: float) -> bool:
    answer = attempt.answer
    return attempt.sent_at > thawed_at and answer is not None and answer.status == 201
