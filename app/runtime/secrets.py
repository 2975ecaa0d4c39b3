"""The secrets: from the environment in production; in development made once, kept in the data
directory (0600), the same for every process.

Nothing here prints a secret, and no error message holds one.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.runtime.data_directory import make_data_directory
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings

CHARACTERS_MIN = 32
NAMES = (
    "TAQUILLA_SECRET_ORDER_IDS",
    "TAQUILLA_SECRET_CUSTOMER_REF",
    "TAQUILLA_SECRET_ORDER_TOKENS",
    "TAQUILLA_SECRET_TICKETS",
)
_FILE = "secrets"
"""In the data directory, in development."""
_ROTATING = frozenset({"TAQUILLA_SECRET_ORDER_TOKENS", "TAQUILLA_SECRET_TICKETS"})


@dataclass(frozen=True, slots=True)
class Secrets:
    """`order_ids` and `customer_ref` are never rotated. Of the others the first is current, the
    rest are still accepted."""

    order_ids: bytes = field(repr=False)
    customer_ref: bytes = field(repr=False)
    order_tokens: tuple[bytes, ...] = field(repr=False)
    tickets: tuple[bytes, ...] = field(repr=False)


def load_secrets(settings: Settings, environment: Mapping[str, str] = os.environ) -> Secrets:
    """Raises ConfigurationError that names every secret that is missing or too short."""
    values = {name: environment.get(name, "").strip() for name in NAMES}
    if not settings.is_production and not all(values.values()):
        made = _development_secrets(settings.data_dir)
        values = {name: value or made.get(name, "") for name, value in values.items()}
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise ConfigurationError(
            f"missing: {', '.join(missing)}. Each is at least {CHARACTERS_MIN} random characters; "
            "only with TAQUILLA_ENV=development are they made up."
        )
    keys = {name: _split(name, value) for name, value in values.items()}
    return Secrets(
        order_ids=keys["TAQUILLA_SECRET_ORDER_IDS"][0],
        customer_ref=keys["TAQUILLA_SECRET_CUSTOMER_REF"][0],
        order_tokens=keys["TAQUILLA_SECRET_ORDER_TOKENS"],
        tickets=keys["TAQUILLA_SECRET_TICKETS"],
    )


def load_ticket_secrets(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> tuple[bytes, ...]:
    """Those that sign tickets alone, for a machine that only checks them. Makes none: with a fresh
    one every ticket would be a stranger's. Raises ConfigurationError."""
    name = "TAQUILLA_SECRET_TICKETS"
    path = settings.data_dir / _FILE
    value = environment.get(name, "").strip()
    if not value and not settings.is_production and path.exists():
        value = _read_file(path).get(name, "")
    if not value:
        raise ConfigurationError(f"missing: {name}, and there is no {path} of a development server")
    return _split(name, value)


def check_value(secret: bytes) -> str:
    """Tells whether a secret is still the same, and nothing else about it."""
    return hmac.digest(secret, b"taquilla: check value of a secret", hashlib.sha256).hex()


def _split(name: str, value: str) -> tuple[bytes, ...]:
    """The keys of one variable, the current one first. Only rotating secrets have several."""
    keys = [key.strip() for key in value.split(",")] if name in _ROTATING else [value]
    if any(len(key) < CHARACTERS_MIN for key in keys):
        raise ConfigurationError(
            f"{name}: each secret needs at least {CHARACTERS_MIN} characters; the shortest given "
            f"has {min(map(len, keys))}"
        )
    return tuple(key.encode() for key in keys)


def _development_secrets(data_dir: Path) -> dict[str, str]:
    """Made by the first process that asks; all others read what that one wrote."""
    path = data_dir / _FILE
    if not path.exists():
        make_data_directory(data_dir)
        _write_once(path, "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in NAMES))
    return _read_file(path)


def _read_file(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and never over another's: a link to a file that is complete."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
