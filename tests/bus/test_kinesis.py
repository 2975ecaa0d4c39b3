"""Kinesis is a bus, and what is particular to it. kinesalite stands in for Kinesis."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from app.bus import Bus
from app.bus.kinesis import KinesisBus
from app.bus.kinesis_connection import KinesisConnection
from tests.contracts.bus import BusContract
from tests.servers.kinesalite import KinesaliteServer, a_stream

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

SHARDS = 4


@pytest.fixture
async def client(kinesalite: KinesaliteServer) -> AsyncIterator["KinesisClient"]:
    async with kinesalite.client() as client:
        yield client


@pytest.fixture
async def stream(client: "KinesisClient") -> AsyncIterator[str]:
    async with a_stream(client, shards=SHARDS) as name:
        yield name


class TestKinesis(BusContract):
    @pytest.fixture
    async def bus(self, client: "KinesisClient", stream: str) -> Bus:
        connection = KinesisConnection(client, stream, timeout_seconds=5)
        return KinesisBus(connection, read_seconds=0)
