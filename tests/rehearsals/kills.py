"""kill -9, in turn, of the processes of a running `dev`; and how long each was away."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.rehearsals.buyers import Crowd

KINDS = ("redis", "api", "worker")
_MARKS = {"redis": "-server", "api": "app.cli serve", "worker": "app.cli worker"}
BACK_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.02


@dataclass
class Kill:
    """`away_seconds`: until what it does was done again. API and Redis: what was asked for since
    then was acknowledged; worker: the ledger grew."""

    kind: str
    process_id: int
    after_orders: int
    at_seconds: float
    away_seconds: float


def processes_of(dev_process_id: int, kind: str) -> list[int]:
    """The running children of that kind; one that only waits to be buried is not."""
    table = subprocess.run(
        ["ps", "-ww", "-A", "-o", "pid=,ppid=,stat=,args="],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    found = []
    for line in table.stdout.splitlines():
        process_id, parent, state, arguments = line.split(None, 3)
        if int(parent) == dev_process_id and state[0] != "Z" and _MARKS[kind] in arguments:
            found.append(int(process_id))
    return found


async def kill_in_turn(
    crowd: Crowd, dev_process_id: int, ledger: Path, kinds: Sequence[str], orders: int
) -> list[Kill]:
    """Evenly over `orders` wishes, each while many are under way. What was killed is waited for
    before more than the next portion is let in, so that every kill meets a crowd."""
    started, kills = time.monotonic(), []
    portion = orders // (len(kinds) + 2)
    for number, kind in enumerate(kinds, 1):
        crowd.admit(portion * (number + 1))
        await until(partial(crowd.has_decided, portion * number))
        await until(partial(processes_of, dev_process_id, kind))
        victim = crowd.chance.choice(processes_of(dev_process_id, kind))
        facts = _facts(ledger)
        os.kill(victim, signal.SIGKILL)
        killed_at = time.monotonic()
        decided = crowd.decided
        if kind == "worker":
            await until(partial(_has_recorded, ledger, facts))
        else:
            await until(partial(_has_sold, crowd, killed_at))
        away_seconds = time.monotonic() - killed_at
        kills.append(Kill(kind, victim, decided, killed_at - started, away_seconds))
    crowd.admit(sys.maxsize)
    return kills


async def until(holds: Callable[[], object]) -> None:
    """Polls; AssertionError after BACK_SECONDS_MAX."""
    deadline = time.monotonic() + BACK_SECONDS_MAX
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{holds} did not come about in time")
        await asyncio.sleep(_POLL_SECONDS)


def _has_sold(crowd: Crowd, since: float) -> bool:
    """Something that was asked for since."""
    return any(
        each.sent_at > since and each.answer is not None and each.answer.status in {200, 201}
        for story in crowd.stories[-2_000:]
        for each in story.attempts
    )


def _has_recorded(ledger: Path, more_than: int) -> bool:
    return _facts(ledger) > more_than


def _facts(ledger: Path) -> int:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT coalesce(sum(seq), 0) FROM progress").fetchone()
        return int(count)
