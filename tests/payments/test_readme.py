"""The guide for authors says what is so: its example loads, its files are read, no name lacks."""

import re
import sys
from pathlib import Path

import payments
from payments import Account, Capability, read_accounts
from payments.methods.hack import read_issuers
from payments.testing import CHECKS
from tests.payments.installing import install
from tests.payments.test_registry import load
from tests.tidy.sources import ROOT

README = (ROOT / "payments/README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def _block(language: str, word: str) -> str:
    [found] = [text for kind, text in BLOCKS if kind == language and word in text]
    return str(found)


def test_the_example_is_a_method_that_loads(site: Path) -> None:
    entries = _block("toml", "taquilla.payment_methods")
    method_id, place = re.findall(r'^(\w+) = "(.+)"$', entries, re.MULTILINE)[0]
    install(site, "taquilla_north", _block("python", "class North("), {method_id: place})
    account = Account(method="north", id="main", environment="test")
    [broken] = load(["north"], [account]).broken
    assert broken.reason == "api_key: Field required"
    assert "taquilla_north" in sys.modules


def test_the_files_of_accounts_and_issuers_are_read(tmp_path: Path) -> None:
    accounts, issuers = tmp_path / "accounts.toml", tmp_path / "issuers.toml"
    accounts.write_text(_block("toml", "[[account]]"))
    issuers.write_text(_block("toml", "[[issuer]]"))
    [account] = read_accounts(accounts, {"NORTH_API_KEY": "x"})
    assert len(account.faults) == 2
    assert len(read_issuers(issuers)) == 1


def test_every_letter_of_the_kit_is_explained() -> None:
    explained = set(re.findall(r"^\| ([A-Z]) \|", README, re.MULTILINE))
    assert explained == {each.number[0] for each in CHECKS}


def test_every_capability_and_every_error_is_explained() -> None:
    kinds = (payments.PaymentMethodError, payments.WebhookRejected)
    exported = {name: getattr(payments, name) for name in payments.__all__}
    raised = {
        name
        for name, each in exported.items()
        if isinstance(each, type) and issubclass(each, kinds)
    }
    errors = raised - {"PaymentMethodError", "NotExecuted", "WebhookRejected"}
    for name in {*errors, *(each.name for each in Capability)}:
        assert f"`{name}`" in README, f"payments/README.md does not say what {name} is"


def test_money_is_as_it_is_told() -> None:
    namespace: dict[str, object] = {}
    exec(_block("python", "total ="), namespace)  # noqa: S102 - our own page
    assert str(namespace["total"]) == "34.00 EUR"
