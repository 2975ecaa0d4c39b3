"""`./taquilla test`: everything that must pass. pytest takes this process over, so its summary is
the last thing printed and its exit code is ours."""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from app.runtime.settings import PREFIX

TEST_PREFIX = f"{PREFIX}TEST_"
PASSES_ARGUMENTS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def run_tests(
    context: typer.Context,
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the slow ones: for the inner loop.")
    ] = False,
    soak: Annotated[
        bool, typer.Option("--soak", help="Only those that take minutes, and are left out else.")
    ] = False,
) -> None:
    """Run the tests; further arguments go to pytest."""
    selection = ["-m", "soak" if soak else "not slow and not soak" if quick else "not soak"]
    arguments = [sys.executable, "-m", "pytest", *selection, *context.args]
    sys.stdout.flush()
    os.execve(sys.executable, arguments, environment_of_tests())  # noqa: S606 - our own interpreter


def environment_of_tests() -> dict[str, str]:
    """Settings of this shell must not reach the tests, but for those that are meant for them. Sets
    come in one order, or two workers would not agree on what tests there are."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(PREFIX) or key.startswith(TEST_PREFIX)
    }
    return {"PYTHONHASHSEED": "0", **kept}


def run_beside_tests(package: str, arguments: Sequence[str]) -> int:
    """For commands whose code is not part of the service: it lies in tests/, or in the kit for
    authors of payment methods. Returns the exit code."""
    command = [sys.executable, "-m", package, *arguments]
    ran = subprocess.run(command, env=environment_of_tests(), check=False)  # noqa: S603 - ours
    return ran.returncode
