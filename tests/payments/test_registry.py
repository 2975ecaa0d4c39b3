"""The registry: what is broken is named, and harms nobody else."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from payments import (
    Account,
    Broken,
    ConfigValue,
    MalformedWebhook,
    Misconfigured,
    Money,
    Registry,
    WebhookRequest,
    load_methods,
)
from tests.payments.calls import NOW, cancel, capture, fetch, initiate, new_reference, refund
from tests.payments.installing import METHOD, install, install_method

MAIN = Account(method="acme", id="main", environment="test")


def load(
    allowed: Sequence[str],
    accounts: Sequence[Account] = (),
    *,
    is_production: bool = False,
    has_production_mark: bool = False,
) -> Registry:
    return load_methods(
        allowed,
        accounts,
        is_production=is_production,
        has_production_mark=has_production_mark,
        now=lambda: NOW,
    )


def reasons(registry: Registry) -> list[str]:
    return [str(each) for each in registry.broken]


def sandbox_account(tmp_path: Path) -> Account:
    config: dict[str, ConfigValue] = {
        "books_file": str(tmp_path / "books"),
        "webhook_secrets": [SecretStr("secret")],
    }
    return Account(method="sandbox", id="main", environment="test", config=config)


def test_an_installed_method_is_there_once_it_is_allowed(site: Path) -> None:
    install_method(site, "acme")
    registry = load(["acme"], [MAIN])
    assert registry.broken == ()
    [offer] = registry.offerable()
    assert (offer.method_id, offer.account_id, offer.is_live) == ("acme", "main", False)
    assert registry.find("acme", "main") is offer
    assert registry.find("acme", "other") is None


def test_what_is_installed_and_not_allowed_is_not_even_imported(site: Path) -> None:
    install_method(site, "acme", "raise SystemExit('imported')")
    registry = load([], [MAIN])
    assert registry.offerable() == []
    assert reasons(registry) == ["payment method acme/main: its method cannot be used"]
    assert "taquilla_acme" not in sys.modules


def test_a_method_has_as_many_accounts_as_it_is_given(site: Path) -> None:
    install_method(site, "acme")
    accounts = [
        Account(method="acme", id=name, environment="test", config={"merchant": f"M-{name}"})
        for name in ("one", "two")
    ]
    first, second = load(["acme"], accounts).offerable()
    assert first.method.config.model_dump()["merchant"] == "M-one"
    assert second.method.config.model_dump()["merchant"] == "M-two"


def test_nobody_calls_an_account_internal(site: Path) -> None:
    """What is paid through it would count as settled elsewhere."""
    install_method(site, "acme")
    registry = load(["acme"], [Account(method="acme", id="internal", environment="test")])
    assert registry.offerable() == []
    assert "internal is the name" in reasons(registry)[0]


def test_a_disabled_account_is_known_and_not_offered(site: Path) -> None:
    install_method(site, "acme")
    account = Account(method="acme", id="main", environment="test", is_enabled=False)
    registry = load(["acme"], [account])
    found = registry.find("acme", "main")
    assert registry.offerable() == []
    assert found is not None
    assert found.is_usable


BROKEN = {
    "an import that fails": ("import no_such_library", "ModuleNotFoundError"),
    "a module that ends the process": ("raise SystemExit(3)", "SystemExit"),
    "a module without the class": ("pass", "AttributeError"),
    "no payment method": ("class Acme: pass", "is no PaymentMethod"),
    "a function": ("def Acme(): pass", "is no PaymentMethod"),
    "no descriptor": (
        "from payments import PaymentMethod\nclass Acme(PaymentMethod): pass",
        "has no descriptor",
    ),
    "no config": (METHOD.replace("config_model = ", "other = "), "has no config_model"),
    "another name": (METHOD.replace('id="{id}"', 'id="other"'), "it calls itself other"),
    "a descriptor that is refused": (METHOD.replace('"EUR"', '"DEM"'), "DescriptorRefused"),
    "another version of the contract": (
        METHOD.replace('id="{id}"', 'id="{id}", api_version=(2, 0)'),
        "written for version 2",
    ),
    "a capability without its method": (
        METHOD.replace("capabilities=frozenset()", "capabilities=frozenset({{Capability.REFUND}})"),
        "it declares REFUND and has no refund",
    ),
    "a method without its capability": (
        METHOD.replace("async def initiate", "async def refund"),
        "it has a refund and does not declare REFUND; it has no initiate",
    ),
    "a config that shows what it was given": (
        METHOD.replace(
            "    merchant:", "    model_config = {{'hide_input_in_errors': False}}\n    merchant:"
        ),
        "must keep hide_input_in_errors=True",
    ),
    "a config that takes anything": (
        METHOD.replace("    merchant:", "    model_config = {{'extra': 'allow'}}\n    merchant:"),
        "must keep extra='forbid'",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_method_is_named_and_harms_no_other(fault: str, site: Path) -> None:
    source, reason = BROKEN[fault]
    install_method(site, "acme", source)
    install_method(site, "other")
    registry = load(["acme", "other"], [MAIN, Account(method="other", id="o", environment="test")])
    assert [each.method_id for each in registry.offerable()] == ["other"]
    method, account = registry.broken
    assert (method.method, method.account) == ("acme", None)
    assert reason in method.reason
    assert (account.method, account.account) == ("acme", "main")


def test_a_method_that_nobody_installed_is_named(site: Path) -> None:
    [broken] = load(["acme"]).broken
    assert "no installed package" in broken.reason


def test_of_two_methods_of_one_name_neither_is_loaded(site: Path) -> None:
    install_method(site, "acme")
    install(site, "impostor", METHOD.format(name="Acme", id="acme"), {"acme": "impostor:Acme"})
    registry = load(["acme"], [MAIN])
    assert registry.offerable() == []
    assert "there more than once: impostor:Acme, taquilla_acme:Acme" in reasons(registry)[0]


def test_nobody_takes_the_name_of_a_method_of_ours(site: Path, tmp_path: Path) -> None:
    install_method(site, "sandbox")
    registry = load(["sandbox"], [sandbox_account(tmp_path)])
    assert [type(each.method).__module__ for each in registry.offerable()] == [
        "payments.testing.sandbox.method"
    ]
    assert "takes the name of a method of ours" in reasons(registry)[0]


@pytest.mark.parametrize("signals", [(True, False), (False, True), (True, True)])
def test_either_sign_of_production_keeps_a_double_out(
    signals: tuple[bool, bool], tmp_path: Path
) -> None:
    is_production, has_mark = signals
    registry = load(
        ["sandbox"],
        [sandbox_account(tmp_path)],
        is_production=is_production,
        has_production_mark=has_mark,
    )
    assert registry.offerable() == []
    assert "a double is never loaded in production" in reasons(registry)[0]
    found = registry.find("sandbox", "main")
    assert found is not None
    assert not found.is_usable


def test_money_of_tests_and_real_money_never_meet(site: Path) -> None:
    install_method(site, "acme")
    live = Account(method="acme", id="live", environment="live")
    assert [each.account_id for each in load(["acme"], [MAIN, live]).offerable()] == ["main"]
    production = load(["acme"], [MAIN, live], is_production=True)
    assert [each.account_id for each in production.offerable()] == ["live"]
    assert reasons(production) == [
        "payment method acme/main: an account for test money does not belong here"
    ]


@pytest.mark.parametrize("is_production", [True, False])
def test_hack_is_known_and_never_offered(is_production: bool) -> None:
    registry = load(["hack"], is_production=is_production)
    found = registry.find("hack", "internal")
    assert registry.broken == ()
    assert registry.offerable() == []
    assert found is not None
    assert (found.is_usable, found.is_live) == (True, is_production)


async def test_an_account_whose_method_is_gone_is_still_known_by_name(site: Path) -> None:
    registry = load(["acme"], [MAIN])
    for found in (registry.find("acme", "main"), registry.of_payment("older", "main")):
        assert found is not None
        assert not found.is_usable
        assert found.descriptor.id == found.method_id
        assert found.descriptor.capabilities == frozenset()
        reference = new_reference()
        method = found.method
        for command in (
            method.initiate(initiate(reference)),
            method.capture(capture(reference)),
            method.cancel(cancel(reference)),
            method.refund(refund(reference, Money(1, "EUR"))),
            method.fetch(fetch(reference)),
            method.check(),
        ):
            with pytest.raises(Misconfigured, match="method_gone"):
                await command
        with pytest.raises(MalformedWebhook):
            method.parse_webhook(WebhookRequest(headers={}, query={}, body=b"", received_at=NOW))
    await registry.aclose()


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"merchant": 3}, "merchant: Input should be a valid string"),
        ({"merchat": "M"}, "merchat: Extra inputs are not permitted"),
        ({"api_key": "in clear"}, "api_key: a secret is named by where it lies"),
        ({"webhook_secrets": ["in clear"]}, "webhook_secrets: a secret is named by where it lies"),
        ({"environment": "live"}, "environment stands beside config"),
    ],
    ids=str,
)
def test_an_account_that_is_configured_wrongly_is_named_by_its_field(
    config: dict[str, str | int], fault: str, site: Path
) -> None:
    install_method(site, "acme")
    account = Account(method="acme", id="main", environment="test", config=config)
    [broken] = load(["acme"], [account]).broken
    assert broken == Broken("acme", "main", broken.reason)
    assert fault in broken.reason
    assert "in clear" not in broken.reason


def test_an_account_whose_secret_is_missing_harms_no_other(site: Path) -> None:
    install_method(site, "acme")
    account = Account(
        method="acme", id="poor", environment="test", faults=("api_key: KEY is not set",)
    )
    registry = load(["acme"], [account, MAIN])
    assert [each.account_id for each in registry.offerable()] == ["main"]
    assert reasons(registry) == ["payment method acme/poor: api_key: KEY is not set"]


async def test_one_method_that_cannot_close_keeps_no_other_open(site: Path) -> None:
    install_method(
        site,
        "acme",
        METHOD + "    async def aclose(self):\n        raise OSError\n",
    )
    install_method(
        site,
        "other",
        METHOD + "    async def aclose(self):\n        self.is_closed = True\n",
    )
    registry = load(["acme", "other"], [MAIN, Account(method="other", id="o", environment="test")])
    await registry.aclose()
    other = registry.find("other", "o")
    assert other is not None
    assert vars(other.method)["is_closed"]
