"""Shapes that several routes share: money and instants as answered, names and ids as asked."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar

from email_validator import EmailNotValidError, validate_email
from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field

from app.domain.ids import SLUG_PATTERN
from app.runtime.clock import format_instant
from payments import Money

Item = TypeVar("Item")

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that have no place in a name: controls, bidi overrides, surrogates, line
separators, unassigned."""

_JOINERS = {"\u200c", "\u200d"}
"""Zero width (non-)joiners: of category Cf, but some scripts cannot be written without them."""


LOCAL_MAX = 64
"""Characters before the @ (RFC 5321)."""

DOMAINS_MAX = 4_096
"""Remembered by each process; about half a megabyte."""

_PLAIN_LOCAL = re.compile(rf"(?=.{{1,{LOCAL_MAX}}}$)[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")
"""What stands before the @ in nearly every address; the rest is for the library to judge."""


_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")

NAME_CHARACTERS_MAX = 200


class EventState(StrEnum):
    """What an event is to its organiser."""

    DRAFT = "draft"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class MoneyAnswer(BaseModel):
    """Minor units: 1050 EUR is 10.50 EUR, 500 JPY is 500 JPY."""

    amount: int = Field(examples=[1050])
    currency: str = Field(examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> "MoneyAnswer":
        return cls.model_construct(amount=money.amount_minor, currency=money.currency)


class Page(BaseModel, Generic[Item]):
    """`next`: give it as `after` to go on; null at the end."""

    items: list[Item]
    next: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`EventPage`, as generators are to call it."""
        return f"{params[0].__name__.removesuffix('Answer')}Page"


def instant(at_ms: int) -> str:
    return format_instant(at_ms)


def optional_instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_instant(at_ms)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def optional_milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else milliseconds(moment)


def _only_date_and_time(value: object) -> object:
    """Without it, a number in text would be seconds since 1970."""
    if not isinstance(value, str) or not _DATE_AND_TIME.match(value):
        raise ValueError("must be text: RFC 3339 with a time zone")
    return value


def _check_name(value: str) -> str:
    value = unicodedata.normalize("NFC", value.strip())
    if not value:
        raise ValueError("must not be blank")
    if len(value) > NAME_CHARACTERS_MAX:  # composed anew, some characters become several
        raise ValueError(f"must have at most {NAME_CHARACTERS_MAX} characters")
    for character in value:
        if unicodedata.category(character) in _UNSEEN and character not in _JOINERS:
            raise ValueError(f"must not contain the character U+{ord(character):04X}")
    return value


def _check_email(value: str) -> str:
    value = value.strip()
    local, _, domain = value.rpartition("@")
    if _PLAIN_LOCAL.fullmatch(local) and domain.isascii() and _is_known_domain(domain):
        return value
    try:
        _validate_email(value)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return value


@lru_cache(maxsize=DOMAINS_MAX)
def _is_known_domain(domain: str) -> bool:
    """Most buyers share a few domains, and the whole check is a tenth of an order. Whether a plain
    local part may stand before this one, for the longest there is, does not depend on that part."""
    try:
        _validate_email(f"{'a' * LOCAL_MAX}@{domain}")
    except EmailNotValidError:
        return False
    return True


def _validate_email(address: str) -> None:
    validate_email(address, check_deliverability=False, test_environment=True)


EventInPath = Annotated[str, Path(description="The id of an event.", examples=["demo"])]
OrderInPath = Annotated[str, Path(description="The `id` that the 201 of `placeOrder` gave.")]

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""As answered: RFC 3339, UTC."""

AskedInstant = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_only_date_and_time)]
Name = Annotated[
    str, Field(min_length=1, max_length=NAME_CHARACTERS_MAX), AfterValidator(_check_name)
]
Slug = Annotated[str, Field(pattern=f"^{SLUG_PATTERN}$")]
Email = Annotated[
    str,
    Field(min_length=3, max_length=254, json_schema_extra={"format": "email"}),
    AfterValidator(_check_email),
]
IDEMPOTENCY_KEY_PATTERN = r"^[\x21-\x7e]{16,255}$"
