"""Redis time, as this process knows it: learnt from the replies, never asked for on its own.

Deadlines of orders go by the server's clock alone. What is needed here is only `not_after`: a
command that runs after its caller has given up must change nothing (a frozen server runs what lies
in its buffers when it wakes).
"""

import time
from typing import Protocol

from app.runtime.clock import SettableClock


class RedisTime(Protocol):
    @property
    def argument(self) -> str:
        """The first argument of every command: "0" asks the server's clock."""

    def now_ms(self) -> int:
        """The best guess of the server's time."""

    def learn(self, server_now_ms: int, *, asked_at: float) -> None:
        """Called with the time of every reply; `asked_at` is `time.monotonic()` of the question."""

    def not_after_ms(self) -> int:
        """When the caller of a command that is sent now will have given up."""


class ServerTime:
    """The real thing. Before the first reply the two clocks are taken to agree."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout_ms = int(timeout_seconds * 1000)
        self._offset_ms = time.time() * 1000 - time.monotonic() * 1000

    @property
    def argument(self) -> str:
        return "0"

    def now_ms(self) -> int:
        return int(time.monotonic() * 1000 + self._offset_ms)

    def learn(self, server_now_ms: int, *, asked_at: float) -> None:
        # The server read its clock after the question and before the answer, so the true offset
        # lies between these two; a slow answer narrows nothing and misleads nobody.
        least = server_now_ms - time.monotonic() * 1000
        most = server_now_ms - asked_at * 1000
        self._offset_ms = min(max(self._offset_ms, least), most)

    def not_after_ms(self) -> int:
        return self.now_ms() + self._timeout_ms


class TestTime:
    """A test's clock stands in for the server's, in Lua too."""

    __test__ = False

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock

    @property
    def argument(self) -> str:
        return str(self._clock.now_ms())

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def learn(self, server_now_ms: int, *, asked_at: float) -> None:
        """A test's clock is never taught."""

    def not_after_ms(self) -> int:
        return self._clock.now_ms()
