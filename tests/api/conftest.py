"""The whole API in this process: a real Redis, a ledger file of its own, jobs stepped by hand."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.domain.ids import OrganiserId
from app.ledger import Scope, open_ledger, upgrade_ledger
from app.main import create_app
from app.rollout import catalogue_of, write_development_toggles
from app.runtime.jobs import Progress
from app.runtime.redis_connection import RedisConnection
from app.runtime.settings import Settings
from app.wiring import open_jobs
from tests.api.two_ways import Pair, build_pair
from tests.servers.redis import RedisServer, start_redis

EVENT: dict[str, Any] = {
    "id": "concert",
    "name": "Concert",
    "starts_at": "2030-06-20T20:00:00Z",
    "currency": "EUR",
    "pools": [{"id": "lawn", "capacity": 5}],
    "ticket_types": [
        {"id": "adult", "name": "Adult", "price": 0, "pools": ["lawn"], "max_per_customer": 4},
        {"id": "child", "name": "Child", "price": 0, "pools": ["lawn"]},
    ],
}


@dataclass
class Api:
    """`client` speaks HTTP to the application; `admin` are the headers of a key with all scopes."""

    client: httpx.AsyncClient
    admin: dict[str, str]
    settings: Settings
    application: FastAPI

    async def create_event(self, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post(
            "/v1/admin/events", json=EVENT | changes, headers=self.admin
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def open_event(self, **changes: Any) -> None:
        created = await self.create_event(**changes)
        answer = await self.client.post(
            f"/v1/admin/events/{created['id']}/open", headers=self.admin
        )
        assert answer.status_code == 200, answer.text

    async def order(
        self,
        *lines: tuple[str, int],
        key: str = "key-0000000000000000",
        email: str = "ana@example.com",
        event: str = "concert",
        **fields: Any,
    ) -> httpx.Response:
        body = {
            "customer": {"email": email},
            "lines": [{"ticket_type": name, "quantity": quantity} for name, quantity in lines],
        }
        return await self.client.post(
            f"/v1/events/{event}/orders", json=body | fields, headers={"Idempotency-Key": key}
        )

    async def set_toggles(self, **enabled: bool) -> None:
        """Edits the file as a person would; the running jobs must notice."""
        path = self.settings.toggles_path
        document = json.loads(path.read_text())
        for feature in document["features"]:
            feature["enabled"] = enabled.get(feature["name"].replace(".", "_"), feature["enabled"])
        path.write_text(json.dumps(document))

    async def settle(self) -> None:
        """Relay and projector until nothing is left to do."""
        async with open_jobs(self.settings) as jobs:
            for name in ("relay", "projector"):
                while await jobs[name].step() is Progress.MORE:
                    pass


@pytest.fixture(scope="session")
def pair() -> Pair:
    return build_pair()


@pytest.fixture(scope="session")
def durable_redis() -> Iterator[RedisServer]:
    """With the append-only file that the service insists on."""
    server = start_redis(appendonly=True)
    yield server
    server.stop()


@pytest.fixture
def settings(durable_redis: RedisServer, tmp_path: Path) -> Settings:
    write_development_toggles(tmp_path / "toggles.json", catalogue_of(("hack", "sandbox")))
    return Settings(env="development", data_dir=tmp_path, redis_url=durable_redis.url)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    assert settings.redis_url
    redis = RedisConnection(settings.redis_url, timeout_seconds=5, connections_max=2)
    await redis.call("FLUSHALL")
    await redis.aclose()
    await upgrade_ledger(settings.database_url, settings.data_dir)
    ledger = await open_ledger(
        settings.database_url, data_dir=settings.data_dir, timeout_seconds=30
    )
    created = await ledger.api_keys.create(OrganiserId("hall"), "tests", frozenset(Scope), 0)
    await ledger.aclose()
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        assert (await client.get("/readyz")).status_code == 200
        yield Api(client, {"Authorization": f"Bearer {created.secret_text}"}, settings, app)
