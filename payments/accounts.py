"""The accounts of payment methods, as an operator writes them down: a TOML file without secrets.

    [[account]]
    method = "acme"                  # the method's id
    id = "main"                      # names the account in payments, notices and logs, for ever
    environment = "live"             # or "test"
    enabled = true                   # false: not offered any more; what is open is finished
    [account.config]                 # what the method asks for
    merchant = "M-1002"
    api_key = { env = "ACME_API_KEY" }
    webhook_secrets = [{ file = "/run/secrets/acme-new" }, { file = "/run/secrets/acme-old" }]

A secret is named by where it lies: `{ env = NAME }` or `{ file = PATH }`, whose last newline does
not count. What is wrong is told by account and field, and never by value.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from payments.descriptor import METHOD_ID_PATTERN

SECRET_BYTES_MAX: Final = 64 * 1024

ConfigValue: TypeAlias = (
    str | int | float | bool | SecretStr | Sequence["ConfigValue"] | Mapping[str, "ConfigValue"]
)
"""What may stand in an account's configuration; every reference is a SecretStr already."""


class AccountsRefused(ValueError):  # noqa: N818 - what happened to the file
    """The file cannot be read, or is none of accounts. Names every account and field at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of one method. `faults`: secrets that are not where they should be; such an
    account is known and cannot be used."""

    method: str
    id: str
    environment: Literal["test", "live"]
    is_enabled: bool = True
    config: Mapping[str, ConfigValue] = field(default_factory=dict, repr=False)
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method}/{self.id}"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    method: Annotated[str, Field(pattern=f"^{METHOD_ID_PATTERN}$")]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    environment: Literal["test", "live"]
    enabled: bool = True
    config: dict[str, object] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    account: list[_Row] = Field(default_factory=list)


def read_accounts(path: Path, environment: Mapping[str, str]) -> tuple[Account, ...]:
    """`environment`: the variables that `{ env = NAME }` may name. Raises AccountsRefused."""
    faults: list[str] = []
    try:
        rows = _File.model_validate(tomllib.loads(path.read_text())).account
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AccountsRefused(f"{path}: {error}") from None
    except ValidationError as error:
        rows, faults = [], field_faults(error)
    names = [f"{row.method}/{row.id}" for row in rows]
    repeated = sorted({name for name in names if names.count(name) > 1})
    faults += [f"account {name} stands more than once" for name in repeated]
    if faults:
        raise AccountsRefused(f"{path}: {'; '.join(faults)}")
    return tuple(_account(row, environment) for row in rows)


def field_faults(error: ValidationError) -> list[str]:
    """`account 2, id: …` for each fault; never what was given, nor words made of it."""
    return [
        f"{_place(each['loc'])}: "
        + ("it is not valid" if each["type"] in _SPEAKS_OF_VALUES else each["msg"])
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]


_SPEAKS_OF_VALUES: Final = {"value_error", "assertion_error"}


def _place(location: tuple[int | str, ...]) -> str:
    words = [f" {each + 1}" if isinstance(each, int) else f", {each}" for each in location]
    return re.sub(r"^, ", "", "".join(words)) or "the file"


def _account(row: _Row, environment: Mapping[str, str]) -> Account:
    faults: list[str] = []
    config = {
        name: _resolved(value, name, environment, faults) for name, value in row.config.items()
    }
    return Account(
        method=row.method,
        id=row.id,
        environment=row.environment,
        is_enabled=row.enabled,
        config=config,
        faults=tuple(faults),
    )


def _resolved(
    value: object, name: str, environment: Mapping[str, str], faults: list[str]
) -> ConfigValue:
    """The value with every reference resolved; what cannot be goes to `faults`."""
    match value:
        case {"env": str(variable), **more} if not more:
            secret = environment.get(variable, "")
            if not secret:
                faults.append(f"{name}: the environment variable {variable} is not set")
            return SecretStr(secret)
        case {"file": str(file), **more} if not more:
            return SecretStr(_read_secret(Path(file), name, faults))
        case dict():
            return {
                str(key): _resolved(each, f"{name}, {key}", environment, faults)
                for key, each in value.items()
            }
        case list():
            return [
                _resolved(each, f"{name} {number}", environment, faults)
                for number, each in enumerate(value, 1)
            ]
        case str() | int() | float():
            return value
        case _:
            faults.append(f"{name}: a {type(value).__name__} is nothing to configure with")
            return ""


def _read_secret(file: Path, name: str, faults: list[str]) -> str:
    try:
        with file.open("rb") as stream:
            raw = stream.read(SECRET_BYTES_MAX + 1)
        secret = raw.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        faults.append(f"{name}: {file}: {error.strerror}")
        return ""
    except UnicodeDecodeError:
        faults.append(f"{name}: {file} is no text")
        return ""
    if not secret or len(raw) > SECRET_BYTES_MAX:
        faults.append(f"{name}: {file} is empty, or over {SECRET_BYTES_MAX} bytes")
        return ""
    return secret
