"""F: nothing secret leaves a method, whichever way it goes wrong."""

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from pydantic import BaseModel, SecretStr

from payments.descriptor import Capability
from payments.errors import WebhookRejected
from payments.testing.checking import check
from payments.testing.expecting import expect
from payments.testing.harness import Behaviour
from payments.testing.kit import Kit

_DIGITS: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


@check("F1", "no secret stands in what a method, its errors and its logs say")
async def tells_no_secret(kit: Kit) -> None:
    secrets = _secrets_of(kit.method.config)
    said = [repr(kit.method), repr(kit.method.config), str(kit.method.config)]
    with _listening() as heard:
        for behaviour in Behaviour:
            begun = kit.initiate(kit.harness.reference())
            kit.harness.play(begun.reference, behaviour)
            error = await kit.error_of(kit.method.initiate(begun))
            if error is not None:
                said += _words_of(error)
        if kit.descriptor.can(Capability.WEBHOOKS):
            said += await _words_of_rejections(kit)
        said += heard
    for secret in secrets:
        where = next((text for text in said if secret in text), None)
        expect(where is None, f"a secret stands in {(where or '').replace(secret, '***')[:200]!r}")


@check("F2", "no secret and no card number stands in evidence")
async def shows_no_card(kit: Kit) -> None:
    _, snapshot = await kit.take()
    for name, value in snapshot.evidence.items():
        text = f"{name} {value}"
        is_secret = any(secret in text for secret in _secrets_of(kit.method.config))
        expect(not is_secret, f"a secret stands in the evidence {name}")
        is_card = any(_is_card(found) for found in _DIGITS.findall(text))
        expect(not is_card, f"a card number stands in the evidence {name}")


def _secrets_of(config: object) -> list[str]:
    match config:
        case SecretStr():
            return [config.get_secret_value()] if config.get_secret_value() else []
        case BaseModel():
            return [secret for _, value in config for secret in _secrets_of(value)]
        case dict():
            return [secret for value in config.values() for secret in _secrets_of(value)]
        case list() | tuple() | set() | frozenset():
            return [secret for value in config for secret in _secrets_of(value)]
        case _:
            return []


def _words_of(error: BaseException) -> list[str]:
    """All that a log could make of an error: its text, those behind it, and its trace."""
    words, behind = [], error
    while True:
        words += [repr(behind), str(behind), repr(vars(behind))]
        following = behind.__cause__ or behind.__context__
        if following is None:
            break
        behind = following
    return [*words, "".join(traceback.format_exception(error))]


async def _words_of_rejections(kit: Kit) -> list[str]:
    begun, _ = await kit.take()
    words = []
    for notice in kit.harness.notices(begun.reference):
        for body in (notice.body + b" ", b"{", b""):
            try:
                kit.method.parse_webhook(replace(notice, body=body))
            except WebhookRejected as rejected:
                words += _words_of(rejected)
    return words


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Every record of every logger, down to DEBUG."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(f"{record.getMessage()} {record.args!r}")

    root, ear = logging.getLogger(), Ear()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(ear)
        root.setLevel(level)


def _is_card(text: str) -> bool:
    """By the check digit of card numbers (Luhn)."""
    numbers = [int(each) for each in text if each.isdigit()][::-1]
    doubled = (sum(divmod(2 * each, 10)) for each in numbers[1::2])
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


KEEPING_SECRETS = (tells_no_secret, shows_no_card)
