"""Which payment methods there are, and which accounts of them: loaded once, at start.

A method comes with Taquilla, or with any installed package that names it in the entry-point group
`taquilla.payment_methods`. Installing is not allowing: only what `allowed` names is even imported.
A method or an account that cannot be used is reported in `broken` and harms no other; payments that
were made through it are still known by name, and every command on them is refused.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from typing import Final, Literal

from payments.accounts import Account
from payments.configuring import MethodClass, config_model_faults, make_method
from payments.contract import (
    AnyPaymentMethod,
    Context,
    MethodConfig,
    PaymentMethod,
    override_faults,
)
from payments.descriptor import API_VERSION, Capability, Descriptor
from payments.gone import gone_method

GROUP: Final = "taquilla.payment_methods"

BUILT_IN: Final = {
    "hack": "payments.methods.hack:Hack",
    "sandbox": "payments.testing.sandbox:Sandbox",
}
"""Loaded by name like any other, so that nobody needs what only they need."""

INTERNAL_ACCOUNT: Final = "internal"
"""Of a method that the public cannot name and that nothing has to be configured for."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What cannot be used, and why. `account` None: the whole method."""

    method: str
    account: str | None
    reason: str

    def __str__(self) -> str:
        name = self.method if self.account is None else f"{self.method}/{self.account}"
        return f"payment method {name}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """One account of one method. `is_usable` False: a placeholder, which refuses every command."""

    method: AnyPaymentMethod
    method_id: str
    account_id: str
    environment: Literal["test", "live"]
    is_enabled: bool
    is_usable: bool

    @property
    def descriptor(self) -> Descriptor:
        """What its method says of itself."""
        return self.method.descriptor

    @property
    def is_live(self) -> bool:
        """Whether it moves real money."""
        return self.environment == "live"

    @property
    def takes_notices(self) -> bool:
        """Whether anything that comes in its provider's name can be believed: not without a secret
        to check it with."""
        has_secret = bool(self.method.config.webhook_secrets)
        return self.is_usable and self.descriptor.can(Capability.WEBHOOKS) and has_secret


class Registry:
    """Every account, by method and id. `broken`: for operators and readiness."""

    def __init__(
        self,
        enrolled: Sequence[Enrolled],
        broken: Sequence[Broken],
        now: Callable[[], datetime],
    ) -> None:
        self._enrolled = {(each.method_id, each.account_id): each for each in enrolled}
        self.broken = tuple(broken)
        self._now = now

    def __iter__(self) -> Iterator[Enrolled]:
        return iter(self._enrolled.values())

    def offerable(self) -> Sequence[Enrolled]:
        """What the public may be offered, in the order of the file: usable, enabled, not internal.
        Whether it is offered for one order is the service's to say."""
        return [
            each
            for each in self._enrolled.values()
            if each.is_usable and each.is_enabled and not each.descriptor.is_internal
        ]

    def find(self, method_id: str, account_id: str) -> Enrolled | None:
        """None where no such account is configured."""
        return self._enrolled.get((method_id, account_id))

    def of_payment(self, method_id: str, account_id: str) -> Enrolled:
        """The account that a payment was made through; a placeholder where it is gone."""
        return self.find(method_id, account_id) or _placeholder(
            Account(method=method_id, id=account_id, environment="test", is_enabled=False),
            self._now,
        )

    async def aclose(self) -> None:
        """Closes every method, whatever one of them does."""
        for each in self._enrolled.values():
            try:
                await each.method.aclose()
            except Exception:  # noqa: BLE001, S112 - the code of strangers, at the end of a process
                continue


def load_methods(
    allowed: Collection[str],
    accounts: Sequence[Account],
    *,
    is_production: bool,
    has_production_mark: bool,
    now: Callable[[], datetime],
) -> Registry:
    """`is_production`: by the settings; `has_production_mark`: by what the database remembers. One
    of the two is enough to keep every double out."""
    classes, broken = _load_classes(allowed, may_play=not (is_production or has_production_mark))
    internal = _internal_accounts(classes, accounts, is_production=is_production)
    enrolled: list[Enrolled] = []
    for account in (*accounts, *internal):
        kind = classes.get(account.method)
        made: Enrolled | str = "its method cannot be used"
        if kind is not None:
            context = Context(account_id=account.id, now=now)
            made = _enrol(account, kind, context, is_production=is_production)
        if isinstance(made, str):
            broken.append(Broken(account.method, account.id, made))
            made = _placeholder(account, now)
        enrolled.append(made)
    return Registry(enrolled, broken, now)


def _load_classes(
    allowed: Collection[str], *, may_play: bool
) -> tuple[dict[str, MethodClass], list[Broken]]:
    """`may_play`: whether a double may be loaded."""
    installed: dict[str, list[EntryPoint]] = {}
    for each in entry_points(group=GROUP):
        installed.setdefault(each.name, []).append(each)
    classes: dict[str, MethodClass] = {}
    broken: list[Broken] = []
    for method_id in dict.fromkeys(allowed):
        source, reasons = _source(method_id, installed.get(method_id, []))
        if source is not None:
            loaded = _load(method_id, source)
            if isinstance(loaded, str):
                reasons.append(loaded)
            elif loaded.descriptor.is_double and not may_play:
                reasons.append("a double is never loaded in production")
            else:
                classes[method_id] = loaded
        broken += [Broken(method_id, None, reason) for reason in reasons]
    return classes, broken


def _enrol(
    account: Account, kind: MethodClass, context: Context, *, is_production: bool
) -> Enrolled | str:
    if (account.environment == "live") != is_production:
        return f"an account for {account.environment} money does not belong here"
    if account.id == INTERNAL_ACCOUNT and not kind.descriptor.is_internal:
        return f"{INTERNAL_ACCOUNT} is the name of an account that nobody configures"
    method = make_method(kind, account, context)
    if isinstance(method, str):
        return method
    return Enrolled(
        method=method,
        method_id=account.method,
        account_id=account.id,
        environment=account.environment,
        is_enabled=account.is_enabled,
        is_usable=True,
    )


def _internal_accounts(
    classes: Mapping[str, MethodClass], accounts: Sequence[Account], *, is_production: bool
) -> list[Account]:
    """One for each internal method that has none and needs nothing."""
    configured = {account.method for account in accounts}
    return [
        Account(
            method=method_id,
            id=INTERNAL_ACCOUNT,
            environment="live" if is_production else "test",
        )
        for method_id, kind in classes.items()
        if kind.descriptor.is_internal and method_id not in configured
    ]


def _placeholder(account: Account, now: Callable[[], datetime]) -> Enrolled:
    config = MethodConfig(environment=account.environment)
    return Enrolled(
        method=gone_method(account.method, config, Context(account_id=account.id, now=now)),
        method_id=account.method,
        account_id=account.id,
        environment=account.environment,
        is_enabled=account.is_enabled,
        is_usable=False,
    )


def _source(method_id: str, found: list[EntryPoint]) -> tuple[EntryPoint | None, list[str]]:
    """Where the method is loaded from, if it is in one place alone; and what is wrong with it."""
    built_in = BUILT_IN.get(method_id)
    if built_in is not None:
        foreign = sorted({each.value for each in found} - {built_in})
        clashes = [f"{value} takes the name of a method of ours" for value in foreign]
        return EntryPoint(method_id, built_in, GROUP), clashes
    places = sorted({each.value for each in found})
    if not places:
        return None, [f"no installed package has it in {GROUP}"]
    if len(places) > 1:
        return None, [f"it is there more than once: {', '.join(places)}"]
    return found[0], []


def _load(method_id: str, source: EntryPoint) -> MethodClass | str:
    """The class, or why it cannot be used."""
    try:
        loaded: object = source.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the code of strangers
        return f"{source.value} cannot be loaded: {type(error).__name__}: {error}"
    if not (isinstance(loaded, type) and issubclass(loaded, PaymentMethod)):
        return f"{source.value} is no PaymentMethod"
    descriptor: object = getattr(loaded, "descriptor", None)
    if not isinstance(descriptor, Descriptor):
        return f"{source.value} has no descriptor"
    model: object = getattr(loaded, "config_model", None)
    if not (isinstance(model, type) and issubclass(model, MethodConfig)):
        return f"{source.value} has no config_model"
    faults = [*override_faults(loaded), *config_model_faults(model)]
    if descriptor.id != method_id:
        faults.append(f"it calls itself {descriptor.id}")
    if descriptor.api_version[0] != API_VERSION[0]:
        faults.append(f"it is written for version {descriptor.api_version[0]} of the contract")
    return "; ".join(faults) if faults else loaded
