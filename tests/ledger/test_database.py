"""The border: what the databases do wrong becomes our own errors, and nothing else gets out."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from app.ledger import Ledger, open_ledger
from app.ledger.engines import parse_address
from app.ledger.tables import customers, progress
from app.runtime.errors import ConfigurationError, ContractError, Unavailable
from tests.ledger.conftest import Address
from tests.servers.postgresql import PostgresqlServer

HERE = Path()


@pytest.mark.parametrize("given", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_word_for_postgresql_gets_our_driver(given: str) -> None:
    url = parse_address(f"{given}://ana:secret@host/db?sslmode=require", HERE)
    assert url.drivername == "postgresql+asyncpg"
    assert url.query == {"ssl": "require"}


def test_without_a_url_it_is_a_file_in_the_data_directory() -> None:
    assert parse_address(None, Path("/data")).database == "/data/ledger.sqlite3"


@pytest.mark.parametrize(
    "given", ["mysql://ana:secret@host/db", "sqlite://", "sqlite:///:memory:", "nonsense"]
)
def test_other_databases_are_refused_without_showing_the_password(given: str) -> None:
    with pytest.raises(ConfigurationError, match="TAQUILLA_DATABASE_URL") as refused:
        parse_address(given, HERE)
    assert "secret" not in str(refused.value)


async def test_reading_and_then_writing_loses_no_update(ledger: Ledger) -> None:
    async with ledger._database.write() as connection:
        await connection.execute(progress.insert(), {"partition": 1, "epoch": 1, "seq": 0})

    async def add_one() -> None:
        async with ledger._database.write() as connection:
            query = select(progress.c.seq).with_for_update()
            seq = await connection.scalar(query)
            await connection.execute(update(progress).values(seq=(seq or 0) + 1))

    await asyncio.gather(*(add_one() for _ in range(40)))
    assert (await ledger.archive.heads())[next(iter(await ledger.archive.heads()))].seq == 40


async def test_a_read_sees_one_snapshot(ledger: Ledger) -> None:
    async with ledger._database.read() as connection:
        assert await connection.scalar(select(progress.c.seq)) is None
        async with ledger._database.write() as writing:
            await writing.execute(progress.insert(), {"partition": 1, "epoch": 1, "seq": 7})
        assert await connection.scalar(select(progress.c.seq)) is None


async def test_a_block_that_raises_writes_nothing(ledger: Ledger) -> None:
    async def fail() -> None:
        async with ledger._database.write() as connection:
            await connection.execute(progress.insert(), {"partition": 1, "epoch": 1, "seq": 7})
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await ledger.archive.heads() == {}


async def test_a_refused_statement_is_a_contract_error_without_personal_data(
    ledger: Ledger,
) -> None:
    row = {
        "customer_ref": "ana", "email": "ana@example.com", "first_seen_at_ms": 1,
        "updated_at_ms": 1,
    }  # fmt: skip

    async def insert() -> None:
        async with ledger._database.write() as connection:
            await connection.execute(customers.insert(), row)

    await insert()
    with pytest.raises(ContractError) as refused:
        await insert()
    assert "example.com" not in f"{refused.value} {refused.value.__cause__}"


async def test_a_lock_that_is_not_given_in_time_is_unavailable(address: Address) -> None:
    ledger = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=0.3)
    other = await open_ledger(address.url, data_dir=address.data_dir, timeout_seconds=10)
    async with other._database.write() as connection:
        await connection.execute(progress.insert(), {"partition": 1, "epoch": 1, "seq": 0})
        with pytest.raises(Unavailable):
            async with ledger._database.write() as waiting:
                await waiting.execute(progress.insert(), {"partition": 1, "epoch": 1, "seq": 0})
    assert len(await ledger.archive.heads()) == 1
    await ledger.aclose()
    await other.aclose()


async def test_a_caller_that_loses_patience_leaves_the_ledger_usable(ledger: Ledger) -> None:
    async with ledger._database.write() as connection:
        await connection.execute(text("SELECT 1"))
    for _ in range(20):
        task = asyncio.create_task(ledger.instance.write_once("key", "value"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await ledger.instance.write_once("key", "value") == "value"


async def test_a_server_that_is_not_there_is_unavailable(
    postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    for url in (
        f"postgresql://postgres@/postgres?host={tmp_path}",
        postgresql_server.maintenance_url.replace("/postgres?", "/no-such-database?"),
    ):
        ledger = await open_ledger(url, data_dir=tmp_path, timeout_seconds=5)
        with pytest.raises(Unavailable):
            await ledger.check()
        await ledger.aclose()


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    ledger = await open_ledger(None, data_dir=tmp_path, timeout_seconds=5)
    async with ledger._database.write() as connection:
        found = [
            await connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        assert raw.driver_connection.isolation_level is None, "the driver begins by itself"
    assert found == ["wal", 2, 1, 5000]
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING and row values"
    await ledger.aclose()
