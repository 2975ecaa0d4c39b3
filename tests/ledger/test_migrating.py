"""The schema: up, down, complete, and safe to bring up from many processes at once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect

from app.ledger import Ledger, downgrade_ledger, open_ledger, upgrade_ledger
from app.ledger.migrating import _run
from app.ledger.tables import metadata
from app.runtime.errors import Unavailable
from tests.ledger.conftest import Address

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def empty_ledger(empty_address: Address) -> AsyncIterator[Ledger]:
    ledger = await open_ledger(
        empty_address.url, data_dir=empty_address.data_dir, timeout_seconds=10
    )
    yield ledger
    await ledger.aclose()


async def test_upgrade_makes_every_table_and_downgrade_leaves_none(
    empty_address: Address, empty_ledger: Ledger
) -> None:
    for _ in range(2):
        await upgrade_ledger(empty_address.url, empty_address.data_dir)
        assert await _tables(empty_ledger) == set(metadata.tables)
        await downgrade_ledger(empty_address.url, empty_address.data_dir, "base")
        assert await _tables(empty_ledger) == set()


async def test_the_migrations_make_exactly_the_declared_tables(address: Address) -> None:
    await _run(address.url, address.data_dir, command.check)


async def test_check_tells_whether_the_schema_is_the_newest(
    empty_address: Address, empty_ledger: Ledger
) -> None:
    before = await empty_ledger.check()
    assert (before.current, before.is_newest) == (None, False)
    await upgrade_ledger(empty_address.url, empty_address.data_dir)
    assert (await empty_ledger.check()).is_newest


async def test_a_ledger_without_tables_is_unavailable(empty_ledger: Ledger) -> None:
    with pytest.raises(Unavailable):
        await empty_ledger.archive.heads()


async def test_many_may_upgrade_at_once(empty_address: Address, empty_ledger: Ledger) -> None:
    await asyncio.gather(
        *(upgrade_ledger(empty_address.url, empty_address.data_dir) for _ in range(5))
    )
    assert (await empty_ledger.check()).is_newest


async def test_alembic_itself_goes_to_the_database_of_the_settings(
    empty_address: Address, empty_ledger: Ledger
) -> None:
    settings = {
        "TAQUILLA_DATABASE_URL": empty_address.url or "",
        "TAQUILLA_DATA_DIR": str(empty_address.data_dir),
    }
    arguments = [sys.executable, "-m", "alembic", "upgrade", "head"]
    done = await asyncio.to_thread(
        lambda: subprocess.run(
            arguments, cwd=ROOT, env=os.environ | settings, capture_output=True, timeout=60,
            check=False,
        )
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (await empty_ledger.check()).is_newest


async def _tables(ledger: Ledger) -> set[str]:
    async with ledger._database.read() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return set(names) - {"alembic_version"}
