"""`./taquilla openapi`: writes `openapi.json`, which frontends are generated from."""

from pathlib import Path

import typer

from app.api import write_public_document

DOCUMENT = Path("openapi.json")


def write_openapi() -> None:
    """Write openapi.json, as the code has it now."""
    DOCUMENT.write_text(write_public_document())
    typer.echo(f"{DOCUMENT} is written; tests say whether it breaks what frontends were promised.")
