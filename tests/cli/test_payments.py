"""`./taquilla payments`: a new method's package, and a pair of keys for an issuer."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.__main__ import build_application
from payments.methods.hack import Grant, SigningKey, issue_grant, read_issuers, verify_grant
from tests.payments.hack.forge import BINDING, issuers_file


def _say(*arguments: str) -> str:
    result = CliRunner().invoke(
        build_application(), ["payments", *arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_a_new_method_is_written_where_it_is_wanted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _say("new", "bank_transfer", "--folder", str(tmp_path))
    assert "fill in src/*/wire.py" in capfd.readouterr().out
    assert (tmp_path / "taquilla-bank-transfer/src/taquilla_bank_transfer/wire.py").is_file()


def test_a_name_that_cannot_be_is_one_message(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["payments", "new", "Bank Transfer", "--folder", str(tmp_path)]
    assert CliRunner().invoke(build_application(), arguments).exit_code == 1
    said = capfd.readouterr().err
    assert said.startswith("taquilla: a method's id must match")
    assert len(said.splitlines()) == 1


def test_the_keys_of_an_issuer_make_grants_that_hold(tmp_path: Path) -> None:
    private, public = re.findall(r"_key = (\S+)", _say("issuer-key"))
    issuers = read_issuers(issuers_file(tmp_path, public_key=public))
    key = SigningKey(issuer="old", kid="old-1", private_key=private)
    now = datetime.now(UTC)
    token = issue_grant(key, BINDING, "sale-1", now)
    assert isinstance(verify_grant(token, issuers, BINDING, now), Grant)
