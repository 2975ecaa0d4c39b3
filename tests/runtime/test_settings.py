"""Settings whose defaults depend on one another, and those that are refused."""

import pytest

from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings, load_settings

LIMITS = {"rate_limit_per_address", "live_holds_per_customer_max", "live_holds_per_address_max"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIMITS | {"env"}:
        monkeypatch.delenv(f"TAQUILLA_{name}".upper(), raising=False)


def test_limits_stand_in_production_and_are_off_in_development() -> None:
    assert all(getattr(Settings(env="production"), name) > 0 for name in LIMITS)
    assert all(getattr(Settings(env="development"), name) == 0 for name in LIMITS)


def test_a_buyer_may_come_back_to_any_address_in_development_alone() -> None:
    assert Settings(env="development").return_urls == ("*",)
    assert Settings().return_urls == ()


def test_a_limit_that_is_set_stands_in_development_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAQUILLA_ENV", "development")
    monkeypatch.setenv("TAQUILLA_RATE_LIMIT_PER_ADDRESS", "7")
    settings = load_settings()
    assert (settings.rate_limit_per_address, settings.live_holds_per_address_max) == (7, 0)


def test_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAQUILLA_TRUSTED_PROXIES", " 10.0.0.1, 192.168.0.0/16 ,2001:db8::/32")
    assert load_settings().trusted_proxies == ("10.0.0.1/32", "192.168.0.0/16", "2001:db8::/32")


@pytest.mark.parametrize("text", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "1"])
def test_whoever_cannot_be_told_by_their_address_is_not_trusted(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAQUILLA_TRUSTED_PROXIES", text)
    with pytest.raises(ConfigurationError, match="TAQUILLA_TRUSTED_PROXIES"):
        load_settings()
