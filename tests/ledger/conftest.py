"""Every test of the ledger runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.ledger import Ledger, open_ledger, upgrade_ledger
from tests.servers.postgresql import (
    PostgresqlServer,
    drop_database,
    empty_database_url,
    fresh_database_url,
    start_postgresql,
)

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Address:
    """What `open_ledger` and `upgrade_ledger` are given."""

    url: str | None
    data_dir: Path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    server = start_postgresql()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    """Of a database without any table."""
    if request.param == "sqlite":
        yield Address(None, tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = empty_database_url(server)
    yield Address(url, tmp_path)
    drop_database(server, url)


@pytest.fixture(params=["sqlite", "postgresql"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Address]:
    """Of a database with all tables, empty."""
    if request.param == "sqlite":
        await upgrade_ledger(None, tmp_path)
        yield Address(None, tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    url = fresh_database_url(server)
    yield Address(url, tmp_path)
    drop_database(server, url)


@pytest.fixture
async def ledger(address: Address) -> AsyncIterator[Ledger]:
    ledger = await open_ledger(
        address.url, data_dir=address.data_dir, timeout_seconds=TIMEOUT_SECONDS
    )
    yield ledger
    await ledger.aclose()
