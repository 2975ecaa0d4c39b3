"""The connection to one Kinesis stream: short time-outs, no hidden retries, and errors that say
whether anything can have happened. Nobody else knows aiobotocore.

A call that was never sent, or that Kinesis refused, changed nothing: Unavailable. A write that was
sent and not answered may have been carried out: OutcomeUnknown.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientConnectorError
from botocore import exceptions
from botocore.parsers import ResponseParserError

from app.bus.contract import Shard
from app.runtime.errors import (
    ConfigurationError,
    ContractError,
    DependencyError,
    OutcomeUnknown,
    Unavailable,
)

if TYPE_CHECKING:  # a package of the tests
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import ListShardsInputTypeDef

T = TypeVar("T", bound=Mapping[str, object])
log = structlog.get_logger(__name__)

SHARD_PAGES_MAX: Final = 100
"""A page of ListShards holds 1,000 shards."""

_THROTTLES = frozenset({
    "KMSThrottlingException", "LimitExceededException", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "ThrottlingException",
})  # fmt: skip
_FOREIGN = frozenset({
    "AccessDeniedException", "ExpiredTokenException", "IncompleteSignature",
    "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationTokenException",
    "OptInRequired", "UnrecognizedClientException",
})  # fmt: skip
_OUR_MISTAKES = frozenset({
    "InvalidArgumentException", "SerializationException", "ValidationException",
})  # fmt: skip
_NEVER_SENT = (
    exceptions.ConnectTimeoutError,
    exceptions.CredentialRetrievalError,
    exceptions.NoCredentialsError,
    exceptions.ProxyConnectionError,
    exceptions.SSLError,
    exceptions.TokenRetrievalError,
)


class Throttled(Unavailable):
    """Too much, too often, for this shard: nothing was done; later it will be."""


class NotFound(Unavailable):
    """There is no such stream, or no such shard (any more)."""


class NotAllowed(Unavailable):
    """Kinesis does not know our credentials, or they may not do this."""


class IteratorExpired(Unavailable):
    """Five minutes old; one for the same position is as good."""


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """`hash_key`, below 2^128, decides which shard takes it."""

    partition_key: str
    hash_key: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """`sequence` is its number in the shard: digits, growing, with gaps."""

    sequence: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """`iterator` is where reading goes on; None: the shard was closed and this was the last of it.
    `behind_ms`: how far from the newest record; a page may be empty and still be behind."""

    records: Sequence[Record]
    iterator: str | None
    behind_ms: int


class KinesisConnection:
    """Every call is answered, or fails, within `timeout_seconds`."""

    def __init__(self, client: "KinesisClient", stream: str, *, timeout_seconds: float) -> None:
        self._client = client
        self._stream = stream
        self._timeout_seconds = timeout_seconds

    async def put(self, records: Sequence[OutgoingRecord]) -> list[str | None]:
        """Answers what kept each record from the stream, None for one that is on it. In what order
        they were taken is not known."""
        answer = await self._answer(
            self._client.put_records(
                StreamName=self._stream,
                Records=[
                    {
                        "PartitionKey": each.partition_key,
                        "ExplicitHashKey": str(each.hash_key),
                        "Data": each.payload,
                    }
                    for each in records
                ],
            ),
            "Records",
            OutcomeUnknown,
        )
        return [each.get("ErrorCode") for each in answer["Records"]]

    async def list_shards(self) -> list[Shard]:
        """Open ones, and closed ones whose records are not all forgotten."""
        shards: list[Shard] = []
        question: ListShardsInputTypeDef = {"StreamName": self._stream}
        for _ in range(SHARD_PAGES_MAX):
            answer = await self._answer(self._client.list_shards(**question), "Shards")
            for each in answer["Shards"]:
                parents = (each.get("ParentShardId"), each.get("AdjacentParentShardId"))
                shards.append(Shard(each["ShardId"], tuple(name for name in parents if name)))
            if not (token := answer.get("NextToken")):
                return shards
            question = {"NextToken": token}
        raise ContractError(f"stream {self._stream} has more than {len(shards)} shards")

    async def open_iterator(self, shard_id: str, after: str | None) -> str:
        """None: before the oldest record that is kept. A position that Kinesis does not know, as
        one of another stream of the same name, is a ContractError."""
        answer = await self._answer(
            self._client.get_shard_iterator(
                StreamName=self._stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
            )
            if after is None
            else self._client.get_shard_iterator(
                StreamName=self._stream,
                ShardId=shard_id,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                StartingSequenceNumber=after,
            ),
            "ShardIterator",
        )
        return answer["ShardIterator"]

    async def get(self, iterator: str, records_max: int) -> Page:
        answer = await self._answer(
            self._client.get_records(ShardIterator=iterator, Limit=records_max), "Records"
        )
        return Page(
            [Record(each["SequenceNumber"], each["Data"]) for each in answer["Records"]],
            answer.get("NextShardIterator"),
            answer.get("MillisBehindLatest", 0),
        )

    async def _answer(
        self,
        call: Coroutine[Any, Any, T],
        member: str,
        unanswered: type[DependencyError] = Unavailable,
    ) -> T:
        """An answer that has this member. `unanswered`: what to raise if nobody knows whether the
        call was carried out."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await call
        except TimeoutError as error:
            raise unanswered(f"Kinesis did not answer in {self._timeout_seconds} s") from error
        except exceptions.ClientError as error:
            raise _translate(error, unanswered) from error
        except exceptions.ParamValidationError as error:
            raise ContractError(f"Kinesis cannot be asked so: {error}") from error
        except (exceptions.BotoCoreError, ResponseParserError) as error:
            kind = Unavailable if _was_never_sent(error) else unanswered
            raise kind(f"no answer of Kinesis: {error}") from error
        if member not in answer:
            raise unanswered(f"not an answer of Kinesis, it has no {member}")
        return answer


@asynccontextmanager
async def open_kinesis(
    stream: str, *, endpoint_url: str | None, timeout_seconds: float
) -> AsyncIterator[KinesisConnection]:
    """Credentials and region are found as every AWS program finds them. Raises ConfigurationError
    if they are missing or refused, or if there is no such stream; a Kinesis that cannot be reached
    now may be reached later."""
    config = AioConfig(
        connect_timeout=timeout_seconds, read_timeout=timeout_seconds, retries={"max_attempts": 0}
    )
    async with AsyncExitStack() as stack:
        try:
            session = get_session()
            client = await stack.enter_async_context(
                session.create_client("kinesis", endpoint_url=endpoint_url, config=config)
            )
            credentials = await session.get_credentials()
        except exceptions.NoRegionError as error:
            raise _wrong(stream, "no region: set AWS_DEFAULT_REGION") from error
        except (exceptions.BotoCoreError, ValueError) as error:
            raise _wrong(stream, str(error)) from error
        if credentials is None:
            raise _wrong(stream, "no credentials: AWS_ACCESS_KEY_ID, a profile or a role")
        connection = KinesisConnection(client, stream, timeout_seconds=timeout_seconds)
        place = f"region {client.meta.region_name}, {client.meta.endpoint_url}"
        await _check(connection, stream, place)
        yield connection


async def _check(connection: KinesisConnection, stream: str, place: str) -> None:
    try:
        await connection.list_shards()
    except (NotFound, NotAllowed, ContractError) as error:
        raise _wrong(stream, f"{error} ({place})") from error
    except DependencyError as error:
        log.warning("Kinesis cannot be read yet", stream=stream, place=place, error=str(error))


def _wrong(stream: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"TAQUILLA_KINESIS_STREAM={stream}: {why}")


def _translate(
    error: exceptions.ClientError, unanswered: type[DependencyError]
) -> DependencyError | ContractError:
    code = error.response["Error"]["Code"]
    said = f"Kinesis: {code}: {error.response['Error'].get('Message', '')}"
    match code:
        case "ExpiredIteratorException":
            return IteratorExpired(said)
        case "ResourceNotFoundException":
            return NotFound(said)
        case _ if code in _THROTTLES:
            return Throttled(said)
        case _ if code in _FOREIGN:
            return NotAllowed(said)
        case _ if code in _OUR_MISTAKES:
            return ContractError(said)
        case _ if error.response["ResponseMetadata"].get("HTTPStatusCode", 500) >= 500:
            return unanswered(said)
        case _:
            return Unavailable(said)


def _was_never_sent(error: Exception) -> bool:
    """A connection that was never made; one that was cut off has the same name in botocore."""
    cause = error.kwargs.get("error") if isinstance(error, exceptions.BotoCoreError) else None
    return isinstance(error, _NEVER_SENT) or isinstance(cause, ClientConnectorError)
