"""Where toggles come from, as settings: what is refused, and that no token is ever shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings, load_settings
from app.wiring import open_toggles

TOKEN = "default:development.never-to-be-seen"
URL = "https://unleash.example.com/api"


@pytest.fixture(autouse=True)
def _nothing_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UNLEASH_URL", "UNLEASH_TOKEN", "UNLEASH_ADMIN_TOKEN", "TOGGLES_FILE"):
        monkeypatch.delenv(f"TAQUILLA_{name}", raising=False)


@pytest.mark.parametrize(
    "url",
    [
        "unleash.example.com/api",
        "ftp://unleash.example.com/api",
        "https:///api",
        "https://unleash.example.com",
        "https://unleash.example.com/",
        "https://unleash.example.com/api?x=1",
        "https://ana:never-to-be-seen@unleash.example.com/api",
    ],
)
def test_an_address_that_cannot_be_one_of_unleash_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAQUILLA_UNLEASH_URL", url)
    with pytest.raises(ConfigurationError, match="TAQUILLA_UNLEASH_URL") as refused:
        load_settings()
    assert "never-to-be-seen" not in str(refused.value)


@pytest.mark.parametrize("url", [URL, f"{URL}/", "http://127.0.0.1:4242/hosted/api"])
def test_a_slash_at_the_end_makes_no_difference(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAQUILLA_UNLEASH_URL", url)
    assert load_settings().unleash_url == url.rstrip("/")


def test_a_server_and_a_file_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAQUILLA_UNLEASH_URL", URL)
    monkeypatch.setenv("TAQUILLA_TOGGLES_FILE", "toggles.json")
    monkeypatch.setenv("TAQUILLA_UNLEASH_TOKEN", TOKEN)
    with pytest.raises(ConfigurationError, match="toggles come from one") as refused:
        load_settings()
    assert "never-to-be-seen" not in str(refused.value)


def test_no_token_is_shown_by_what_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAQUILLA_UNLEASH_TOKEN", TOKEN)
    monkeypatch.setenv("TAQUILLA_UNLEASH_ADMIN_TOKEN", TOKEN)
    settings = load_settings()
    assert settings.unleash_token == SecretStr(TOKEN)
    assert "never-to-be-seen" not in f"{settings} {settings!r} {settings.model_dump_json()}"


@pytest.mark.parametrize("token", ["", "two words never-to-be-seen"])
async def test_a_server_without_a_usable_token_is_refused_before_anything_opens(
    token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAQUILLA_UNLEASH_TOKEN", token)
    settings = Settings(data_dir=tmp_path, unleash_url=URL)
    with pytest.raises(ConfigurationError, match="TAQUILLA_UNLEASH_TOKEN") as refused:
        async with open_toggles(settings):
            raise AssertionError("opened")
    assert "never-to-be-seen" not in str(refused.value)
