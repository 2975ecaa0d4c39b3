"""The Kinesis of the tests is gone when they are, and its absence is said."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers import kinesalite
from tests.servers.kinesalite import ROOT, start_kinesalite

KILLED_SECONDS = 10


def test_stopping_leaves_no_process_and_no_folder() -> None:
    server = start_kinesalite()
    server.stop()
    assert server.process.returncode is not None
    assert not server.folder.exists()


def test_it_ends_with_whoever_started_it_even_if_that_is_killed() -> None:
    program = (
        "from tests.servers.kinesalite import start_kinesalite as start\n"
        "print(start().process.pid, flush=True)\n"
        "input()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    process_id = int(owner.stdout.readline())
    owner.kill()
    owner.communicate(timeout=KILLED_SECONDS)
    _wait_until_gone(process_id)


def test_without_it_the_run_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinesalite, "PROGRAM", Path("/nowhere/cli.js"))
    with pytest.raises(pytest.fail.Exception, match=r"NO KINESALITE.*taquilla prepare"):
        start_kinesalite()


def _wait_until_gone(process_id: int) -> None:
    deadline = time.monotonic() + KILLED_SECONDS
    while True:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, f"process {process_id} is still there"
        time.sleep(0.01)
