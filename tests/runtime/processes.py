"""Looking at real processes from outside: who is there, who is gone."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

POLL_SECONDS = 0.01


def is_gone(process_id: int) -> bool:
    """A zombie is gone: it only waits for whoever adopted it."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


def wait_gone(process_ids: list[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive := [each for each in process_ids if not is_gone(each)]:
        assert time.monotonic() < deadline, f"still alive: {alive}"
        time.sleep(POLL_SECONDS)


def children_of(process_id: int) -> list[int]:
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, timeout=10, check=True
    )
    rows = (line.split() for line in table.stdout.splitlines())
    return [int(child) for child, parent in rows if int(parent) == process_id]
