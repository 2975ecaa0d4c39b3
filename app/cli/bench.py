"""`taquilla bench`: figures of this machine, from the tests' own servers. See tests/bench."""

import typer

from app.cli.test import run_beside_tests


def bench(context: typer.Context) -> None:
    """Print figures, with the machine that they are of: sale (the default), facts or paid. Bounded
    by --orders, --seconds and --rounds; `bench -- --help` tells more."""
    raise typer.Exit(run_beside_tests("tests.bench", context.args))
