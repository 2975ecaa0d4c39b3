"""`./taquilla db`: the schema of the ledger. `dev` upgrades by itself; in production this is a step
of a release, before the new processes start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from app.bus import decode_fact
from app.ledger import Ledger, SchemaState, downgrade_ledger, open_ledger, upgrade_ledger
from app.runtime.data_directory import make_data_directory
from app.runtime.errors import ConfigurationError
from app.runtime.logs import configure_logging
from app.runtime.settings import Settings, load_settings

application = typer.Typer(help="The schema of the ledger.", no_args_is_help=True)


@application.command("upgrade")
def upgrade() -> None:
    """To the newest schema; does nothing when it is there."""
    settings = _prepare()
    asyncio.run(upgrade_ledger(settings.database_url, settings.data_dir))


@application.command("downgrade", context_settings={"ignore_unknown_options": True})
def downgrade(
    revision: Annotated[
        str, typer.Argument(help="A revision, or -1 for one step, or base for an empty database.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Needed: this loses data.")] = False,
) -> None:
    """Back to an older schema. What only the newer one could hold is lost; with base, all is."""
    settings = _prepare()
    if not yes:
        raise ConfigurationError("this loses data of the ledger; add --yes")
    asyncio.run(downgrade_ledger(settings.database_url, settings.data_dir, revision))


@application.command("current")
def current() -> None:
    """The revision that the database has, and the newest one."""
    state = asyncio.run(_read_state(_prepare()))
    typer.echo(f"{state.current or 'none'} (newest: {state.newest or 'none'})")


@application.command("rebuild")
def rebuild() -> None:
    """Makes the read models (events, orders, sales) again from the archive of facts."""

    async def run() -> int:
        async with _opened(_prepare()) as ledger:
            return await ledger.rebuild_read_models(decode_fact)

    typer.echo(f"made again from {asyncio.run(run())} facts")


async def _read_state(settings: Settings) -> SchemaState:
    async with _opened(settings) as ledger:
        return await ledger.check()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Ledger]:
    ledger = await open_ledger(
        settings.database_url,
        data_dir=settings.data_dir,
        timeout_seconds=settings.database_timeout_seconds,
    )
    try:
        yield ledger
    finally:
        await ledger.aclose()


def _prepare() -> Settings:
    settings = load_settings()
    configure_logging(settings)
    if settings.database_url is None:
        make_data_directory(settings.data_dir)
    return settings
