"""`taquilla payments resolve ID …`: what only a person knows of a payment, kept with how they know.

What contradicts what the provider has told is refused, and nothing is done.
"""

import asyncio
from typing import Annotated

import typer

from app.cli.embedded import load_settings_of_running
from app.cli.payments_show import tell
from app.runtime.errors import ConfigurationError
from app.selling import (
    Dismiss,
    GiveUp,
    RefundedByHand,
    RefundNow,
    Rejected,
    Resolution,
    ResolveOutcome,
    Succeeded,
)
from app.wiring import open_operating

EVIDENCE_CHARACTERS_MAX = 2_000

application = typer.Typer(help="Say what only a person knows of a payment.", no_args_is_help=True)

Evidence = Annotated[
    str, typer.Option(help="How it is known, or who decided: kept for ever. Nobody's data.")
]
Operation = Annotated[str, typer.Argument(help="Its id as `show` has it, or its kind.")]


@application.callback()
def choose(
    context: typer.Context,
    payment_id: Annotated[str, typer.Argument(help="As `stuck` shows it.")],
) -> None:
    """Say what only a person knows of a payment."""
    context.obj = payment_id


@application.command("rejected")
def say_rejected(context: typer.Context, operation: Operation, evidence: Evidence) -> None:
    """The operation certainly did not happen, and never will."""
    _resolve(context, Rejected(operation), evidence)


@application.command("succeeded")
def say_succeeded(
    context: typer.Context,
    operation: Operation,
    evidence: Evidence,
    provider_id: Annotated[
        str | None, typer.Option(help="The provider's id of the payment, or of the refund.")
    ] = None,
) -> None:
    """The operation happened."""
    _resolve(context, Succeeded(operation, provider_id), evidence)


@application.command("refunded")
def say_refunded(
    context: typer.Context,
    evidence: Evidence,
    amount_minor: Annotated[
        int | None, typer.Option(help="In minor units; without it: all that is left.", min=1)
    ] = None,
) -> None:
    """Money was given back by hand, outside of the provider. What was given back at the provider is
    seen by `retry`."""
    _resolve(context, RefundedByHand(amount_minor), evidence)


@application.command("refund")
def refund(context: typer.Context, evidence: Evidence) -> None:
    """Send all of its money back now, also of a payment with faults."""
    _resolve(context, RefundNow(), evidence)


@application.command("give-up")
def give_up(context: typer.Context, evidence: Evidence) -> None:
    """Close a frozen payment that has no money, and give the hold back."""
    _resolve(context, GiveUp(), evidence)


@application.command("dismiss")
def dismiss(context: typer.Context, evidence: Evidence) -> None:
    """A payment that ended was looked at, and is right as it is; it is shown no more, until there
    is news of it."""
    _resolve(context, Dismiss(), evidence)


def _resolve(context: typer.Context, resolution: Resolution, evidence: str) -> None:
    if not 0 < len(evidence.strip()) <= EVIDENCE_CHARACTERS_MAX:
        raise ConfigurationError(f"--evidence: 1 to {EVIDENCE_CHARACTERS_MAX} characters")
    settings = load_settings_of_running()
    payment_id = str(context.obj)

    async def resolve() -> ResolveOutcome:
        async with open_operating(settings) as operating:
            return await operating.resolve(payment_id, resolution, evidence.strip())

    tell(asyncio.run(resolve()), payment_id)
