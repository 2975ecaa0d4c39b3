"""`taquilla keys`: admin API keys. A secret is shown once; the ledger keeps its hash."""

import asyncio
from typing import Annotated

import typer

from app.domain.ids import OrganiserId
from app.ledger import Scope
from app.runtime.clock import SystemClock, format_instant
from app.runtime.settings import load_settings
from app.wiring import open_api_keys

application = typer.Typer(help="Admin API keys.", no_args_is_help=True)

ScopeOption = Annotated[
    list[Scope] | None, typer.Option("--scope", help="May be given several times; all by default.")
]


@application.command("create")
def create_key(
    organiser: Annotated[str, typer.Option(help="Whose events the key is for.")],
    label: Annotated[str, typer.Option(help="What it is used for.")],
    scope: ScopeOption = None,
) -> None:
    """Makes a key and prints its secret, once."""

    async def create() -> None:
        async with open_api_keys(load_settings()) as api_keys:
            created = await api_keys.create(
                OrganiserId(organiser), label, frozenset(scope or Scope), SystemClock().now_ms()
            )
            typer.echo(created.secret_text)

    asyncio.run(create())


@application.command("list")
def list_keys() -> None:
    """Every key, the revoked ones too."""

    async def show() -> None:
        async with open_api_keys(load_settings()) as api_keys:
            for key in await api_keys.list():
                state = f"revoked {format_instant(key.revoked_at_ms)}" if key.revoked_at_ms else "-"
                scopes = " ".join(sorted(key.scopes))
                typer.echo(f"{key.id}  {key.organiser_id}  {key.label}  {state}  {scopes}")

    asyncio.run(show())


@application.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="As `list` shows it.")]) -> None:
    """Ends a key at once."""

    async def revoke() -> bool:
        async with open_api_keys(load_settings()) as api_keys:
            return await api_keys.revoke(key_id, SystemClock().now_ms())

    if not asyncio.run(revoke()):
        typer.echo(f"there is no live key {key_id}", err=True)
        raise typer.Exit(1)
    typer.echo(f"revoked {key_id}")
