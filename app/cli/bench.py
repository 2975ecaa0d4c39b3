"""`taquilla bench`: figures of this machine, from the tests' own servers. See tests/bench."""

import subprocess
import sys
from typing import Annotated

import typer


def bench(
    figures: Annotated[
        list[str] | None, typer.Argument(help="What to measure; without any: what there is.")
    ] = None,
) -> None:
    """Print a figure, with the machine that it is of."""
    command = [sys.executable, "-m", "tests.bench", *(figures or ["--help"])]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module
