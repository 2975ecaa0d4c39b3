"""Answers that no Redis gives: whoever asked is not told another's, and not left waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.runtime.errors import OutcomeUnknown
from app.runtime.redis_connection import RedisConnection

QUESTION_BYTES_MAX = 1_000


@asynccontextmanager
async def talking_to(path: Path, *parts: bytes) -> AsyncIterator[RedisConnection]:
    """A server that answers each question with these, one by one; an empty one ends it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(QUESTION_BYTES_MAX):
            for part in parts:
                if not part:
                    writer.close()
                    return
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_unix_server(answer, path):
        connection = RedisConnection(f"unix://{path}", timeout_seconds=5, connections_max=1)
        try:
            yield connection
        finally:
            await connection.aclose()


async def test_an_answer_comes_in_as_many_parts_as_it_likes(tmp_path: Path) -> None:
    parts = [b"$", b"5", b"\r", b"\nfi", b"rst\r", b"\n"]
    async with talking_to(tmp_path / "r", *parts) as connection:
        assert await connection.call("ECHO", "first") == "first"
        assert await connection.call("ECHO", "again") == "first"


async def test_an_answer_too_many_reaches_nobody(tmp_path: Path) -> None:
    async with talking_to(tmp_path / "r", b"+first\r\n+stray\r\n") as connection:
        for _ in range(3):
            assert await connection.call("ECHO", "first") == "first"


async def test_half_an_answer_too_many_reaches_nobody(tmp_path: Path) -> None:
    async with talking_to(tmp_path / "r", b"+first\r\n+str") as connection:
        for _ in range(3):
            assert await connection.call("ECHO", "first") == "first"


@pytest.mark.parametrize("parts", [(b"nonsense\r\n",), (b"$5\r\nfi", b""), (b"",)])
async def test_an_answer_that_is_none_leaves_the_outcome_unknown(
    tmp_path: Path, parts: tuple[bytes, ...]
) -> None:
    async with talking_to(tmp_path / "r", *parts) as connection:
        async with asyncio.timeout(2):
            with pytest.raises(OutcomeUnknown):
                await connection.call("ECHO", "first")
