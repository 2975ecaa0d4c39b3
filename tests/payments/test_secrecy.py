"""A secret of an account is in its configuration, and in nothing that anybody prints, logs, raises
or stores."""

import json
import logging
import traceback
from dataclasses import asdict
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from payments import (
    Account,
    AccountsRefused,
    Context,
    InvalidMessage,
    MethodConfig,
    Money,
    Registry,
    RemoteStatus,
    Snapshot,
    load_methods,
    read_accounts,
)
from payments.methods.hack import Hack, HackConfig, SigningKey, new_key_pair
from tests.payments.calls import NOW
from tests.payments.installing import METHOD, install_method

CANARY = "canary-7d41f0"


def load(accounts: list[Account] | tuple[Account, ...]) -> Registry:
    return load_methods(
        ["acme"], accounts, is_production=False, has_production_mark=False, now=lambda: NOW
    )


@pytest.fixture
def account(tmp_path: Path) -> Account:
    (tmp_path / "secret").write_text(CANARY)
    (tmp_path / "accounts.toml").write_text(
        f"""
[[account]]
method = "acme"
id = "main"
environment = "test"
[account.config]
api_key = {{ env = "KEY" }}
webhook_secrets = [{{ file = "{tmp_path / "secret"}" }}, {{ env = "KEY" }}]
"""
    )
    [account] = read_accounts(tmp_path / "accounts.toml", {"KEY": CANARY})
    return account


@pytest.fixture
def registry(account: Account, site: Path) -> Registry:
    install_method(site, "acme")
    return load([account])


def test_the_secret_is_there(registry: Registry) -> None:
    """Or else nothing here would prove anything."""
    [offer] = registry.offerable()
    secrets = offer.method.config.webhook_secrets
    assert [each.get_secret_value() for each in secrets] == [CANARY, CANARY]


def test_nothing_that_holds_it_shows_it(account: Account, registry: Registry) -> None:
    [offer] = registry.offerable()
    config = offer.method.config
    shown = [
        *(repr(each) for each in (account, registry, offer, offer.method, config)),
        *(str(each) for each in (account, offer, config, vars(offer.method))),
        *(f"{config!s} {config!r} {asdict(account)}",),
        config.model_dump_json(),
        repr(config.model_dump()),
        json.dumps(config.model_dump(mode="json")),
    ]
    assert not [text for text in shown if CANARY in text]


def test_no_log_shows_it(
    account: Account, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    [offer] = registry.offerable()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%s %r %s", account, offer, offer.method.config)
        logging.getLogger("test").debug("config", extra={"config": offer.method.config})
    rendered = structlog.processors.JSONRenderer()(
        None, "debug", {"account": account, "config": offer.method.config}
    )
    assert caplog.records
    assert not [each for each in caplog.records if CANARY in f"{each.__dict__}"]
    assert CANARY not in caplog.text + str(rendered)


@pytest.mark.parametrize(
    "fault",
    [
        METHOD.replace('merchant: str = "M-1"', "missing: str"),
        METHOD.replace(
            "    async def initiate",
            "    def __init__(self, config, context):\n"
            "        raise RuntimeError(config.api_key.get_secret_value())\n"
            "    async def initiate",
        ),
        METHOD.replace(
            '    merchant: str = "M-1"',
            "    from pydantic import field_validator\n"
            "    @field_validator('api_key')\n"
            "    def look(cls, key):\n"
            "        raise ValueError('no key: ' + key.get_secret_value())",
        ),
    ],
    ids=["a field is missing", "it cannot be made", "its validator talks"],
)
def test_an_account_that_cannot_be_used_does_not_say_it(
    fault: str, account: Account, site: Path
) -> None:
    install_method(site, "acme", fault)
    [broken] = load([account]).broken
    assert broken.account == "main"
    assert CANARY not in f"{broken} {broken!r}"


def test_a_secret_in_clear_is_refused_and_not_repeated(
    registry: Registry,
) -> None:
    clear = Account(method="acme", id="main", environment="test", config={"api_key": CANARY})
    [broken] = load([clear]).broken
    assert "a secret is named by where it lies" in broken.reason
    assert CANARY not in f"{broken} {clear!r} {clear}"


@pytest.mark.parametrize(
    "text",
    [
        f'[[account]]\nmethod = "{CANARY}"',
        f'[[account]]\nmethod = "acme"\nid = "a"\nenvironment = "test"\napi_key = "{CANARY}"',
        f'[[account]]\nmethod = "acme"\nid = "a"\nenvironment = "{CANARY}"',
    ],
)
def test_a_file_that_is_refused_is_not_repeated(text: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    with pytest.raises(AccountsRefused) as raised:
        read_accounts(path, {"KEY": CANARY})
    assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_evidence_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(InvalidMessage) as raised:
        Snapshot(
            status=RemoteStatus.PENDING,
            provider_payment_id="p",
            reference="r",
            amount=Money(1, "EUR"),
            is_live=False,
            evidence={"headers": CANARY * 1000},
        )
    assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_neither_hack_nor_its_keys_show_anything() -> None:
    pair = new_key_pair()
    key = SigningKey(issuer="old", kid="k", private_key=pair.private_key)
    config = HackConfig(environment="test", webhook_secrets=(SecretStr(CANARY),))
    method = Hack(config, Context(account_id="internal", now=lambda: NOW))
    shown = f"{pair} {key} {key!r} {config} {method!r} {vars(method)}"
    assert pair.private_key not in shown
    assert CANARY not in shown
    assert isinstance(config, MethodConfig)
