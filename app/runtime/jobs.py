"""Background jobs: a job is a `step()` that does one bounded unit of work; the loop is here, once.

The loop stops between steps (quiet), lets the running step end (drain), and leaves in the end.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import structlog

from app.runtime.errors import DependencyError
from app.runtime.metrics import JOB_FAILURES, JOB_STEPS

BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 5.0
BACKOFF_DOUBLINGS_MAX = 10
CLOSE_SECONDS_MAX = 0.5

log = structlog.get_logger(__name__)


class Progress(Enum):
    """What a step found: MORE asks for the next step at once, IDLE for a pause."""

    MORE = "more"
    IDLE = "idle"


class Job(Protocol):
    """`step()` is called by `run_jobs` only, never twice at the same moment, and must be bounded in
    work and in time. `aclose()` gives back leases and the like; it is called once, after the last
    step."""

    @property
    def name(self) -> str: ...

    @property
    def idle_seconds(self) -> float: ...

    async def step(self) -> Progress: ...

    async def aclose(self) -> None: ...


async def run_jobs(jobs: Sequence[Job], stop: asyncio.Event, *, drain_seconds: float) -> None:
    """Runs all jobs until `stop` is set; then at most `drain_seconds` more for the open steps."""
    tasks = [asyncio.create_task(_run(job, stop), name=job.name) for job in jobs]
    try:
        await stop.wait()
    finally:
        stop.set()  # also when this is cancelled: no job begins another step
        _, late = await asyncio.wait(tasks, timeout=drain_seconds) if tasks else (set(), set())
        for task in late:
            log.warning("job did not drain in time", job=task.get_name(), seconds=drain_seconds)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(_close(job) for job in jobs))


async def _run(job: Job, stop: asyncio.Event) -> None:
    failures = 0
    while not stop.is_set():
        try:
            progress = await job.step()
            failures = 0
        except Exception as error:
            failures += 1
            JOB_FAILURES.labels(job.name).inc()
            trace = not isinstance(error, DependencyError)
            log.error(
                "job step failed",
                job=job.name,
                failures=failures,
                error=repr(error),
                exc_info=trace,
            )
            await _pause(stop, _backoff_seconds(failures))
            continue
        JOB_STEPS.labels(job.name, progress.value).inc()
        if progress is Progress.IDLE:
            await _pause(stop, job.idle_seconds)


async def _close(job: Job) -> None:
    """A failure is logged, and the rest is still closed."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await job.aclose()
    except Exception as error:  # noqa: BLE001 - on the way out nothing may stop the others
        log.warning("could not close", job=job.name, error=repr(error))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def _backoff_seconds(failures: int) -> float:
    """Full jitter, so that processes that failed together do not come back together."""
    bound = min(
        BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN * 2 ** min(failures, BACKOFF_DOUBLINGS_MAX)
    )
    return random.uniform(BACKOFF_SECONDS_MIN, bound)  # noqa: S311 - not a secret
