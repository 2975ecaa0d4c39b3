"""run_jobs: one step at a time, patience with failures, a quiet end. No test waits for time."""

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from app.runtime import jobs
from app.runtime.errors import Unavailable
from app.runtime.jobs import Job, Progress, run_jobs

WAIT_SECONDS = 5.0
"""Only a broken loop waits as long."""


class SteppedJob:
    """Each step waits until the test lets it end, and ends as the test says."""

    def __init__(self, name: str = "stepped", *, pause_seconds: float = 0.0) -> None:
        self.name = name
        self.pause_seconds = pause_seconds
        self.pausing = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        self.endings: asyncio.Queue[Progress | Exception] = asyncio.Queue()
        self.steps = 0
        self.running = 0
        self.running_most = 0
        self.closings: list[int] = []

    @property
    def idle_seconds(self) -> float:
        self.pausing.set()
        return self.pause_seconds

    async def step(self) -> Progress:
        self.steps += 1
        self.running += 1
        self.running_most = max(self.running_most, self.running)
        self.begun.release()
        try:
            ending = await self.endings.get()
        finally:
            self.running -= 1
        if isinstance(ending, Exception):
            raise ending
        return ending

    async def aclose(self) -> None:
        self.closings.append(self.steps)


class Runner:
    """`run_jobs` in the background of a test."""

    def __init__(self, all_jobs: Sequence[Job], *, drain_seconds: float = WAIT_SECONDS) -> None:
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(run_jobs(all_jobs, self.stop, drain_seconds=drain_seconds))

    async def ended(self) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            await self.task


async def begun(job: SteppedJob, steps: int = 1) -> None:
    """Returns once `steps` more steps have begun."""
    async with asyncio.timeout(WAIT_SECONDS):
        for _ in range(steps):
            await job.begun.acquire()


def count(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure the loop pauses for a moment that is no moment."""
    monkeypatch.setattr(jobs, "BACKOFF_SECONDS_MIN", 0.0)


async def test_it_stops_between_steps_and_closes_once_after_the_last() -> None:
    job = SteppedJob()
    runner = Runner([job])
    await begun(job)
    job.endings.put_nowait(Progress.MORE)
    await begun(job)

    runner.stop.set()
    await asyncio.sleep(0)
    assert not runner.task.done()  # drains: the open step may end
    job.endings.put_nowait(Progress.MORE)
    await runner.ended()

    assert (job.steps, job.running_most, job.closings) == (2, 1, [2])


async def test_a_pause_ends_with_the_stop() -> None:
    job = SteppedJob(pause_seconds=3_600.0)
    runner = Runner([job])
    await begun(job)
    job.endings.put_nowait(Progress.IDLE)
    async with asyncio.timeout(WAIT_SECONDS):
        await job.pausing.wait()

    runner.stop.set()
    await runner.ended()

    assert (job.steps, job.closings) == (1, [1])


async def test_a_stop_before_the_start_runs_no_step() -> None:
    job = SteppedJob()
    runner = Runner([job])
    runner.stop.set()
    await runner.ended()

    assert (job.steps, job.closings) == (0, [0])


async def test_a_step_that_outlasts_the_drain_is_cancelled() -> None:
    job, quick_job = SteppedJob("endless"), SteppedJob("quick")
    runner = Runner([job, quick_job], drain_seconds=0.01)
    await begun(job)
    await begun(quick_job)

    runner.stop.set()
    quick_job.endings.put_nowait(Progress.IDLE)
    await runner.ended()

    assert (job.steps, job.running) == (1, 0)
    assert quick_job.closings == [1]


async def test_a_failed_step_is_counted_and_tried_again() -> None:
    job = SteppedJob("failing")
    failures = count("taquilla_job_failures_total", job="failing")
    runner = Runner([job])
    for error in (Unavailable("not now"), ValueError("a bug"), RuntimeError("another")):
        job.endings.put_nowait(error)
    job.endings.put_nowait(Progress.MORE)
    await begun(job, steps=5)

    runner.stop.set()
    job.endings.put_nowait(Progress.IDLE)
    await runner.ended()

    assert count("taquilla_job_failures_total", job="failing") - failures == 3
    assert count("taquilla_job_steps_total", job="failing", progress="more") == 1
    assert (job.steps, job.running_most, job.closings) == (5, 1, [5])


async def test_one_failing_job_holds_up_no_other() -> None:
    failing, other = SteppedJob("failing"), SteppedJob("other")
    runner = Runner([failing, other])
    await begun(failing)
    failing.endings.put_nowait(ValueError("a bug"))
    other.endings.put_nowait(Progress.MORE)
    await begun(other, steps=2)
    await begun(failing)

    runner.stop.set()
    for job in (failing, other):
        job.endings.put_nowait(Progress.IDLE)
    await runner.ended()

    assert (failing.closings, other.closings) == ([2], [2])


async def test_a_job_that_cannot_be_closed_keeps_no_other_from_it() -> None:
    class Stubborn(SteppedJob):
        async def aclose(self) -> None:
            await super().aclose()
            raise Unavailable("the lease cannot be given back")

    all_jobs = [Stubborn("stubborn"), SteppedJob("other")]
    runner = Runner(all_jobs)
    runner.stop.set()
    await runner.ended()

    assert [each.closings for each in all_jobs] == [[0], [0]]


async def test_without_jobs_it_waits_for_the_stop() -> None:
    runner = Runner([])
    await asyncio.sleep(0)
    assert not runner.task.done()

    runner.stop.set()
    await runner.ended()


@pytest.mark.parametrize("failures", [1, 2, 6, 1_000, 5_000])
def test_the_pause_grows_with_failures_up_to_its_bound(
    failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BACKOFF_SECONDS_MIN", 0.1)
    longest = 0.1 * 2 ** min(failures, 10)

    pauses = [jobs._backoff_seconds(failures) for _ in range(100)]

    assert min(pauses) >= 0.1
    assert max(pauses) <= min(jobs.BACKOFF_SECONDS_MAX, longest)
    assert len(set(pauses)) > 1  # processes that failed together come back apart
