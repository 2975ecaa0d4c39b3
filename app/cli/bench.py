"""`taquilla bench`: figures of this machine, from the tests' own servers. See tests/bench."""

import subprocess
import sys

import typer

from app.cli.test import environment_of_tests


def bench(context: typer.Context) -> None:
    """Print figures, with the machine that they are of: sale (the default) or facts. Bounded by
    --orders, --seconds and --rounds; `bench -- --help` tells more."""
    command = [sys.executable, "-m", "tests.bench", *context.args]
    ran = subprocess.run(command, env=environment_of_tests(), check=False)  # noqa: S603 - our own module
    raise typer.Exit(ran.returncode)
