"""The conformance kit: what every payment method must do, as checks that need no test framework.

A check is a coroutine with a number, a sentence and what it needs. Where a capability is not
declared, its checks are skipped, with the reason; where it is declared, none ever is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from payments.descriptor import Capability, Descriptor
from payments.testing.expecting import Violation
from payments.testing.harness import PaymentHarness
from payments.testing.kit import Kit

CHECK_SECONDS_MAX: Final = 30.0
"""One check, with all its calls."""

Run = Callable[[Kit], Awaitable[None]]
Need = Callable[[PaymentHarness, Descriptor], str | None]
"""Why a check has nothing to say; None where it has."""


def needs(capability: Capability) -> Need:
    """Only where the method declares it."""

    def missing(_: PaymentHarness, descriptor: Descriptor) -> str | None:
        if descriptor.can(capability):
            return None
        return f"{descriptor.id} does not declare {capability.name}"

    return missing


@dataclass(frozen=True, slots=True)
class Check:
    """`number`: stands in reports for ever. `title`: what holds when it passes."""

    number: str
    title: str
    run: Run
    needs: tuple[Need, ...] = ()

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


def check(number: str, title: str, *wanted: Capability | Need) -> Callable[[Run], Check]:
    """Makes a coroutine a check."""
    wants = tuple(needs(each) if isinstance(each, Capability) else each for each in wanted)

    def make(run: Run) -> Check:
        return Check(number, title, run, wants)

    return make


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """`detail`: why it was skipped, or what does not hold."""

    check: Check
    verdict: Verdict
    detail: str = ""


def run_check(one: Check, harness: PaymentHarness) -> Result:
    """Runs one check in an event loop of its own, and closes the harness."""
    try:
        return asyncio.run(_run(one, harness))
    finally:
        harness.close()


async def _run(one: Check, harness: PaymentHarness) -> Result:
    kit = Kit(harness)
    try:
        for need in one.needs:
            reason = need(harness, kit.descriptor)
            if reason is not None:
                return Result(one, Verdict.SKIPPED, reason)
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            await one.run(kit)
    except TimeoutError:
        return Result(one, Verdict.FAILED, f"not done after {CHECK_SECONDS_MAX:g} s")
    except Violation as violation:
        return Result(one, Verdict.FAILED, str(violation))
    except Exception as error:  # noqa: BLE001 - whatever a method raises where it should answer
        return Result(one, Verdict.FAILED, f"{type(error).__name__}: {error}")
    finally:
        with suppress(Exception):  # how it closes is a check of its own
            await kit.method.aclose()
    return Result(one, Verdict.PASSED)
