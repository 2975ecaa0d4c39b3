"""No child outlives its supervisor, however that one ends.

Two ropes, because each has a hole: on Linux the kernel signals a process whose parent died
(PR_SET_PDEATHSIG; follows the thread that spawned it, so children are spawned from the main
thread), and everywhere a pipe whose write end only the supervisor holds reaches end-of-file.

Our own processes call `watch()`. A program that is not ours is started through this module:
`python -m app.runtime.lifeline PROGRAM ARGUMENTS...`
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

VARIABLE = "TAQUILLA_LIFELINE_FD"
"""Set by the supervisor for its children only: the number of the pipe's read end."""

LAST_SECONDS = 4.0
"""From the end of the lifeline to the end of the process; the promise is 5 seconds."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def watch(
    environment: Mapping[str, str],
    *,
    last_seconds: float = LAST_SECONDS,
    at_last: Callable[[], None] = lambda: os._exit(1),
) -> None:
    """When the supervisor that is named in `environment` is gone, this process gets SIGTERM, and
    `last_seconds` later it is over, whatever it was doing. Without a supervisor: nothing."""
    if VARIABLE not in environment:
        return
    descriptor = int(environment[VARIABLE])
    ask_for_death_signal()

    def wait_for_the_end() -> None:
        os.read(descriptor, 1)
        over = threading.Timer(last_seconds, at_last)
        over.daemon = True
        over.start()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_the_end, name="lifeline", daemon=True).start()


def ask_for_death_signal() -> bool:
    """SIGTERM from the kernel when the parent is gone; kept over exec. False where it cannot."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) == 0)


def wrapped(arguments: Sequence[str]) -> list[str]:
    """The command line that starts a program that knows no lifeline, tied to its parent."""
    return [sys.executable, "-m", "app.runtime.lifeline", *arguments]


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """With a kernel that helps, the program takes the place of this process, same id. Otherwise
    this process stays, passes signals on, and watches."""
    if ask_for_death_signal() and not _has_ended(environment):
        os.execvp(arguments[0], list(arguments))  # noqa: S606 - the supervisor gave the words
    program = subprocess.Popen(arguments)  # noqa: S603 - as above

    def pass_on(number: int, _frame: object) -> None:
        program.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    watch(environment, at_last=program.kill)
    return program.wait()


def _has_ended(environment: Mapping[str, str]) -> bool:
    """The supervisor may have died before the kernel was asked: then the pipe says so."""
    if VARIABLE not in environment:
        return False
    readable, _, _ = select.select([int(environment[VARIABLE])], [], [], 0)
    return bool(readable)


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:], os.environ))
