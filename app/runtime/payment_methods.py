"""The payment methods of this installation, as the settings name them, and who may issue grants.

In development, with no file of accounts, there is one of the sandbox, whose books lie in the data
directory.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from app.runtime.errors import ConfigurationError
from app.runtime.secrets import Secrets
from app.runtime.settings import Settings
from payments import Account, AccountsRefused, Registry, load_methods, read_accounts
from payments.methods.hack import Issuers, IssuersRefused, read_issuers

SANDBOX_ACCOUNT = "main"
SANDBOX_PAGES = "/sandbox"
"""Where the public listener has what the sandbox brings along; not in production."""


def load_registry(
    settings: Settings,
    secrets: Secrets,
    *,
    has_production_mark: bool,
    environment: Mapping[str, str] = os.environ,
) -> Registry:
    """`has_production_mark`: the ledger has served production. What is broken is reported in the
    registry; ConfigurationError: the file of accounts cannot be read at all."""
    return load_methods(
        settings.payment_methods,
        _accounts(settings, secrets, environment),
        is_production=settings.is_production,
        has_production_mark=has_production_mark,
        now=lambda: datetime.now(UTC),
    )


def load_issuers(settings: Settings) -> Issuers:
    """None may issue anything where no file names them. Raises ConfigurationError."""
    if settings.grant_issuers_file is None:
        return Issuers()
    try:
        return read_issuers(settings.grant_issuers_file)
    except IssuersRefused as error:
        raise ConfigurationError(f"TAQUILLA_GRANT_ISSUERS_FILE: {error}") from None


def grant_audience(settings: Settings) -> str:
    """What a grant for this installation names: nobody else's holds here."""
    return f"taquilla:{settings.env}:{settings.deployment}"


def sandbox_secret(secrets: Secrets) -> str:
    """What the sandbox signs its notices with, in development."""
    return hmac.digest(secrets.order_tokens[0], b"taquilla: sandbox", hashlib.sha256).hex()


def sandbox_books_file(settings: Settings) -> Path | None:
    """Of the sandbox that development has by itself; None: this installation has none."""
    is_given = settings.payment_accounts_file is not None
    if settings.is_production or is_given or "sandbox" not in settings.payment_methods:
        return None
    return settings.data_dir.absolute() / "sandbox-books.sqlite"


def _accounts(
    settings: Settings, secrets: Secrets, environment: Mapping[str, str]
) -> Sequence[Account]:
    if settings.payment_accounts_file is not None:
        try:
            return read_accounts(settings.payment_accounts_file, environment)
        except AccountsRefused as error:
            raise ConfigurationError(f"TAQUILLA_PAYMENT_ACCOUNTS_FILE: {error}") from None
    books_file = sandbox_books_file(settings)
    if books_file is None:
        return ()
    return (
        Account(
            method="sandbox",
            id=SANDBOX_ACCOUNT,
            environment="test",
            config={
                "books_file": str(books_file),
                "pay_page_url": f"{settings.listener_url}{SANDBOX_PAGES}/pay",
                "webhook_secrets": (SecretStr(sandbox_secret(secrets)),),
            },
        ),
    )
