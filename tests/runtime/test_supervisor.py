"""The supervisor: what dies comes back, what is stopped is gone, and nobody outlives it."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.runtime.processes import is_gone, wait_gone

ROOT = Path(__file__).parents[2]
GONE_SECONDS = 5.0
START_SECONDS = 20.0


@dataclass
class Supervised:
    process: subprocess.Popen[bytes]
    lines: list[str] = field(default_factory=list)
    unfinished: bytes = b""

    def read_until(self, is_there: Callable[[list[str]], bool], seconds: float) -> None:
        assert self.process.stdout is not None
        deadline = time.monotonic() + seconds
        while not is_there(self.lines):
            left = deadline - time.monotonic()
            assert left > 0, f"not in time; seen: {self.lines}"
            if select.select([self.process.stdout], [], [], left)[0]:
                got = os.read(self.process.stdout.fileno(), 65536)
                assert got, f"output ended; seen: {self.lines}"
                *whole, self.unfinished = (self.unfinished + got).split(b"\n")
                self.lines.extend(line.decode() for line in whole)

    def wait_ready(self, kinds: int) -> None:
        self.read_until(
            lambda lines: "all ready" in lines and len(started(lines)) >= kinds, START_SECONDS
        )

    def end(self, seconds: float) -> int:
        """Its exit code; all output is read first: a pipe ends with its last writer."""
        output, _ = self.process.communicate(timeout=seconds)
        self.lines.extend((self.unfinished + output).decode().splitlines())
        return self.process.returncode


def started(lines: list[str]) -> list[int]:
    found = (re.fullmatch(r"\S+ started (\d+)", line) for line in lines)
    return [int(match[1]) for match in found if match]


@pytest.fixture
def supervise() -> Iterator[Callable[..., Supervised]]:
    running: list[Supervised] = []

    def start(*kinds: str, stdin: int = subprocess.DEVNULL) -> Supervised:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.runtime.supervised", *kinds],
            cwd=ROOT,
            stdin=stdin,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        running.append(Supervised(process))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
        wait_gone(started(each.lines), GONE_SECONDS)
        each.process.communicate(timeout=GONE_SECONDS)


def test_a_child_that_dies_is_started_again(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise("good")
    supervised.wait_ready(1)
    (first,) = started(supervised.lines)
    os.kill(first, signal.SIGKILL)
    supervised.read_until(lambda lines: len(started(lines)) == 2, START_SECONDS)
    os.kill(supervised.process.pid, signal.SIGTERM)
    assert supervised.end(GONE_SECONDS) == 0


def test_a_child_that_keeps_dying_is_given_up_with_its_name(
    supervise: Callable[..., Supervised],
) -> None:
    supervised = supervise("good", "dying")
    assert supervised.end(START_SECONDS) == 1
    assert supervised.lines.count("good got SIGTERM") == 1
    assert len(started(supervised.lines)) == 1 + 6
    assert supervised.lines[-1].startswith("dying (process ")


def test_a_wrong_setting_is_not_tried_again(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise("misconfigured")
    assert supervised.end(START_SECONDS) == 1
    assert len(started(supervised.lines)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_in_order_and_a_stubborn_child_by_force(
    supervise: Callable[..., Supervised], number: signal.Signals
) -> None:
    supervised = supervise("last", "good", "stubborn", "foreign")
    supervised.wait_ready(4)
    began = time.monotonic()
    os.kill(supervised.process.pid, number)
    assert supervised.end(GONE_SECONDS) == 0
    assert time.monotonic() - began < GONE_SECONDS
    assert all(is_gone(each) for each in started(supervised.lines))
    told = [line for line in supervised.lines if line.endswith("got SIGTERM")]
    assert sorted(told[:-1]) == ["foreign got SIGTERM", "good got SIGTERM", "stubborn got SIGTERM"]
    assert told[-1] == "last got SIGTERM"


def test_nobody_outlives_a_supervisor_that_was_killed(
    supervise: Callable[..., Supervised],
) -> None:
    supervised = supervise("last", "good", "stubborn", "foreign")
    supervised.wait_ready(4)
    supervised.process.kill()
    wait_gone(started(supervised.lines), GONE_SECONDS)


def test_nobody_outlives_it_where_the_kernel_does_not_help(
    supervise: Callable[..., Supervised],
) -> None:
    supervised = supervise("without-kernel", "foreign-without-kernel")
    supervised.wait_ready(2)
    supervised.process.kill()
    wait_gone(started(supervised.lines), GONE_SECONDS)


def test_ctrl_c_reaches_the_supervisor_only(supervise: Callable[..., Supervised]) -> None:
    ours, theirs = pty.openpty()
    try:
        supervised = supervise("last", "good", "foreign", stdin=theirs)
        supervised.wait_ready(3)
        os.write(ours, b"\x03")
        assert supervised.end(GONE_SECONDS) == 0
    finally:
        os.close(ours)
        os.close(theirs)
    assert not [line for line in supervised.lines if "SIGINT" in line]
    assert len([line for line in supervised.lines if "SIGTERM" in line]) == 3


def test_a_signal_ends_a_start_that_is_not_over(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise("good", "never-ready")
    supervised.read_until(lambda lines: len(started(lines)) == 2, START_SECONDS)
    os.kill(supervised.process.pid, signal.SIGTERM)
    assert supervised.end(GONE_SECONDS) == 0
    assert "all ready" not in supervised.lines
    assert all(is_gone(each) for each in started(supervised.lines))
