"""What is said of a Kinesis that is not there, not ours, or silent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.bus.kinesis_connection import (
    KinesisConnection,
    NotAllowed,
    OutgoingRecord,
    Throttled,
    open_kinesis,
)
from app.runtime.errors import ConfigurationError, ContractError, OutcomeUnknown, Unavailable
from tests.bus.kinesis_faults import Faults
from tests.servers.kinesalite import KinesaliteServer, a_stream

pytestmark = pytest.mark.usefixtures("aws_environment")
RECORDS = [OutgoingRecord("0", 0, b"payload")]


@asynccontextmanager
async def opened(
    url: str, stream: str = "any", timeout_seconds: float = 5
) -> AsyncIterator[KinesisConnection]:
    async with open_kinesis(stream, endpoint_url=url, timeout_seconds=timeout_seconds) as found:
        yield found


@pytest.fixture
async def connection(kinesalite: KinesaliteServer) -> AsyncIterator[KinesisConnection]:
    async with (
        kinesalite.client() as client,
        a_stream(client, shards=1) as stream,
        opened(kinesalite.url, stream) as connection,
    ):
        yield connection


@asynccontextmanager
async def a_server(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """Speaks with everyone in the same way; None: cuts the connection off."""
    finished = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = answer(await reader.read(65_536))
        if said is None:
            writer.transport.abort()
            return
        writer.write(said)
        await writer.drain()
        await finished.wait()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        finished.set()
        server.close()
        await server.wait_closed()


# At start -----------------------------------------------------------------------------------------


async def test_a_stream_that_is_not_there_is_said_at_start(kinesalite: KinesaliteServer) -> None:
    with pytest.raises(ConfigurationError, match=r"KINESIS_STREAM=nowhere: .*not found.*eu-west-1"):
        async with opened(kinesalite.url, "nowhere"):
            pass


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (["AWS_DEFAULT_REGION"], "no region: set AWS_DEFAULT_REGION"),
        (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "no credentials"),
        (["AWS_SECRET_ACCESS_KEY"], "[Pp]artial credentials"),
    ],
    ids=["region", "credentials", "half"],
)
async def test_what_is_missing_in_the_environment_is_said_at_start(
    missing: list[str], said: str, kinesalite: KinesaliteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in missing:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=said):
        async with opened(kinesalite.url):
            pass


@pytest.mark.parametrize("url", ["nonsense", "http://"])
async def test_an_address_that_is_none_is_said_at_start(url: str) -> None:
    with pytest.raises(ConfigurationError, match="any: "):
        async with opened(url):
            pass


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnrecognizedClientException"])
async def test_credentials_that_kinesis_refuses_are_said_at_start(code: str) -> None:
    body = b'{"__type": "%s", "message": "no"}' % code.encode()
    async with a_server(lambda _: _http(400, body)) as url:
        with pytest.raises(ConfigurationError, match=code):
            async with opened(url):
                pass


async def test_a_kinesis_that_cannot_be_reached_at_start_may_be_reached_later() -> None:
    async with opened("http://127.0.0.1:1") as connection:
        with pytest.raises(Unavailable):
            await connection.list_shards()


# Later --------------------------------------------------------------------------------------------


async def test_what_was_never_sent_is_not_published() -> None:
    async with opened("http://127.0.0.1:1") as connection:
        with pytest.raises(Unavailable):
            await connection.put(RECORDS)


async def test_a_connection_that_is_cut_off_leaves_a_publish_unknown() -> None:
    async with a_server(lambda _: None) as url, opened(url) as connection:
        with pytest.raises(OutcomeUnknown):
            await connection.put(RECORDS)
        with pytest.raises(Unavailable):
            await connection.list_shards()


async def test_a_silent_kinesis_leaves_a_publish_unknown_in_time() -> None:
    async with a_server(lambda _: b"") as url, opened(url, timeout_seconds=0.1) as connection:
        async with asyncio.timeout(5):
            with pytest.raises(OutcomeUnknown):
                await connection.put(RECORDS)
            with pytest.raises(Unavailable):
                await connection.list_shards()


async def test_an_answer_that_is_none_leaves_a_publish_unknown() -> None:
    async with a_server(lambda _: _http(200, b"<html>")) as url, opened(url) as connection:
        with pytest.raises(OutcomeUnknown):
            await connection.put(RECORDS)


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("ProvisionedThroughputExceededException", 400, Throttled),
        ("AccessDeniedException", 400, NotAllowed),
        ("ExpiredTokenException", 403, NotAllowed),
        ("InvalidArgumentException", 400, ContractError),
        ("ResourceInUseException", 400, Unavailable),
        ("InternalFailure", 500, OutcomeUnknown),
        ("ServiceUnavailable", 503, OutcomeUnknown),
    ],
)
async def test_errors_of_kinesis_are_ours(
    code: str, status: int, raised: type[Exception], connection: KinesisConnection
) -> None:
    Faults(connection._client).answer_error("PutRecords", code, status=status)

    with pytest.raises(raised, match=code) as caught:
        await connection.put(RECORDS)

    assert caught.type is raised


async def test_a_call_is_tried_once(connection: KinesisConnection) -> None:
    faults = Faults(connection._client)
    attempts: list[str] = []
    connection._client.meta.events.register(
        "before-send.kinesis", lambda request, **_: attempts.append(request.url)
    )
    faults.answer_error("GetRecords", "InternalFailure", status=500)
    for _ in range(2):
        with pytest.raises((Unavailable, ContractError)):
            await connection.get("an iterator that is none", 1)
    assert len(attempts) == 1


def _http(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
