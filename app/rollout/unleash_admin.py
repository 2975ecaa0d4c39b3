"""Makes the catalogue known to an Unleash server, through its admin API.

Only what is missing is made. What is there belongs to whoever clicks: its state, its strategies and
its words are never changed, however often this runs.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from app.rollout.catalogue import Toggle
from app.rollout.unleash_server import Token, open_unleash_session
from app.runtime.errors import ConfigurationError, Unavailable

CALL_SECONDS_MAX = 10.0
DETAIL_CHARACTERS_MAX = 300

CONTEXT_FIELDS: Mapping[str, str] = {
    "eventId": "Taquilla: the event that is sold",
    "organiserId": "Taquilla: whose event it is",
}
"""What constraints may ask for beside Unleash's own fields; its pages offer only what it knows."""


class SyncWord(StrEnum):
    CREATED = "created"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one thing, and what a person should know of it."""

    word: SyncWord
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Any

    @property
    def says(self) -> str:
        """Unleash's own words, cut short."""
        words = self.body.get("message") if isinstance(self.body, dict) else None
        return f"HTTP {self.status}: {words or 'no reason given'}"[:DETAIL_CHARACTERS_MAX]


class UnleashAdmin:
    """Made by `open_unleash_admin`. Methods raise Unavailable when the server does not do its part,
    ConfigurationError when it does not know, or does not let us."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def sync(
        self, catalogue: Sequence[Toggle], project: str, environment: str
    ) -> list[Synced]:
        await self._check_place(project, environment)
        done = [await self._sync_field(name, words) for name, words in CONTEXT_FIELDS.items()]
        return done + [await self._sync_toggle(each, project, environment) for each in catalogue]

    async def _check_place(self, project: str, environment: str) -> None:
        answer = await self._call("GET", f"/admin/environments/project/{quote(project, safe='')}")
        if answer.status == 404:
            raise ConfigurationError(f"Unleash has no project {project!r}")
        known = [each["name"] for each in self._expect(answer, 200)["environments"]]
        if environment not in known:
            raise ConfigurationError(
                f"project {project!r} has no environment {environment!r}; it has: "
                f"{', '.join(known) or 'none'}"
            )

    async def _sync_field(self, name: str, description: str) -> Synced:
        known = self._expect(await self._call("GET", "/admin/context"), 200)
        if name in {each["name"] for each in known}:
            return Synced(SyncWord.KEPT, name, "context field")
        field = {"name": name, "description": description, "stickiness": True}
        answer = await self._call("POST", "/admin/context", field)
        self._expect(answer, 201, 409)  # 409: somebody was faster
        return Synced(SyncWord.CREATED, name, "context field")

    async def _sync_toggle(self, toggle: Toggle, project: str, environment: str) -> Synced:
        features = f"/admin/projects/{quote(project, safe='')}/features"
        found = await self._call("GET", f"{features}/{toggle.name}")
        if found.status == 200:
            return _kept(toggle, environment, found.body)
        self._expect(found, 404)
        created = await self._call(
            "POST",
            features,
            {
                "name": toggle.name,
                "type": toggle.kind.value,
                "description": toggle.description,
                "impressionData": False,  # doubles the cost of a verdict
            },
        )
        if created.status == 409:  # archived, or another project's
            return Synced(SyncWord.REFUSED, toggle.name, created.says)
        self._expect(created, 201)
        if not toggle.default:
            return Synced(SyncWord.CREATED, toggle.name, f"{toggle.kind}, off everywhere")
        # Created is off, which would take away what the default gives.
        switch = f"{features}/{toggle.name}/environments/{quote(environment, safe='')}/on"
        self._expect(await self._call("POST", switch), 200)
        return Synced(SyncWord.CREATED, toggle.name, f"{toggle.kind}, on in {environment} only")

    async def _call(self, method: str, path: str, body: object = None) -> _Answer:
        try:
            async with self._session.request(
                method,
                self._url + path,
                data=None if body is None else orjson.dumps(body),
                allow_redirects=False,
            ) as answer:
                return _Answer(answer.status, _read_json(await answer.read()))
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise Unavailable(f"Unleash: {type(error).__name__} {error}".strip()) from None

    def _expect(self, answer: _Answer, *statuses: int) -> Any:
        if answer.status in statuses:
            return answer.body
        if answer.status in {401, 403}:
            raise ConfigurationError(f"TAQUILLA_UNLEASH_ADMIN_TOKEN: Unleash says {answer.says}")
        raise Unavailable(f"Unleash: {answer.says}")


@asynccontextmanager
async def open_unleash_admin(url: str, token: Token) -> AsyncIterator[UnleashAdmin]:
    """`url` ends in /api; `token` is an admin token."""
    headers = {"Content-Type": "application/json"}
    async with open_unleash_session(
        token, timeout_seconds=CALL_SECONDS_MAX, headers=headers
    ) as session:
        yield UnleashAdmin(url, session)


def _kept(toggle: Toggle, environment: str, feature: Mapping[str, Any]) -> Synced:
    states = {each["name"]: each["enabled"] for each in feature.get("environments", [])}
    note = f"{feature.get('type')}, {'on' if states.get(environment) else 'off'} in {environment}"
    if feature.get("type") != toggle.kind:
        note += f"; the catalogue says {toggle.kind}"
    return Synced(SyncWord.KEPT, toggle.name, note)


def _read_json(content: bytes) -> Any:
    """None for what is not JSON: the status then tells enough."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
