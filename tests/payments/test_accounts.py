"""The file of accounts: secrets by reference, faults by account and field, values never."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from payments import Account, AccountsRefused, read_accounts

CANARY = "canary-2f9c41"


def _file(folder: Path, text: str) -> Path:
    path = folder / "accounts.toml"
    path.write_text(text)
    return path


def _account(folder: Path, config: str, **environment: str) -> Account:
    text = f'[[account]]\nmethod = "acme"\nid = "main"\nenvironment = "test"\n{config}'
    [account] = read_accounts(_file(folder, text), environment)
    return account


def test_accounts_are_read_in_their_order(tmp_path: Path) -> None:
    text = """
[[account]]
method = "acme"
id = "main"
environment = "live"
[account.config]
merchant = "M-1"
ports = [1, 2]
limits = { EUR = 3 }

[[account]]
method = "acme"
id = "second"
environment = "test"
enabled = false
"""
    first, second = read_accounts(_file(tmp_path, text), {})
    assert (str(first), first.environment, first.is_enabled) == ("acme/main", "live", True)
    assert first.config == {"merchant": "M-1", "ports": [1, 2], "limits": {"EUR": 3}}
    assert (str(second), second.is_enabled, second.config) == ("acme/second", False, {})


def test_secrets_are_fetched_from_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("from a file\n")
    account = _account(
        tmp_path,
        f"""[account.config]
api_key = {{ env = "KEY" }}
webhook_secrets = [{{ file = "{tmp_path / "new"}" }}, {{ env = "KEY" }}]
deep = {{ inner = {{ env = "KEY" }} }}""",
        KEY="from the environment",
    )
    assert account.faults == ()
    assert account.config == {
        "api_key": SecretStr("from the environment"),
        "webhook_secrets": [SecretStr("from a file"), SecretStr("from the environment")],
        "deep": {"inner": SecretStr("from the environment")},
    }


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ('api_key = { env = "NOT_SET" }', "api_key: the environment variable NOT_SET is not set"),
        ('api_key = { env = "EMPTY" }', "api_key: the environment variable EMPTY is not set"),
        ('keys = [{ env = "NOT_SET" }]', "keys 1: the environment variable"),
        ('api_key = { file = "/no/such" }', "api_key: /no/such: No such file"),
        ('api_key = { file = "/" }', "api_key: /: Is a directory"),
        ('api_key = { file = "/dev/null" }', "api_key: /dev/null is empty"),
        ('api_key = { file = "/dev/zero" }', "over 65536 bytes"),
        ("day = 2030-01-01", "day: a date is nothing to configure with"),
    ],
)
def test_a_secret_that_is_not_there_is_a_fault_of_its_account_alone(
    config: str, fault: str, tmp_path: Path
) -> None:
    account = _account(tmp_path, f"[account.config]\n{config}", EMPTY="")
    assert len(account.faults) == 1
    assert fault in account.faults[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[account]", "accounts.toml"),
        ("account = 3", "account: Input should be a valid list"),
        ('[[acount]]\nmethod = "a"', "acount: Extra inputs"),
        ('[[account]]\nmethod = "acme"\nid = "m"', "account 1, environment: Field required"),
        (
            '[[account]]\nmethod = "acme"\nid = "M!"\nenvironment = "test"',
            "account 1, id: String should match",
        ),
        (
            '[[account]]\nmethod = "Acme"\nid = "m"\nenvironment = "test"',
            "account 1, method: String should match",
        ),
        (
            '[[account]]\nmethod = "acme"\nid = "m"\nenvironment = "production"',
            "account 1, environment: Input should be 'test' or 'live'",
        ),
        (
            '[[account]]\nmethod = "acme"\nid = "m"\nenvironment = "test"\nenabled = "yes"',
            "account 1, enabled",
        ),
        (
            f'[[account]]\nmethod = "acme"\nid = "m"\nenvironment = "test"\nkey = "{CANARY}"',
            "account 1, key: Extra inputs",
        ),
        (
            '[[account]]\nmethod = "acme"\nid = "m"\nenvironment = "test"\n' * 2,
            "account acme/m stands more than once",
        ),
    ],
)
def test_a_file_that_is_none_of_accounts_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(AccountsRefused) as raised:
        read_accounts(_file(tmp_path, text), {})
    assert fault in str(raised.value)
    assert CANARY not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccountsRefused, match=r"nowhere\.toml"):
        read_accounts(tmp_path / "nowhere.toml", {})
