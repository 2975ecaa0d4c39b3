"""Who may issue grants: a TOML file of public keys, read once, never fetched from anywhere.

    [[issuer]]
    kid = "monolith-2030"                  # names the key; a new key gets a new one
    name = "monolith"                      # the grant's `iss`
    public_key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    organisers = ["acme-events"]           # ["*"]: any
    max_amount_minor = { EUR = 50000 }     # of one grant; a currency that is not listed is refused

Whoever steals this file, or our database, can issue nothing.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from payments.methods.hack.encoding import encode, read_public_key
from payments.money import MAX_AMOUNT_MINOR, minor_digits_of

ANY_ORGANISER = "*"

_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_AmountMax = Annotated[int, Field(ge=1, le=MAX_AMOUNT_MINOR, strict=True)]


class IssuersRefused(ValueError):  # noqa: N818 - what happened to the file
    """The file cannot be read, or says what cannot be. Names the entry and the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One key and what it may grant."""

    kid: str
    name: str
    public_key: Ed25519PublicKey
    organisers: frozenset[str]
    max_amount_minor: Mapping[str, int]

    def may_settle_for(self, organiser_id: str) -> bool:
        """Whether it has a say in this organiser's orders."""
        return ANY_ORGANISER in self.organisers or organiser_id in self.organisers


class Issuers:
    """Finds the issuer of a grant by the exact text of its header, which is never interpreted:
    there is no algorithm to choose and no address to follow."""

    def __init__(self, issuers: Iterable[Issuer] = ()) -> None:
        self._by_header = {header_of(each.kid): each for each in issuers}

    def __len__(self) -> int:
        return len(self._by_header)

    def of_header(self, header: str) -> Issuer | None:
        """The issuer who writes this header, letter by letter."""
        return self._by_header.get(header)


def header_of(kid: str) -> str:
    """The first part of every grant that is signed with this key."""
    return encode(
        json.dumps(
            {"alg": "EdDSA", "kid": kid, "typ": "taquilla-grant"}, separators=(",", ":")
        ).encode()
    )


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kid: _Word
    name: _Word
    public_key: str
    organisers: Annotated[list[str], Field(min_length=1)]
    max_amount_minor: Annotated[dict[str, _AmountMax], Field(min_length=1)]

    @field_validator("public_key")
    @classmethod
    def _is_key(cls, text: str) -> str:
        read_public_key(text)
        return text

    @field_validator("max_amount_minor")
    @classmethod
    def _are_currencies(cls, amounts: dict[str, int]) -> dict[str, int]:
        for currency in amounts:
            minor_digits_of(currency)
        return amounts


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: list[_Row]


def read_issuers(path: Path) -> Issuers:
    """Raises IssuersRefused."""
    try:
        rows = _File.model_validate(tomllib.loads(path.read_text())).issuer
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IssuersRefused(f"{path}: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{_place(each['loc'])}: {each['msg']}" for each in error.errors())
        raise IssuersRefused(f"{path}: {faults}") from None
    kids = [row.kid for row in rows]
    repeated = sorted({kid for kid in kids if kids.count(kid) > 1})
    if repeated:
        raise IssuersRefused(f"{path}: kid {', '.join(repeated)} stands more than once")
    return Issuers(
        Issuer(
            kid=row.kid,
            name=row.name,
            public_key=read_public_key(row.public_key),
            organisers=frozenset(row.organisers),
            max_amount_minor=row.max_amount_minor,
        )
        for row in rows
    )


def _place(location: tuple[int | str, ...]) -> str:
    """`issuer 2, public_key` of ("issuer", 1, "public_key")."""
    words = [f" {each + 1}" if isinstance(each, int) else f", {each}" for each in location]
    return re.sub(r"^, ", "", "".join(words)) or "the file"
