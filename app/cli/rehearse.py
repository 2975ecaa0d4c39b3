"""`taquilla rehearse`: faults made on purpose, on servers of their own. See tests/rehearsals."""

from typing import Annotated

import typer

from app.cli.test import run_beside_tests


def rehearse(
    context: typer.Context,
    rehearsal: Annotated[
        str | None, typer.Argument(help="crashes or payments; without any: what there is.")
    ] = None,
) -> None:
    """Break things in the middle of a sale and judge what became of it; exit code 1 if a promise
    was broken."""
    arguments = [rehearsal, *context.args] if rehearsal else ["--help"]
    raise typer.Exit(run_beside_tests("tests.rehearsals", arguments))
