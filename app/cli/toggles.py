"""`taquilla toggles`: what may be sold to whom, as the file or the Unleash server says."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from app.rollout import Synced, SyncWord, ToggleState, Token, catalogue_of, open_unleash_admin
from app.runtime.errors import ConfigurationError
from app.runtime.logs import configure_logging
from app.runtime.settings import Settings, load_settings
from app.wiring import open_toggles

EXIT_REFUSED = 1

application = typer.Typer(help="Feature toggles.", no_args_is_help=True)


@application.command("list")
def list_toggles() -> None:
    """Every toggle of the catalogue, and how it stands."""
    settings = load_settings()
    configure_logging(settings)
    for each in asyncio.run(_describe(settings)):
        state = {True: "on", False: "off", None: f"default {each.toggle.default}"}[each.enabled]
        typer.echo(f"{each.toggle.name}  {state}  {each.toggle.kind}  {each.toggle.description}")


@application.command("sync")
def sync_toggles(
    environment: Annotated[
        str, typer.Option(help="Of Unleash; a toggle that is on by default is switched on there.")
    ],
    project: Annotated[
        str, typer.Option(help="Of Unleash; where toggles are created.")
    ] = "default",
) -> None:
    """Create in Unleash what it lacks of the catalogue; change nothing that is there."""
    settings = load_settings()
    configure_logging(settings)
    done = asyncio.run(_sync(settings, project, environment))
    for each in done:
        typer.echo(f"{each.word:<8} {each.name}  {each.note}")
    if any(each.word is SyncWord.REFUSED for each in done):
        raise typer.Exit(EXIT_REFUSED)


async def _describe(settings: Settings) -> Sequence[ToggleState]:
    async with open_toggles(settings) as toggles:
        if silence := toggles.why_silent():
            typer.echo(f"taquilla: {silence}", err=True)
        return toggles.describe()


async def _sync(settings: Settings, project: str, environment: str) -> Sequence[Synced]:
    if settings.unleash_url is None or settings.unleash_admin_token is None:
        raise ConfigurationError(
            "needs TAQUILLA_UNLEASH_URL and an admin token in TAQUILLA_UNLEASH_ADMIN_TOKEN"
        )
    token = Token.of(
        settings.unleash_admin_token.get_secret_value(), "TAQUILLA_UNLEASH_ADMIN_TOKEN"
    )
    async with open_unleash_admin(settings.unleash_url, token) as admin:
        return await admin.sync(catalogue_of(settings.payment_methods), project, environment)
