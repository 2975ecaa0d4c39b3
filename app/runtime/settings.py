"""Settings: read once from `TAQUILLA_*` variables, checked, then frozen and handed down.

Every setting stands in `.env.example` with its meaning (a test compares the two). Our own secrets
live in `app.runtime.secrets`; what an outside system gave us stands here beside its address.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.runtime.errors import ConfigurationError
from payments import METHOD_ID_PATTERN

PREFIX = "TAQUILLA_"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
"""As a browser writes it in the header Origin."""

Port = Annotated[int, Field(ge=1, le=65535)]
_OFF_IN_DEVELOPMENT = (
    "rate_limit_per_address",
    "live_holds_per_customer_max",
    "live_holds_per_address_max",
)
"""Unless they are set: a developer is many buyers behind one address."""


_METHODS_IN_DEVELOPMENT = ("hack", "sandbox")


def _check_public_url(url: str) -> str:
    """Without a slash at its end."""
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be http://HOST or https://HOST, without user or password")
    if parts.query or parts.fragment:
        raise ValueError("must have neither a query nor a fragment")
    return url.rstrip("/")


def _check_unleash_url(url: str) -> str:
    """Without a slash at its end. A server's pages answer 200 to what is not below /api."""
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be http://HOST/api or https://HOST/api, without user or password")
    if not parts.path.endswith("/api") or parts.query or parts.fragment:
        raise ValueError("must end in /api")
    return url.rstrip("/")


class Settings(BaseSettings):
    """Seconds, bytes and counts as their names say. Nothing outside reads the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    env: Literal["production", "development"] = "production"
    data_dir: Path = Path(".taquilla")

    http_host: str = "127.0.0.1"
    http_port: Port = 8000
    internal_port: Port = 8001
    metrics_port: Port = 8002
    api_processes: Annotated[int, Field(ge=1, le=64)] = 1
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    drain_seconds: Annotated[float, Field(gt=0, le=60)] = 3.0

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    rate_limit_per_address: Annotated[int, Field(ge=0, le=100_000)] = 20
    live_holds_per_customer_max: Annotated[int, Field(ge=0, le=1_000_000)] = 5
    live_holds_per_address_max: Annotated[int, Field(ge=0, le=1_000_000)] = 50

    redis_url: str | None = None
    redis_timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 2.0
    redis_connections_max: Annotated[int, Field(ge=2, le=1024)] = 64
    partitions: Annotated[int, Field(ge=1, le=100)] = 16

    database_url: str | None = None
    database_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0

    kinesis_stream: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")] | None = None
    kinesis_endpoint_url: str | None = None
    bus_shards: Annotated[int, Field(ge=1, le=100)] = 4
    outbox_tail_max: Annotated[int, Field(ge=0, le=1_000_000)] = 10_000
    lease_seconds: Annotated[float, Field(ge=1, le=60)] = 5.0
    step_seconds_max: Annotated[float, Field(gt=0, le=30)] = 2.0

    toggles_file: Path | None = None
    unleash_url: Annotated[str, AfterValidator(_check_unleash_url)] | None = None
    unleash_token: SecretStr | None = None
    unleash_admin_token: SecretStr | None = None
    unleash_refresh_seconds: Annotated[float, Field(ge=0.5, le=60)] = 2.0
    unleash_timeout_seconds: Annotated[float, Field(gt=0, le=10)] = 2.0

    payment_methods: Annotated[tuple[str, ...], NoDecode] = ("hack",)
    payment_accounts_file: Path | None = None
    grant_issuers_file: Path | None = None
    deployment: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "taquilla"
    public_url: Annotated[str, AfterValidator(_check_public_url)] | None = None
    return_urls: Annotated[tuple[str, ...], NoDecode] = ()

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @model_validator(mode="before")
    @classmethod
    def _relax_in_development(cls, values: dict[str, object]) -> dict[str, object]:
        if values.get("env") != "development":
            return values
        off = dict.fromkeys(_OFF_IN_DEVELOPMENT, 0)
        # A developer's shop has many names: localhost, an address of the network, another port.
        relaxed = {"payment_methods": _METHODS_IN_DEVELOPMENT, "return_urls": ("*",)}
        return {**off, **relaxed, **values}

    @field_validator(
        "cors_origins", "trusted_proxies", "payment_methods", "return_urls", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(each.strip() for each in value.split(",") if each.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """ValueError for what is neither an address nor a network, as "*" is."""
        return tuple(str(ip_network(each)) for each in value)

    @field_validator("payment_methods")
    @classmethod
    def _are_methods(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not re.fullmatch(METHOD_ID_PATTERN, each):
                raise ValueError(f"{each!r} is not the id of a payment method")
        return tuple(dict.fromkeys(value))

    @field_validator("cors_origins", "return_urls")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if each != "*" and not _ORIGIN.fullmatch(each):
                raise ValueError(
                    f"{each!r} is not an origin: write scheme://host[:port] in lower case, without "
                    "a path"
                )
        return value

    @field_validator(
        *("redis_url", "database_url", "kinesis_stream", "kinesis_endpoint_url"),
        *("toggles_file", "unleash_url", "unleash_token", "unleash_admin_token"),
        *("payment_accounts_file", "grant_issuers_file", "public_url"),
        mode="before",
    )
    @classmethod
    def _blank_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _relations(self) -> Self:
        if self.lease_seconds <= 2 * self.step_seconds_max:
            raise ValueError(
                f"lease_seconds ({self.lease_seconds}) must be more than twice step_seconds_max "
                f"({self.step_seconds_max}): a step must end before its lease does"
            )
        if self.kinesis_endpoint_url and not self.kinesis_stream:
            raise ValueError(
                f"kinesis_endpoint_url ({self.kinesis_endpoint_url}) is set and kinesis_stream is "
                f"not: set both, or neither for the bus on Redis streams"
            )
        if self.unleash_url and self.toggles_file:
            raise ValueError(
                "TAQUILLA_UNLEASH_URL and TAQUILLA_TOGGLES_FILE are both set: toggles come from one"
            )
        if self.is_production and "*" in self.cors_origins:
            raise ValueError("TAQUILLA_CORS_ORIGINS must name each origin; * is for development")
        if self.is_production and "*" in self.return_urls:
            raise ValueError("TAQUILLA_RETURN_URLS must name each origin; * is for development")
        return self

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def listener_url(self) -> str:
        """Of the public listener, as the world reaches it."""
        return self.public_url or f"http://127.0.0.1:{self.http_port}"

    @property
    def toggles_path(self) -> Path:
        return self.toggles_file or self.data_dir / "toggles.json"


def load_settings() -> Settings:
    """Raises ConfigurationError that names the variable, the value and the bound."""
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for each in error.errors():
            name = PREFIX + "_".join(str(part) for part in each["loc"]).upper()
            value = "[hidden]" if "@" in str(each["input"]) else repr(each["input"])  # a password
            lines.append(f"{name}={value}: {each['msg']}" if each["loc"] else each["msg"])
        raise ConfigurationError("\n".join(lines)) from None
