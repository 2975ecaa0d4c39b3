"""`taquilla payments`: for authors of payment methods, and for issuers of grants."""

from pathlib import Path
from typing import Annotated

import typer

from app.runtime.errors import ConfigurationError
from payments.methods.hack import new_key_pair
from payments.testing import ScaffoldRefused, scaffold

application = typer.Typer(help="Payment methods.", no_args_is_help=True)


@application.command("new")
def new_method(
    method_id: Annotated[str, typer.Argument(help="Its id: lower-case letters, digits and _.")],
    folder: Annotated[Path, typer.Option(help="Where its package is written.")] = Path(),
) -> None:
    """Writes the package of a new payment method, with blanks to fill in."""
    try:
        root = scaffold(method_id, folder)
    except ScaffoldRefused as refused:
        raise ConfigurationError(str(refused)) from None
    typer.echo(f"{root}: fill in src/*/wire.py and tests/harness.py, then run pytest there")


@application.command("issuer-key")
def make_issuer_key() -> None:
    """Prints a new key pair: one half is the issuer's secret, the other goes into the file of
    issuers."""
    pair = new_key_pair()
    typer.echo(f"private_key = {pair.private_key}  # the issuer's alone; shown once")
    typer.echo(f"public_key = {pair.public_key}")
