"""`python -m app.cli`: gathers the commands and turns errors into exit codes."""

import gc
import sys

import typer

from app.cli import (
    bench,
    db,
    dev,
    keys,
    lock,
    openapi,
    payments,
    payments_resolve,
    rehearse,
    serve,
    test,
    tickets,
    toggles,
    verify,
    worker,
)
from app.runtime.errors import ConfigurationError, TaquillaError
from app.runtime.supervisor import EXIT_MISCONFIGURED

EXIT_BROKEN = 1


def build_application() -> typer.Typer:
    application = typer.Typer(
        name="taquilla",
        help="Sells tickets in the minute when everybody wants one.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    application.command()(dev.dev)
    application.command()(serve.serve)
    application.command()(worker.worker)
    application.command("test", context_settings=test.PASSES_ARGUMENTS_ON)(test.run_tests)
    application.command("lock")(lock.lock_requirements)
    application.command("openapi")(openapi.write_openapi)
    application.command()(verify.verify)
    application.command(context_settings=test.PASSES_ARGUMENTS_ON)(bench.bench)
    application.command(context_settings=test.PASSES_ARGUMENTS_ON)(rehearse.rehearse)
    application.add_typer(db.application, name="db")
    application.add_typer(keys.application, name="keys")
    payments.application.add_typer(payments_resolve.application, name="resolve")
    application.add_typer(payments.application, name="payments")
    application.add_typer(tickets.application, name="tickets")
    application.add_typer(toggles.application, name="toggles")
    return application


def main() -> None:
    try:
        build_application()(prog_name="taquilla")
    except ConfigurationError as error:
        typer.echo(f"taquilla: {error}", err=True)
        sys.exit(EXIT_MISCONFIGURED)
    except TaquillaError as error:
        typer.echo(f"taquilla: {error}", err=True)
        sys.exit(EXIT_BROKEN)
    finally:
        # The last collection of the interpreter took 2 of the 5 seconds that a stop may take.
        gc.freeze()


if __name__ == "__main__":
    main()
