"""The server's time, learnt from its replies: never further off than an answer took."""

from dataclasses import dataclass

import pytest

from app.inventory import ServerTime, TestTime, redis_time
from app.runtime.clock import SettableClock

WALL_SECONDS = 1_800_000_000.0


@dataclass
class Clocks:
    """Stands in for the module `time`: both clocks stand still until moved."""

    seconds: float = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return WALL_SECONDS + self.seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(redis_time, "time", clocks)
    return clocks


def _wall_ms(clocks: Clocks) -> int:
    return int(clocks.time() * 1000)


def test_before_the_first_reply_the_two_clocks_are_taken_to_agree(clocks: Clocks) -> None:
    server = ServerTime(timeout_seconds=2.5)

    assert server.argument == "0"
    assert server.now_ms() == _wall_ms(clocks)
    assert server.not_after_ms() == _wall_ms(clocks) + 2_500


@pytest.mark.parametrize(
    ("ahead_ms", "learnt_ms"),
    [
        (60_000, 60_000),  # far ahead: it answered just now, at the latest
        (-60_000, -60_000 + 400),  # far behind: it answered when it was asked, at the earliest
        (-100, 0),  # our guess lies between question and answer: nothing is learnt
    ],
)
def test_a_reply_moves_the_guess_no_further_than_it_must(
    ahead_ms: int, learnt_ms: int, clocks: Clocks
) -> None:
    server, asked_at = ServerTime(timeout_seconds=1), clocks.monotonic()
    clocks.seconds += 0.4

    server.learn(_wall_ms(clocks) + ahead_ms, asked_at=asked_at)

    assert server.now_ms() == _wall_ms(clocks) + learnt_ms
    clocks.seconds += 10
    assert server.now_ms() == _wall_ms(clocks) + learnt_ms


def test_a_quick_answer_after_a_slow_one_narrows_the_guess(clocks: Clocks) -> None:
    server, asked_at = ServerTime(timeout_seconds=1), clocks.monotonic()
    clocks.seconds += 5
    server.learn(_wall_ms(clocks) - 10_000, asked_at=asked_at)

    server.learn(_wall_ms(clocks) - 10_000, asked_at=clocks.monotonic())

    assert server.now_ms() == _wall_ms(clocks) - 10_000


def test_a_clock_of_a_test_is_never_taught() -> None:
    clock = SettableClock(1_000)
    time = TestTime(clock)

    time.learn(9_000, asked_at=0)
    clock.advance(1)

    assert (time.argument, time.now_ms(), time.not_after_ms()) == ("1001", 1_001, 1_001)
