"""Buyers who do not give up: the same key until it is decided, over whatever breaks meanwhile."""

import asyncio
import random
import sys
import time
from collections.abc import Iterable, Sequence

from tests.flows.crowd import Answer, Connection, open_connection
from tests.rehearsals.client_log import Attempt, Intent, Story, Wish

DECIDED_SECONDS_MAX = 60.0
"""From the first request of a wish to its last; a rehearsal's outages are shorter by far."""
PAUSE_SECONDS_MAX = 0.3
INTENTS = {
    Intent.BUY: 0.55,
    Intent.CONFIRM: 0.15,
    Intent.RELEASE: 0.12,
    Intent.LEAVE: 0.12,
    Intent.GREED: 0.06,
}
"""How many of all buyers."""
IMPATIENT = 0.08


def make_wishes(
    chance: random.Random, event_ids: Sequence[str], count: int, limit_per_order: int
) -> list[Wish]:
    wishes = []
    for buyer in range(count):
        (intent,) = chance.choices(list(INTENTS), list(INTENTS.values()))
        is_greedy = intent is Intent.GREED
        wishes.append(
            Wish(
                buyer=buyer,
                event_id=event_ids[buyer % len(event_ids)],
                quantity=limit_per_order + 1 if is_greedy else chance.randint(1, 3),
                intent=intent,
                patient=chance.random() > IMPATIENT,
            )
        )
    return wishes


class Crowd:
    """`stories` grows while it runs: whoever watches may read it. `admit`: so many wishes may
    begin; whoever needs a crowd at a certain moment lets them in by portions."""

    def __init__(self, base_url: str, chance: random.Random) -> None:
        self.stories: list[Story] = []
        self.decided = 0
        self._admitted = sys.maxsize
        self._more = asyncio.Event()
        self._is_closed = False
        self._base_url = base_url
        self.chance = chance

    async def run(self, wishes: Iterable[Wish], at_once: int) -> None:
        """All of them, at most `at_once` at a time."""
        await self.resume((Story(wish) for wish in wishes), at_once)

    async def resume(self, stories: Iterable[Story], at_once: int) -> None:
        """Each from its beginning, with the same keys; what was decided is only said again."""
        waiting = iter(stories)

        async def live() -> None:
            async with _Line(self._base_url) as line:
                while not self._is_closed and (story := next(waiting, None)):
                    await self._wait_for_admission()
                    self.stories.append(story)
                    await self._tell(story, line)
                    self.decided += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(live())

    def close(self) -> None:
        """Nobody begins any more, and nobody insists."""
        self._is_closed = True

    def has_decided(self, wishes: int) -> bool:
        return self.decided >= wishes

    def admit(self, wishes: int) -> None:
        self._admitted = wishes
        self._more.set()

    async def _wait_for_admission(self) -> None:
        while len(self.stories) >= self._admitted:
            self._more.clear()
            await self._more.wait()

    async def _tell(self, story: Story, line: "_Line") -> None:
        wish = story.wish
        path = f"/v1/events/{wish.event_id}/orders"
        placed = await self._insist(
            story, line, "place", (path, {"Idempotency-Key": wish.key}, wish.body)
        )
        if placed is None or placed.status != 201:
            return
        verb = {Intent.CONFIRM: "confirm", Intent.RELEASE: "release"}.get(wish.intent)
        if verb:
            path = f"/v1/orders/{placed.body['id']}/{verb}"
            await self._insist(
                story, line, verb, (path, {"Order-Token": placed.body["token"]}, None)
            )

    async def _insist(
        self,
        story: Story,
        line: "_Line",
        verb: str,
        request: tuple[str, dict[str, str], object],
    ) -> Answer | None:
        """Until it is decided; None if it never was."""
        deadline = time.monotonic() + DECIDED_SECONDS_MAX
        while True:
            attempt = await line.ask(verb, *request)
            story.attempts.append(attempt)
            if not attempt.is_undecided:
                return attempt.answer
            has_enough = self._is_closed or time.monotonic() > deadline
            if has_enough or not story.wish.patient:
                return None
            await asyncio.sleep(self.chance.uniform(0.05, PAUSE_SECONDS_MAX))


class _Line:
    """A connection that is made again when it breaks."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._connection: Connection | None = None

    async def __aenter__(self) -> "_Line":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._drop()

    async def ask(self, verb: str, path: str, headers: dict[str, str], body: object) -> Attempt:
        sent_at, was_sent, answer = time.monotonic(), False, None
        try:
            if self._connection is None:
                self._connection = await open_connection(self._base_url)
            was_sent = True
            answer = await self._connection.send("POST", path, headers, body)
        except (OSError, EOFError, TimeoutError):
            await self._drop()
        return Attempt(verb, sent_at, time.monotonic(), answer, was_sent)

    async def _drop(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.aclose()
