"""Secrets: all of them or no boot; in development made once, by whoever comes first."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.runtime.errors import ConfigurationError
from app.runtime.secrets import NAMES, check_value, load_secrets, load_ticket_secrets
from app.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
LONG = "x" * 32
ASK = """
import sys
from pathlib import Path
from app.runtime.secrets import load_secrets
from app.runtime.settings import Settings
print("here", flush=True)
sys.stdin.readline()
print(load_secrets(Settings(env="development", data_dir=Path(sys.argv[1])), {}).order_ids.hex())
"""


def development(data_dir: Path) -> Settings:
    return Settings(env="development", data_dir=data_dir)


def test_production_names_every_missing_secret(tmp_path: Path) -> None:
    given = {"TAQUILLA_SECRET_TICKETS": LONG}
    with pytest.raises(ConfigurationError) as raised:
        load_secrets(Settings(env="production", data_dir=tmp_path), given)
    assert [name for name in NAMES if name in str(raised.value)] == list(NAMES[:3])


def test_a_short_secret_is_refused_without_being_shown(tmp_path: Path) -> None:
    given = dict.fromkeys(NAMES, LONG) | {"TAQUILLA_SECRET_TICKETS": f"{LONG},hunter2"}
    with pytest.raises(ConfigurationError, match="TAQUILLA_SECRET_TICKETS") as raised:
        load_secrets(Settings(env="production", data_dir=tmp_path), given)
    assert "hunter2" not in str(raised.value)


def test_the_current_key_comes_first_and_a_comma_is_part_of_what_never_rotates(
    tmp_path: Path,
) -> None:
    values = dict.fromkeys(NAMES, f"{LONG}1, {LONG}2")
    secrets = load_secrets(Settings(env="production", data_dir=tmp_path), values)
    assert secrets.order_tokens == (f"{LONG}1".encode(), f"{LONG}2".encode())
    assert secrets.order_ids == f"{LONG}1, {LONG}2".encode()


def test_development_makes_them_once_and_for_this_user_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = load_secrets(development(data_dir), {})
    assert load_secrets(development(data_dir), {}) == first
    assert len({first.order_ids, first.customer_ref, *first.order_tokens, *first.tickets}) == 4
    assert stat.S_IMODE((data_dir / "secrets").stat().st_mode) == 0o600
    assert sorted(each.name for each in data_dir.iterdir()) == ["README", "secrets"]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(tmp_path / "data")]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=20)[0] for process in processes}
    assert len(answers) == 1
    assert len(answers.pop().strip()) > 64


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    assert repr(load_secrets(development(tmp_path), {})) == "Secrets()"


def test_a_check_value_tells_secrets_apart() -> None:
    assert check_value(b"a" * 32) == check_value(b"a" * 32) != check_value(b"b" * 32)


def test_a_machine_that_only_checks_tickets_needs_their_secret_alone_and_makes_none(
    tmp_path: Path,
) -> None:
    given = {"TAQUILLA_SECRET_TICKETS": f"{LONG}1,{LONG}2"}
    for settings in (development(tmp_path), Settings(env="production", data_dir=tmp_path)):
        assert load_ticket_secrets(settings, given) == (f"{LONG}1".encode(), f"{LONG}2".encode())
        with pytest.raises(ConfigurationError, match="TAQUILLA_SECRET_TICKETS"):
            load_ticket_secrets(settings, {})
    assert list(tmp_path.iterdir()) == []
    made = load_secrets(development(tmp_path), {})
    assert load_ticket_secrets(development(tmp_path), {}) == made.tickets
    with pytest.raises(ConfigurationError):
        load_ticket_secrets(Settings(env="production", data_dir=tmp_path), {})
