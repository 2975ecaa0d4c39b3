"""`taquilla toggles`: what may be sold to whom, as this machine's toggles say."""

import typer

from app.rollout import FileToggles
from app.runtime.logs import configure_logging
from app.runtime.settings import load_settings

application = typer.Typer(help="Feature toggles.", no_args_is_help=True)


@application.callback()
def group() -> None:
    """Feature toggles."""


@application.command("list")
def list_toggles() -> None:
    """Every toggle of the catalogue, and how it stands."""
    settings = load_settings()
    configure_logging(settings)
    for each in FileToggles(settings.toggles_path).describe():
        state = {True: "on", False: "off", None: f"default {each.toggle.default}"}[each.enabled]
        typer.echo(f"{each.toggle.name}  {state}  {each.toggle.kind}  {each.toggle.description}")
