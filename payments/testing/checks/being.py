"""A: what a method says of itself, and what its configuration is."""

import re
from typing import get_args

from pydantic import SecretStr

from payments.configuring import config_model_faults
from payments.contract import override_faults
from payments.descriptor import API_VERSION
from payments.testing.checking import check
from payments.testing.expecting import expect
from payments.testing.kit import Kit

_SECRET_NAME = re.compile(r"secret|password|token|credential|(^|_)key(s|$)|private|signing")


@check("A1", "it overrides what it declares, and nothing else")
async def overrides_what_it_declares(kit: Kit) -> None:
    faults = override_faults(type(kit.method))
    expect(not faults, "; ".join(faults))


@check("A2", "it is written for this version of the contract")
async def speaks_this_version(kit: Kit) -> None:
    version = kit.descriptor.api_version
    expect(version[0] == API_VERSION[0], f"it is written for {version[0]}, not {API_VERSION[0]}")


@check("A3", "its configuration is frozen, knows its fields, and shows no input")
async def has_a_sound_config(kit: Kit) -> None:
    faults = config_model_faults(kit.method.config_model)
    expect(not faults, "; ".join(faults))


@check("A4", "what sounds like a secret is a SecretStr")
async def types_its_secrets(kit: Kit) -> None:
    for name, field in kit.method.config_model.model_fields.items():
        is_secret = _mentions(field.annotation, SecretStr)
        expect(
            is_secret or not _SECRET_NAME.search(name),
            f"{name} sounds like a secret, and is no SecretStr",
        )


@check("A5", "the harness makes a new instance each time, of the same account")
async def is_made_anew(kit: Kit) -> None:
    other = kit.harness.method()
    expect(other is not kit.method, "harness.method() must make a new instance")
    expect(type(other) is type(kit.method), "harness.method() makes two kinds")
    expect(other.context.account_id == kit.method.context.account_id, "two accounts")
    await other.aclose()


def _mentions(annotation: object, wanted: type) -> bool:
    return annotation is wanted or any(_mentions(each, wanted) for each in get_args(annotation))


BEING = (
    overrides_what_it_declares,
    speaks_this_version,
    has_a_sound_config,
    types_its_secrets,
    is_made_anew,
)
