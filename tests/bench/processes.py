"""How much processor time processes have used, from Linux's /proc (proc(5))."""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
_STATE = 2
"""Fields are counted from the state, which follows the name in parentheses and is the third."""


def refuse_without_proc() -> None:
    if not (PROC / "self" / "stat").exists():
        raise SystemExit("taquilla bench: reads processor time from /proc, so it needs Linux")


def processor_seconds(pids: list[int]) -> float:
    """User and system time of these processes, without that of their children."""
    return sum(sum(_ticks(pid)[:2]) for pid in pids) / os.sysconf("SC_CLK_TCK")


def family_seconds() -> float:
    """Of this process and all below it, those that have ended included."""
    family = [os.getpid(), *descendants(os.getpid())]
    return sum(sum(_ticks(pid)) for pid in family) / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> float:
    """All that this machine has worked: everything but idle and waiting for a disk."""
    words = (PROC / "stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq = (int(each) for each in words[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def descendants(pid: int, word: str = "", *, without: str | None = None) -> list[int]:
    """Those below `pid` that have `word` as an argument and `without` not, or all."""
    parents = dict(_parents())
    found = []
    for child in parents:
        above: int | None = child
        while above := parents.get(above or 0):
            if above == pid and _fits(child, word, without):
                found.append(child)
    return found


def _fits(pid: int, word: str, without: str | None) -> bool:
    arguments = _arguments(pid)
    return (not word or word in arguments) and without not in arguments


def _parents() -> Iterator[tuple[int, int]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            fields = _fields(int(folder.name))
            if fields:
                yield int(folder.name), int(fields[3 - 1 - _STATE + 1])


def _ticks(pid: int) -> list[int]:
    """utime, stime, cutime, cstime: fields 14 to 17; zeros for one that has just ended."""
    return [int(each) for each in _fields(pid)[13 - _STATE : 17 - _STATE]] or [0, 0, 0, 0]


def _fields(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _arguments(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
