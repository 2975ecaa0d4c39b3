"""The books outlive whoever is killed while writing in them, and are shared by all who live."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from payments.testing import Books
from tests.tidy.sources import ROOT

_BUY_FOR_EVER = """
import asyncio, itertools, sys
from datetime import UTC, datetime
from pathlib import Path
from payments import Context
from payments.testing.sandbox import Sandbox, SandboxConfig
from tests.payments.calls import initiate, refund
from payments import Money

async def buy(who, path):
    config = SandboxConfig(environment="test", books_file=Path(path))
    sandbox = Sandbox(config, Context(account_id="main", now=lambda: datetime.now(UTC)))
    for number in itertools.count():
        reference = f"{who}{number:025d}"
        await sandbox.initiate(initiate(reference))
        print(reference, flush=True)
        if number % 3 == 0:
            await sandbox.refund(refund(reference, Money(50, "EUR")))

asyncio.run(buy(sys.argv[1], sys.argv[2]))
"""


def test_nothing_that_was_answered_is_lost_with_the_process_that_asked(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    books = Books(tmp_path / "books.sqlite3")
    buyers = [
        subprocess.Popen(
            [sys.executable, "-c", _BUY_FOR_EVER, who, str(books.path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in "abc"
    ]
    answered = set()
    for buyer in buyers:
        assert buyer.stdout is not None
        answered |= {buyer.stdout.readline().strip() for _ in range(dice.randrange(5, 30))}
        until = time.monotonic() + dice.random() / 20
        while time.monotonic() < until:
            books.taken()
        os.kill(buyer.pid, signal.SIGKILL)
        answered |= set(buyer.stdout.read().split())
        buyer.wait(timeout=10)
        buyer.stdout.close()
    entries = {entry.reference: entry for entry in books.entries()}
    assert answered
    assert answered <= entries.keys()
    assert len(entries) <= len(answered) + len(buyers)
    left = sum(entry.captured_minor - entry.refunded_minor for entry in entries.values())
    assert books.taken() == {"EUR": left}
    assert {entry.captured_minor for entry in entries.values()} == {1050}


def test_books_that_nobody_wrote_in_are_empty(tmp_path: Path) -> None:
    books = Books(tmp_path / "books.sqlite3")
    assert not books.path.exists()
    assert (books.taken(), books.entries(), books.charged_minor("x")) == ({}, [], 0)
