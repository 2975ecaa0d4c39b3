"""Runs the processes of this machine: starts them in order, restarts the one that died, ends all.

    async with Supervisor(stop_seconds=4) as supervisor:
        await supervisor.start(redis)
        await supervisor.start(api)
        await supervisor.wait()        # until SIGINT, SIGTERM or SIGHUP

A signal may come at any moment of the block: the block is cancelled, the children are stopped, and
the block ends as if it had come to its end. Children live in sessions of their own, so that Ctrl-C
reaches only the supervisor, and hang on a lifeline, so that they do not outlive it.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from app.runtime import lifeline
from app.runtime.errors import TaquillaError

RESTARTS_MAX = 5
RESTART_WINDOW_SECONDS = 60.0
RESTART_DELAY_SECONDS_MIN = 0.1
RESTART_DELAY_SECONDS_MAX = 3.0
READY_SECONDS_MAX = 20.0
LAST_STOP_SECONDS = 0.5
"""For those that stop last: they have nothing to drain. With the default drain of 3 seconds and the
second that is added to it, everything is over within the promised 5."""

EXIT_MISCONFIGURED = 2
"""The exit code with which our own processes say that another start would fail as well."""

KILL_SECONDS = 1.0
_POLL_SECONDS = 0.02

log = structlog.get_logger(__name__)


class ChildFailed(TaquillaError):  # noqa: N818 - a sentence about the child, as the others are
    """A child did not start, or died more often than it may."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """`argv` is a program of ours (one that calls `lifeline.watch`) or `lifeline.wrapped(...)`.

    `why_not_ready` is asked in a thread until it gives None. `stops_last`: others need it while
    they drain. `on_exit` is told the id of a process that is gone."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    restarts: bool = True
    stops_last: bool = False
    why_not_ready: Callable[[], str | None] | None = None
    on_exit: Callable[[int], None] | None = None


@dataclass(slots=True)
class _Child:
    spec: ChildSpec
    process: asyncio.subprocess.Process
    deaths: deque[float] = field(default_factory=deque)


class Supervisor:
    """Used in the main thread only: signals and the kernel's help both depend on it."""

    def __init__(self, *, stop_seconds: float, descriptors: tuple[int, ...] = ()) -> None:
        """`stop_seconds`: from SIGTERM to SIGKILL. `descriptors` are inherited by every child."""
        self._stop_seconds = stop_seconds
        self._descriptors = descriptors
        self._children: list[_Child] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._spawning = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._failure: ChildFailed | None = None

    async def __aenter__(self) -> Self:
        self._block = asyncio.current_task()
        self._read_end, self._write_end = os.pipe()
        for number in _handled_signals():
            asyncio.get_running_loop().add_signal_handler(number, self._end_block)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        was_ended = self._stopping.is_set() and isinstance(error, asyncio.CancelledError)
        if was_ended and self._block is not None:
            self._block.uncancel()
        self._stopping.set()
        try:
            await self._stop_all()
        finally:
            os.close(self._write_end)
            os.close(self._read_end)
            for number in _handled_signals():
                asyncio.get_running_loop().remove_signal_handler(number)
        if was_ended and self._failure:
            raise self._failure
        return was_ended

    async def start(self, spec: ChildSpec) -> None:
        """Returns when the child is ready. Raises ChildFailed when it is not within
        READY_SECONDS_MAX, or ended before."""
        child = await self._spawn_tracked(spec)
        if spec.why_not_ready:
            await self._wait_until_ready(child, spec.why_not_ready)
        self._keepers.append(asyncio.create_task(self._keep(child), name=f"keep {spec.name}"))

    async def wait(self) -> None:
        """Until a signal comes or a child is given up."""
        await asyncio.get_running_loop().create_future()

    def _end_block(self) -> None:
        if not self._stopping.is_set() and self._block is not None:
            self._stopping.set()
            self._block.cancel()

    async def _spawn_tracked(self, spec: ChildSpec) -> _Child:
        """Shielded: a block that is cancelled right now must not lose sight of a new process."""

        async def spawn() -> _Child:
            async with self._spawning:
                child = _Child(spec, await self._spawn(spec))
                self._children.append(child)
                return child

        return await asyncio.shield(asyncio.create_task(spawn()))

    async def _spawn(self, spec: ChildSpec) -> asyncio.subprocess.Process:
        variables = {lifeline.VARIABLE: str(self._read_end), **spec.environment}
        return await asyncio.create_subprocess_exec(
            *spec.argv,
            env={**os.environ, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(self._read_end, *self._descriptors, *spec.descriptors),
        )

    async def _wait_until_ready(self, child: _Child, why_not: Callable[[], str | None]) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while reason := await asyncio.to_thread(why_not):
            if child.process.returncode is not None:
                raise _failed(child, f"ended before it was ready ({reason})")
            if time.monotonic() > deadline:
                raise _failed(child, f"was not ready after {READY_SECONDS_MAX:g} s ({reason})")
            await asyncio.sleep(_POLL_SECONDS)

    async def _keep(self, child: _Child) -> None:
        """Until the stop: waits for the child's end and starts it again."""
        while True:
            exit_code = await child.process.wait()
            _tell_of_exit(child)
            if self._stopping.is_set():
                return
            delay_seconds = _restart_delay_seconds(child)
            if delay_seconds is None:
                self._failure = _failed(child, "was given up")
                self._end_block()
                return
            log.error(
                "a process ended and is started again",
                process=child.spec.name,
                exit_code=exit_code,
                delay_seconds=delay_seconds,
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_seconds):
                    await self._stopping.wait()
            async with self._spawning:
                if self._stopping.is_set():
                    return
                child.process = await self._spawn(child.spec)

    async def _stop_all(self) -> None:
        """The youngest first; those that others need while they drain, last."""
        async with self._spawning:  # from here on nothing is started any more
            pass
        late = [child for child in self._children if child.spec.stops_last]
        early = [child for child in self._children if not child.spec.stops_last]
        await _stop(early, self._stop_seconds)
        await _stop(late, LAST_STOP_SECONDS)
        await asyncio.gather(*self._keepers, return_exceptions=True)


async def _stop(children: Sequence[_Child], stop_seconds: float) -> None:
    if not children:
        return
    for child in reversed(children):
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
    waits = [asyncio.create_task(child.process.wait()) for child in children]
    await asyncio.wait(waits, timeout=stop_seconds)
    for child in children:
        if child.process.returncode is None:
            log.error("a process did not stop in time and is killed", process=child.spec.name)
            with contextlib.suppress(ProcessLookupError):
                # With all that it started: its session is its own.
                os.killpg(child.process.pid, signal.SIGKILL)
    await asyncio.wait(waits, timeout=KILL_SECONDS)


def _handled_signals() -> list[signal.Signals]:
    """SIGHUP is left alone under nohup."""
    is_deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    signals = [signal.SIGINT, signal.SIGTERM]
    return signals if is_deaf else [*signals, signal.SIGHUP]


def _tell_of_exit(child: _Child) -> None:
    if child.spec.on_exit:
        child.spec.on_exit(child.process.pid)


def _restart_delay_seconds(child: _Child) -> float | None:
    """Grows with every death of the last minute; None: it is given up."""
    now = time.monotonic()
    child.deaths.append(now)
    while child.deaths[0] < now - RESTART_WINDOW_SECONDS:
        child.deaths.popleft()
    is_hopeless = child.process.returncode == EXIT_MISCONFIGURED
    if not child.spec.restarts or is_hopeless or len(child.deaths) > RESTARTS_MAX:
        return None
    growth = 1 << (len(child.deaths) - 1)
    return min(RESTART_DELAY_SECONDS_MAX, RESTART_DELAY_SECONDS_MIN * growth)


def _failed(child: _Child, what: str) -> ChildFailed:
    return ChildFailed(
        f"{child.spec.name} (process {child.process.pid}) {what}; exit code "
        f"{child.process.returncode}, deaths in the last minute: {len(child.deaths)}"
    )
