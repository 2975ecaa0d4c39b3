"""`taquilla rehearse`: faults made on purpose, on servers of their own. See tests/rehearsals."""

import subprocess
import sys
from typing import Annotated

import typer

PASSES_ARGUMENTS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def rehearse(
    context: typer.Context,
    rehearsal: Annotated[
        str | None, typer.Argument(help="crashes; without any: what there is.")
    ] = None,
) -> None:
    """Break things in the middle of a sale and judge what became of it; exit code 1 if a promise
    was broken."""
    arguments = [rehearsal, *context.args] if rehearsal else ["--help"]
    command = [sys.executable, "-m", "tests.rehearsals", *arguments]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module
