"""Answers that no Redis gives: whoever asked is not told another's, and not left waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.runtime.errors import ContractError, OutcomeUnknown, Unavailable
from app.runtime.redis_connection import RedisConnection, TrustedRun
from app.runtime.redis_wire import WireBroken

QUESTION_BYTES_MAX = 1_000
POLLS_MAX = 10_000


@asynccontextmanager
async def talking_to(
    path: Path, *parts: bytes, trusted: TrustedRun | None = None
) -> AsyncIterator[RedisConnection]:
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
        connection = RedisConnection(
            f"unix://{path}", timeout_seconds=2, connections_max=1, trusted=trusted
        )
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


@pytest.mark.parametrize("answer", [b"$2\r\n\xff\xfe\r\n", b"*2\r\n+one\r\n$1\r\n\xff\r\n"])
async def test_an_answer_that_is_not_text_is_a_fault_of_our_own(
    tmp_path: Path, answer: bytes
) -> None:
    async with talking_to(tmp_path / "r", answer) as connection:
        for _ in range(3):
            with pytest.raises(ContractError, match="not UTF-8"):
                await connection.call("ECHO", "first")


async def test_a_server_that_does_not_name_its_run_uses_up_no_connection(tmp_path: Path) -> None:
    async with talking_to(tmp_path / "r", b"+no run\r\n", trusted=TrustedRun()) as connection:
        for _ in range(3):
            with pytest.raises(ContractError, match="run_id"):
                await connection.call("ECHO", "first")


async def test_a_server_with_too_many_clients_has_done_nothing(tmp_path: Path) -> None:
    refusal = b"-ERR max number of clients reached\r\n"
    async with talking_to(tmp_path / "r", refusal, b"") as connection:
        with pytest.raises(Unavailable, match="max number of clients"):
            await connection.call("ECHO", "first")


async def test_an_answer_behind_the_time_out_is_nobodys(tmp_path: Path) -> None:
    async with talking_to(tmp_path / "r", b"+first\r\n") as connection:
        await connection.call("ECHO", "first")
        (wire,) = connection._wires.values()
        asked = asyncio.create_task(wire.ask(b"ask", 1, 0))
        for _ in range(POLLS_MAX):
            await asyncio.sleep(0)
            if wire._answered and wire._answered.done():
                break
        wire.data_received(b"+late\r\n")  # before whoever asked has heard of the time-out
        with pytest.raises(TimeoutError):
            await asked
        with pytest.raises(WireBroken):
            await wire.ask(b"ask", 1, 5)
        assert await connection.call("ECHO", "first") == "first"


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_a_wire_that_owes_an_answer_is_asked_no_more(
    tmp_path: Path, is_cancelled: bool
) -> None:
    async with talking_to(tmp_path / "r", b"+first\r\n") as connection:
        await connection.call("ECHO", "first")
        (wire,) = connection._wires.values()
        asked = asyncio.create_task(wire.ask(b"ask", 1, 5 if is_cancelled else 0))
        await asyncio.sleep(0)
        if is_cancelled:
            asked.cancel()
        with pytest.raises((TimeoutError, asyncio.CancelledError)):
            await asked
        with pytest.raises(WireBroken):
            await wire.ask(b"ask", 1, 5)


async def test_two_questions_at_once_on_one_wire_are_a_bug(tmp_path: Path) -> None:
    async with talking_to(tmp_path / "r", b"+first\r\n") as connection:
        await connection.call("ECHO", "first")
        (wire,) = connection._wires.values()
        asked = asyncio.create_task(wire.ask(b"ask", 1, 5))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="somebody else"):
            await wire.ask(b"ask", 1, 5)
        assert await asked == ["first"]
