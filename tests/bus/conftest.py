"""A stream of its own for each test that asks for one. Assertions of the contract suite are
explained like those of tests."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from app.bus.kinesis_connection import KinesisConnection, open_kinesis
from tests.bus.kinesis_faults import Faults
from tests.servers.kinesalite import KinesaliteServer, a_stream

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

KINESIS_SHARDS = 4

pytest.register_assert_rewrite("tests.contracts.bus")


@pytest.fixture
async def client(kinesalite: KinesaliteServer) -> AsyncIterator["KinesisClient"]:
    """Of the test itself; the bus has its own."""
    async with kinesalite.client() as client:
        yield client


@pytest.fixture
async def stream(client: "KinesisClient") -> AsyncIterator[str]:
    async with a_stream(client, shards=KINESIS_SHARDS) as name:
        yield name


@pytest.fixture
async def kinesis_connection(
    aws_environment: None, kinesalite: KinesaliteServer, stream: str
) -> AsyncIterator[KinesisConnection]:
    async with open_kinesis(stream, endpoint_url=kinesalite.url, timeout_seconds=5) as connection:
        yield connection


@pytest.fixture
def faults(kinesis_connection: KinesisConnection) -> Faults:
    return Faults(kinesis_connection._client)
