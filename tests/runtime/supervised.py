"""Programs for the tests of the supervisor, real processes all of them.

`python -m tests.runtime.supervised KIND...` is a supervisor of one child of each kind. Everybody
prints one line about what happens to it: "KIND started PID", "KIND got SIGTERM", "all ready".
"""

import asyncio
import fcntl
import os
import signal
import sys
import termios
import time
from types import FrameType

from app.runtime import lifeline, supervisor
from app.runtime.errors import TaquillaError
from app.runtime.lifeline import watch, wrapped
from app.runtime.supervisor import ChildSpec, Supervisor

FOREIGN = """
import os, signal, sys, time
def stop(*_):
    os.write(1, b"foreign got SIGTERM\\n")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
os.write(1, b"foreign started %d\\n" % os.getpid())
time.sleep(60)
"""
"""A program that is not ours: it watches no lifeline."""

WRAPPED_WITHOUT_KERNEL = f"""
import os, sys
from app.runtime import lifeline
lifeline.ask_for_death_signal = lambda: False
stubborn = {FOREIGN!r}.replace("sys.exit()", "pass").replace("foreign", "foreign-without-kernel")
sys.exit(lifeline._run([sys.executable, "-c", stubborn], os.environ))
"""
"""As on a system whose kernel does not help; and the program does not heed SIGTERM."""


def spec_of(kind: str) -> ChildSpec:
    argv = [sys.executable, "-m", "tests.runtime.supervised", "--child", kind]
    match kind:
        case "foreign":
            return ChildSpec(kind, wrapped([sys.executable, "-c", FOREIGN]))
        case "foreign-without-kernel":
            return ChildSpec(kind, [sys.executable, "-c", WRAPPED_WITHOUT_KERNEL])
        case "last":
            return ChildSpec(kind, argv, stops_last=True)
        case "never-ready":
            return ChildSpec(kind, argv, why_not_ready=lambda: "it never is")
        case _:
            return ChildSpec(kind, argv)


async def supervise(kinds: list[str]) -> None:
    async with Supervisor(stop_seconds=1) as children:
        for kind in kinds:
            await children.start(spec_of(kind))
        say("all ready")
        await children.wait()


def live(kind: str) -> None:
    def got(number: int, _frame: FrameType | None) -> None:
        say(f"{kind} got {signal.Signals(number).name}")
        if kind != "stubborn":
            sys.exit(0)

    signal.signal(signal.SIGINT, got)
    signal.signal(signal.SIGTERM, got)
    if kind == "without-kernel":
        lifeline.ask_for_death_signal = lambda: False
    watch(os.environ, last_seconds=1)
    say(f"{kind} started {os.getpid()}")
    if kind == "dying":
        sys.exit(1)
    if kind == "misconfigured":
        sys.exit(2)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        signal.pause()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main() -> None:
    if sys.argv[1] == "--child":
        live(sys.argv[2])
        return
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    supervisor.RESTART_DELAY_SECONDS_MIN = 0.01
    try:
        asyncio.run(supervise(sys.argv[1:]))
    except TaquillaError as error:
        say(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
