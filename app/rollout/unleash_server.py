"""The Unleash server over HTTP: what it says, as values. Nothing here raises for what it answers.

The SDK is asked for verdicts, not for the fetch: its clients log a trace at every failed poll, have
no time-out for the whole of it, and put an answer in force before they know that they can read it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import aiohttp
from UnleashClient.constants import APPLICATION_HEADERS, FEATURES_URL

from app.runtime.errors import ConfigurationError

PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
"""Some 20,000 features; ours are a handful, but a token may see those of the whole company."""

_CHUNK_BYTES = 64 * 1024


class Fault(StrEnum):
    """Why there is nothing new. The words are labels of `taquilla_toggle_reloads_total`."""

    UNREACHABLE = "unreachable"
    """No connection, no answer in time, or one that is no word of Unleash (500, a redirect)."""
    FORBIDDEN = "forbidden"
    """The token was not accepted."""
    UNUSABLE = "refused"
    """An answer that is no payload, or one that the SDK cannot read."""
    NOT_KEPT = "not_kept"
    """Good, and in force, but it could not be written to the disk."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`etag` is empty when the server gave none."""

    text: str
    etag: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What was fetched with this etag still stands."""


@dataclass(frozen=True, slots=True)
class NotFetched:
    """`detail` is for the log; it never holds the token."""

    fault: Fault
    detail: str


FetchOutcome = Fetched | Unchanged | NotFetched


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A secret that becomes a header: not to be seen in a message or in a `repr`."""

    value: str
    setting: str

    @classmethod
    def of(cls, text: str, setting: str) -> Self:
        """Raises ConfigurationError, without the text."""
        value = text.strip()
        if not value or not (value.isascii() and value.isprintable()) or " " in value:
            raise ConfigurationError(f"{setting} must be a token of visible ASCII characters")
        return cls(value, setting)

    def __repr__(self) -> str:
        return f"Token({self.setting})"


class UnleashServer:
    """Made by `open_unleash_server`."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._features_url = url + FEATURES_URL
        self._session = session

    async def fetch_features(self, etag: str) -> FetchOutcome:
        """`etag`: of what is known already; empty for nothing. Bounded in time and in size."""
        headers = {"If-None-Match": etag} if etag else {}
        try:
            async with self._session.get(
                self._features_url, headers=headers, allow_redirects=False
            ) as answer:
                return await _read_answer(answer, etag)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            return NotFetched(Fault.UNREACHABLE, f"{type(error).__name__} {error}".strip())


@asynccontextmanager
async def open_unleash_session(
    token: Token, *, timeout_seconds: float, headers: Mapping[str, str]
) -> AsyncIterator[aiohttp.ClientSession]:
    """`timeout_seconds` is for a whole call, from the name of the host to the last byte."""
    async with aiohttp.ClientSession(
        headers={**headers, "Authorization": token.value},
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield session


@asynccontextmanager
async def open_unleash_server(
    url: str, token: Token, *, timeout_seconds: float, instance_id: str
) -> AsyncIterator[UnleashServer]:
    """`url` ends in /api; `token` is a backend token. Connects at the first call."""
    headers = {
        **APPLICATION_HEADERS,  # says what this SDK can read, segments for one
        "unleash-appname": "taquilla",
        "unleash-instanceid": instance_id,
    }
    async with open_unleash_session(
        token, timeout_seconds=timeout_seconds, headers=headers
    ) as session:
        yield UnleashServer(url, session)


async def _read_answer(answer: aiohttp.ClientResponse, etag: str) -> FetchOutcome:
    match answer.status:
        case 200:
            return await _read_payload(answer)
        case 304 if etag:
            return Unchanged()
        case 401 | 403:
            return NotFetched(Fault.FORBIDDEN, f"HTTP {answer.status}")
        case 301 | 302 | 303 | 307 | 308:
            return NotFetched(
                Fault.UNREACHABLE,
                f"HTTP {answer.status}: the token is not carried elsewhere; "
                "TAQUILLA_UNLEASH_URL must be the last address",
            )
        case status:
            return NotFetched(Fault.UNREACHABLE, f"HTTP {status}")


async def _read_payload(answer: aiohttp.ClientResponse) -> Fetched | NotFetched:
    content = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        content += chunk
        if len(content) > PAYLOAD_BYTES_MAX:
            return NotFetched(Fault.UNUSABLE, f"more than {PAYLOAD_BYTES_MAX} bytes")
    try:
        return Fetched(content.decode(), answer.headers.get("ETag", ""))
    except UnicodeDecodeError as error:
        return NotFetched(Fault.UNUSABLE, str(error))
