"""`taquilla payments`: for operators, for authors of payment methods, and for issuers of grants."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.embedded import load_settings_of_running
from app.cli.payments_show import describe, say, tell
from app.cli.test import run_beside_tests
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings
from app.selling import ResolveOutcome, Shown
from app.wiring import open_granting, open_operating, open_providers
from payments.methods.hack import GrantBinding, SigningKey, issue_grant, new_key_pair

EXIT_UNUSABLE = 1
STUCK_MAX = 500

application = typer.Typer(help="Payments and payment methods.", no_args_is_help=True)

PaymentArgument = Annotated[str, typer.Argument(help="Its id, as `stuck` shows it.")]


@application.command("stuck")
def list_stuck(
    minutes: Annotated[
        float, typer.Option(help="How long a payment may be open or in doubt.", min=0)
    ] = 15,
) -> None:
    """What a person should look at: faults, and what is open or in doubt for long; oldest first."""
    settings = load_settings_of_running()

    async def look() -> list[str]:
        async with open_operating(settings) as operating:
            found = await operating.stuck(round(minutes * 60_000), STUCK_MAX)
            return [describe(each) for each in found]

    lines = asyncio.run(look())
    for line in lines:
        typer.echo(line)
    typer.echo(f"{len(lines)} stuck" if len(lines) < STUCK_MAX else "and more", err=True)


@application.command("show")
def show_payment(payment_id: PaymentArgument) -> None:
    """All that is known of a payment: its order, its commands, what was heard."""
    settings = load_settings_of_running()

    async def look() -> Shown | None:
        async with open_operating(settings) as operating:
            return await operating.show(payment_id)

    shown = asyncio.run(look())
    if shown is None:
        typer.echo(f"there is no payment {payment_id}", err=True)
        raise typer.Exit(1)
    for line in say(shown):
        typer.echo(line)


@application.command("retry")
def retry_payment(payment_id: PaymentArgument) -> None:
    """Ask its provider now, and go on from there."""
    settings = load_settings_of_running()

    async def retry() -> ResolveOutcome:
        async with open_operating(settings) as operating:
            return await operating.retry(payment_id)

    tell(asyncio.run(retry()), payment_id)


@application.command("accounts")
def list_accounts(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Ask each provider whether the account works.")
    ] = False,
) -> None:
    """Every account, whether it can be used, and if not, why. Exit code 1 if one cannot."""
    if not asyncio.run(_tell_accounts(load_settings_of_running(), check=check)):
        raise typer.Exit(EXIT_UNUSABLE)


@application.command("grant")
def grant_order(
    order_id: Annotated[str, typer.Argument(help="The order whose money the issuer has.")],
    issuer: Annotated[str, typer.Option(help="The issuer's name in the file of issuers.")],
    kid: Annotated[str, typer.Option(help="Of the key, as in that file.")],
    key_file: Annotated[Path, typer.Option(help="Holds the private key, and nothing else.")],
    reference: Annotated[str, typer.Option(help="The issuer's own number of the sale.")],
) -> None:
    """Print a grant that settles this order, as a box office would issue it; good for two minutes
    and one use."""
    settings = load_settings_of_running()

    async def read() -> GrantBinding | None:
        async with open_granting(settings) as granting:
            return await granting.binding_of(order_id)

    binding = asyncio.run(read())
    if binding is None:
        typer.echo(f"there is no order {order_id}", err=True)
        raise typer.Exit(1)
    try:
        private_key = key_file.read_text().strip()
        key = SigningKey(issuer=issuer, kid=kid, private_key=private_key)
        typer.echo(issue_grant(key, binding, reference, datetime.now(UTC)))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--key-file {key_file}: {error}") from None


@application.command("new")
def new_method(
    method_id: Annotated[str, typer.Argument(help="Its id: lower-case letters, digits and _.")],
    folder: Annotated[Path, typer.Option(help="Where its package is written.")] = Path(),
) -> None:
    """Writes the package of a new payment method, with blanks to fill in."""
    raise typer.Exit(run_beside_tests("payments.testing", [method_id, "--folder", str(folder)]))


@application.command("issuer-key")
def make_issuer_key() -> None:
    """Prints a new key pair: one half is the issuer's secret, the other goes into the file of
    issuers."""
    pair = new_key_pair()
    typer.echo(f"private_key = {pair.private_key}  # the issuer's alone; shown once")
    typer.echo(f"public_key = {pair.public_key}")


async def _tell_accounts(settings: Settings, *, check: bool) -> bool:
    """Whether all of them, and all methods that are allowed, can be used."""
    async with open_providers(settings) as providers:
        registry = providers.registry
        reasons = {(each.method, each.account): each.reason for each in registry.broken}
        is_well = not reasons
        for (method, account), reason in reasons.items():
            if account is None:
                typer.echo(f"{method}  cannot be used: {reason}")
        for each in registry:
            name = f"{each.method_id}/{each.account_id}"
            state = "enabled" if each.is_enabled else "disabled"
            if not each.is_usable:
                state = f"cannot be used: {reasons[each.method_id, each.account_id]}"
            elif check:
                code = await providers.check(each)
                is_well = is_well and code is None
                state += "  checked: " + (code or "works")
            typer.echo(f"{name}  {each.environment}  {state}")
        return is_well
