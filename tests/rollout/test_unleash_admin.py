"""`taquilla toggles sync` and `list` on the real server: made once, no click is undone."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from app.rollout import (
    CATALOGUE,
    SELLING_FREE,
    SELLING_HALT,
    SyncWord,
    Toggle,
    ToggleKind,
    Token,
    open_unleash_admin,
)
from app.runtime.errors import ConfigurationError, Unavailable
from tests.rollout.hostile_server import Script, hostile_server, reply
from tests.rollout.toggles_contract import only_for
from tests.servers.unleash import (
    ADMIN_TOKEN,
    BACKEND_TOKEN,
    ENVIRONMENT,
    OTHER_ENVIRONMENT,
    PROJECT,
    UnleashServer,
)

ROOT = Path(__file__).parents[2]
PLACE = ("--environment", ENVIRONMENT)

pytestmark = pytest.mark.slow


def run(url: str, data_dir: Path, *arguments: str, **changes: str) -> tuple[int, str, str]:
    """`taquilla toggles …` as an operator runs it."""
    environment = {
        **os.environ,
        "TAQUILLA_ENV": "development",
        "TAQUILLA_DATA_DIR": str(data_dir),
        "TAQUILLA_UNLEASH_URL": url,
        "TAQUILLA_UNLEASH_TOKEN": BACKEND_TOKEN,
        "TAQUILLA_UNLEASH_ADMIN_TOKEN": ADMIN_TOKEN,
        "TAQUILLA_LOG_LEVEL": "warning",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "toggles", *arguments],
        cwd=ROOT,
        env=environment | changes,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "of-the-tests" not in ran.stdout + ran.stderr, "shows a token"
    return ran.returncode, ran.stdout, ran.stderr


def test_sync_makes_what_is_missing_once_and_a_second_run_changes_nothing(
    unleash: UnleashServer, tmp_path: Path
) -> None:
    first = run(unleash.url, tmp_path, "sync", *PLACE)
    print(first[1])
    assert (first[0], first[2]) == (0, "")
    for each in CATALOGUE:
        made = unleash.admin.read(each.name)
        assert (made["type"], made["description"]) == (each.kind.value, each.description)
        assert not any(place["enabled"] for place in made["environments"])
        assert f"created  {each.name}  {each.kind}, off everywhere\n" in first[1]
    before = [unleash.admin.read(each.name) for each in CATALOGUE]
    second = run(unleash.url, tmp_path, "sync", *PLACE)
    print(second[1])
    assert second[0] == 0
    assert {line.split()[0] for line in second[1].splitlines()} == {"kept"}
    assert [unleash.admin.read(each.name) for each in CATALOGUE] == before
    fields = {each["name"]: each for each in unleash.admin.call("GET", "context")}
    assert fields["eventId"]["stickiness"]
    assert fields["organiserId"]["stickiness"]


def test_sync_leaves_alone_what_a_person_clicked(unleash: UnleashServer, tmp_path: Path) -> None:
    admin = unleash.admin
    admin.create(SELLING_FREE.name, "experiment")
    some = {"rollout": "35", "stickiness": "eventId", "groupId": "g"}
    constraint = only_for("eventId", "concert")
    admin.set_strategies(
        SELLING_FREE.name,
        [{"name": "flexibleRollout", "parameters": some, "constraints": [constraint]}],
    )
    admin.switch(SELLING_FREE.name, on=True)
    before = admin.read(SELLING_FREE.name)
    code, said, _ = run(unleash.url, tmp_path, "sync", *PLACE)
    assert code == 0
    assert admin.read(SELLING_FREE.name) == before
    assert (
        f"kept     {SELLING_FREE.name}  experiment, on in {ENVIRONMENT}; "
        f"the catalogue says {SELLING_FREE.kind}\n"
    ) in said
    assert f"created  {SELLING_HALT.name}  " in said


def test_list_tells_how_the_server_has_them_and_without_it_how_it_had_them(
    unleash: UnleashServer, tmp_path: Path
) -> None:
    unleash.admin.create(SELLING_FREE.name)
    unleash.admin.switch(SELLING_FREE.name, on=True)
    unleash.admin.wait_until_seen()
    code, listed, said = run(unleash.url, tmp_path, "list")
    assert (code, said) == (0, "")
    assert f"{SELLING_FREE.name}  on  " in listed
    assert f"{SELLING_HALT.name}  default False  " in listed
    unleash.pause()
    code, remembered, said = run(unleash.url, tmp_path, "list")
    assert (code, remembered) == (0, listed)
    assert "unreachable" in said
    code, _, said = run(unleash.url, tmp_path / "new", "list")
    assert code == 0
    assert "has never given toggles (unreachable)" in said


def test_an_archived_toggle_is_not_dug_out_but_said(unleash: UnleashServer, tmp_path: Path) -> None:
    unleash.admin.create(SELLING_FREE.name)
    unleash.admin.archive(SELLING_FREE.name)
    code, said, _ = run(unleash.url, tmp_path, "sync", *PLACE)
    unleash.admin.call("POST", f"projects/{PROJECT}/revive", {"features": [SELLING_FREE.name]})
    assert code == 1
    assert f"refused  {SELLING_FREE.name}  HTTP 409: " in said
    assert f"created  {SELLING_HALT.name}  " in said


@pytest.mark.parametrize(
    ("arguments", "changes", "words"),
    [
        (["--environment", "moon"], {}, "no environment 'moon'"),
        (["--environment", ENVIRONMENT, "--project", "a/../b"], {}, "project 'a/../b'"),
        (PLACE, {"TAQUILLA_UNLEASH_ADMIN_TOKEN": BACKEND_TOKEN}, "TAQUILLA_UNLEASH_ADMIN_TOKEN"),
        (PLACE, {"TAQUILLA_UNLEASH_ADMIN_TOKEN": "wrong"}, "TAQUILLA_UNLEASH_ADMIN_TOKEN"),
        (PLACE, {"TAQUILLA_UNLEASH_ADMIN_TOKEN": ""}, "TAQUILLA_UNLEASH_ADMIN_TOKEN"),
        (PLACE, {"TAQUILLA_UNLEASH_ADMIN_TOKEN": "two words"}, "TAQUILLA_UNLEASH_ADMIN_TOKEN"),
        (PLACE, {"TAQUILLA_UNLEASH_URL": "ftp://unleash/api"}, "TAQUILLA_UNLEASH_URL"),
    ],
)
def test_a_place_or_a_token_that_is_wrong_is_said_and_nothing_is_made(
    unleash: UnleashServer,
    tmp_path: Path,
    arguments: list[str],
    changes: dict[str, str],
    words: str,
) -> None:
    code, said, why = run(unleash.url, tmp_path, "sync", *arguments, **changes)
    assert (code, said) == (2, "")
    assert words in why
    assert "Traceback" not in why
    assert unleash.admin.names() == []


async def test_a_toggle_that_is_on_by_default_is_made_on_where_it_was_asked_for(
    unleash: UnleashServer,
) -> None:
    toggle = Toggle(
        name="tests.on_by_default",
        kind=ToggleKind.RELEASE,
        default=True,
        owner="tests",
        remove_by=date(2030, 1, 1),
        description="On.",
    )
    async with open_unleash_admin(unleash.url, Token.of(ADMIN_TOKEN, "TOKEN")) as admin:
        done = await admin.sync([toggle], PROJECT, ENVIRONMENT)
        assert [each.word for each in done if each.name == toggle.name] == [SyncWord.CREATED]
        unleash.admin.switch(toggle.name, on=False)
        await admin.sync([toggle], PROJECT, ENVIRONMENT)
    made = unleash.admin.read(toggle.name)["environments"]
    assert {each["name"]: each["enabled"] for each in made} == {
        ENVIRONMENT: False,
        OTHER_ENVIRONMENT: False,
    }


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (reply(500), Unavailable),
        (reply(200, b"<html>"), Unavailable),
        (reply(200, b'{"surprise": true}'), Unavailable),
        (reply(401), ConfigurationError),
        (reply(302, location="http://127.0.0.1:9/"), Unavailable),
    ],
)
async def test_what_is_no_unleash_is_an_error_in_words(
    script: Script, error: type[Exception]
) -> None:
    async with hostile_server() as server:
        server.answer = script
        async with open_unleash_admin(server.url, Token.of("a-secret", "TOKEN")) as admin:
            with pytest.raises(error) as raised:
                await admin.sync(CATALOGUE, PROJECT, ENVIRONMENT)
    assert "a-secret" not in str(raised.value)
