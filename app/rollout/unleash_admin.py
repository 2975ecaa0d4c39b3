"""Makes the catalogue known to an Unleash server, through its admin API.

Only what is missing is made. What is there belongs to whoever clicks: its state, its strategies and
its words are never changed, however often this runs.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import orjson
from pydantic import BaseModel, RootModel, ValidationError

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


_Shape = TypeVar("_Shape", bound=BaseModel)


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
    content: bytes

    @property
    def says(self) -> str:
        """Unleash's own words, cut short."""
        try:
            words = _Message.model_validate_json(self.content).message
        except ValidationError:
            words = "no reason given"
        return f"HTTP {self.status}: {words}"[:DETAIL_CHARACTERS_MAX]


class _Message(BaseModel):
    message: str


class _Environment(BaseModel):
    name: str
    visible: bool


class _Environments(BaseModel):
    environments: list[_Environment]


class _Field(BaseModel):
    name: str


class _Fields(RootModel[list[_Field]]):
    """Of a context."""


class _State(BaseModel):
    name: str
    enabled: bool


class _Feature(BaseModel):
    type: str
    environments: list[_State]


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
        """The server lists all environments, and shows which of them the project has."""
        answer = await self._call("GET", f"/admin/environments/project/{_quote(project)}")
        listed = _read(_Environments, _expect(answer, 200)).environments
        known = [each.name for each in listed if each.visible]
        if environment not in known:
            raise ConfigurationError(
                f"Unleash has no environment {environment!r} in project {project!r}; that project "
                f"has: {', '.join(known) or 'none, if there is such a project'}"
            )

    async def _sync_field(self, name: str, description: str) -> Synced:
        listed = _expect(await self._call("GET", "/admin/context"), 200)
        if name in {each.name for each in _read(_Fields, listed).root}:
            return Synced(SyncWord.KEPT, name, "context field")
        field = {"name": name, "description": description, "stickiness": True}
        answer = await self._call("POST", "/admin/context", field)
        _expect(answer, 201, 409)  # 409: somebody was faster
        return Synced(SyncWord.CREATED, name, "context field")

    async def _sync_toggle(self, toggle: Toggle, project: str, environment: str) -> Synced:
        features = f"/admin/projects/{_quote(project)}/features"
        found = _expect(await self._call("GET", f"{features}/{toggle.name}"), 200, 404)
        if found.status == 200:
            return _describe_kept(toggle, environment, _read(_Feature, found))
        feature = {
            "name": toggle.name,
            "type": toggle.kind.value,
            "description": toggle.description,
            "impressionData": False,  # doubles the cost of a verdict
        }
        created = _expect(await self._call("POST", features, feature), 201, 409)
        if created.status == 409:  # archived, or another project's
            return Synced(SyncWord.REFUSED, toggle.name, created.says)
        if not toggle.default:
            return Synced(SyncWord.CREATED, toggle.name, f"{toggle.kind}, off everywhere")
        # Created is off, which would take away what the default gives.
        switch = f"{features}/{toggle.name}/environments/{_quote(environment)}/on"
        _expect(await self._call("POST", switch), 200)
        return Synced(SyncWord.CREATED, toggle.name, f"{toggle.kind}, on in {environment} only")

    async def _call(self, method: str, path: str, body: object = None) -> _Answer:
        try:
            async with self._session.request(
                method,
                self._url + path,
                data=None if body is None else orjson.dumps(body),
                allow_redirects=False,
            ) as answer:
                return _Answer(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise Unavailable(f"Unleash: {type(error).__name__} {error}".strip()) from None


@asynccontextmanager
async def open_unleash_admin(url: str, token: Token) -> AsyncIterator[UnleashAdmin]:
    """`url` ends in /api; `token` is an admin token."""
    headers = {"Content-Type": "application/json"}
    async with open_unleash_session(
        token, timeout_seconds=CALL_SECONDS_MAX, headers=headers
    ) as session:
        yield UnleashAdmin(url, session)


def _describe_kept(toggle: Toggle, environment: str, feature: _Feature) -> Synced:
    is_on = any(each.enabled for each in feature.environments if each.name == environment)
    note = f"{feature.type}, {'on' if is_on else 'off'} in {environment}"
    if feature.type != toggle.kind:
        note += f"; the catalogue says {toggle.kind}"
    return Synced(SyncWord.KEPT, toggle.name, note)


def _expect(answer: _Answer, *statuses: int) -> _Answer:
    if answer.status in {401, 403}:
        raise ConfigurationError(f"TAQUILLA_UNLEASH_ADMIN_TOKEN: Unleash says {answer.says}")
    if answer.status not in statuses:
        raise Unavailable(f"Unleash: {answer.says}")
    return answer


def _read(shape: type[_Shape], answer: _Answer) -> _Shape:
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError:
        raise Unavailable("Unleash: an answer that is none of its API; is the URL right?") from None


def _quote(part: str) -> str:
    return quote(part, safe="")
