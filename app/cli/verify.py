"""`taquilla verify EVENT`: folds the archive and compares it with Redis and the read models."""

import asyncio
import time
from typing import Annotated

import typer

from app.cli.embedded import load_settings_of_running
from app.domain.ids import EventId
from app.runtime.settings import Settings
from app.selling import Verdict
from app.wiring import open_verifying

POLL_SECONDS = 0.2


def verify(
    event: Annotated[str, typer.Argument(help="The event's id.")],
    wait_seconds: Annotated[
        float, typer.Option(help="How long the archive may take to catch up.", min=0, max=600)
    ] = 10.0,
) -> None:
    """Exit code 0 when all agree, 1 when something differs."""
    settings = load_settings_of_running()
    verdict = asyncio.run(_verify(settings, EventId(event), wait_seconds))
    if verdict.agrees and not verdict.facts:
        typer.echo(f"nothing was ever recorded of an event {event}", err=True)
        raise typer.Exit(1)
    for difference in verdict.differences:
        typer.echo(difference, err=True)
    if verdict.behind_facts:
        typer.echo(f"the archive is {verdict.behind_facts} facts behind Redis", err=True)
    word = "agree" if verdict.agrees else "DIFFER"
    typer.echo(
        f"{event}: {verdict.facts} facts, {verdict.orders} orders; archive, read models and Redis "
        f"{word}"
    )
    if not verdict.agrees:
        raise typer.Exit(1)


async def _verify(settings: Settings, event_id: EventId, wait_seconds: float) -> Verdict:
    """A sale that goes on moves the three at different moments; only a quiet one can agree."""
    deadline = time.monotonic() + wait_seconds
    async with open_verifying(settings) as verifying:
        while True:
            verdict = await verifying.verify(event_id)
            if verdict.agrees or time.monotonic() > deadline:
                return verdict
            await asyncio.sleep(POLL_SECONDS)
