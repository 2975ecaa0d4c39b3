"""A: wrong in what they say of themselves."""

from dataclasses import replace
from typing import ClassVar

from payments import (
    Capability,
    Descriptor,
)
from payments.testing.sandbox import Sandbox, SandboxConfig
from tests.payments.broken_methods.entering import caught_by


@caught_by("A1")
class DeclaresLessThanItDoes(Sandbox):
    descriptor: ClassVar[Descriptor] = replace(
        Sandbox.descriptor,
        capabilities=Sandbox.descriptor.capabilities - {Capability.WEBHOOKS},
    )


@caught_by("A2")
class SpeaksAnotherVersion(Sandbox):
    descriptor: ClassVar[Descriptor] = replace(Sandbox.descriptor, api_version=(2, 0))


class _ChattyConfig(SandboxConfig, hide_input_in_errors=False):
    pass


@caught_by("A3")
class ShowsWhatItWasGiven(Sandbox):
    config_model = _ChattyConfig


class _PlainConfig(SandboxConfig):
    api_key: str = "in clear"


@caught_by("A4")
class KeepsAKeyInClear(Sandbox):
    config_model = _PlainConfig
