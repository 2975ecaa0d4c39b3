"""Answers that no Redis gives: whoever asked is not told another's, and not left waiting."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
import uvloop
from hiredis import Reader

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


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_answers_late_in_parts_or_never_reach_only_who_asked(
    tmp_path: Path, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    run(_ask_an_unreliable_server(tmp_path / "r", random.Random(seed)))


ASKED = 1_000
AT_ONCE_MAX = 20
HASTE_SECONDS = 0.03


async def _ask_an_unreliable_server(path: Path, dice: random.Random) -> None:
    """Everybody asks for words of his own, and is answered with them or not at all; some are
    cancelled at any moment. No connection is lost on the way."""
    connection = RedisConnection(f"unix://{path}", timeout_seconds=HASTE_SECONDS, connections_max=4)
    answered = 0

    async def ask(number: int) -> None:
        nonlocal answered
        words = [f"{number}, {each}" for each in range(dice.choice([1, 1, 2, 5]))]
        try:
            found = await connection.call_many([("ECHO", each) for each in words])
        except (OutcomeUnknown, Unavailable):
            return
        except ContractError as error:
            assert any(each in str(error) for each in words)  # noqa: PT017 - one of two outcomes
            return
        assert found == words
        answered += 1

    served: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.create_task(_answer_unreliably(reader, writer, dice)))

    async with await asyncio.start_unix_server(serve, path):
        asking: set[asyncio.Task[None]] = set()
        for number in range(ASKED):
            task = asyncio.create_task(ask(number))
            asking.add(task)
            if dice.random() < 0.3:
                asyncio.get_running_loop().call_later(dice.uniform(0, HASTE_SECONDS), task.cancel)
            if len(asking) >= dice.choice([1, 3, 8, AT_ONCE_MAX]):
                done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    with suppress(asyncio.CancelledError):
                        each.result()
        for outcome in await asyncio.gather(*asking, return_exceptions=True):
            assert outcome is None or isinstance(outcome, asyncio.CancelledError)
        assert answered > ASKED / 10
        assert len(connection._pool._in_use_connections) == len(connection._resting)
        await connection.aclose()
        await asyncio.gather(*served)


async def _answer_unreliably(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random
) -> None:
    questions = Reader(notEnoughData=None)
    with suppress(ConnectionError, RuntimeError):  # uvloop's word for a closed connection
        while data := await reader.read(QUESTION_BYTES_MAX):
            questions.feed(data)
            while question := cast("list[bytes] | None", questions.gets()):
                await _answer_somehow(writer, question[1], dice)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _answer_somehow(writer: asyncio.StreamWriter, word: bytes, dice: random.Random) -> None:
    whole = b"$%d\r\n%s\r\n" % (len(word), word)
    cut = dice.randrange(len(whole))
    match dice.choice(["at once"] * 12 + ["parts", "parts", "late", "error", "nonsense", "end"]):
        case "at once":
            writer.write(whole)
        case "parts":
            writer.write(whole[:cut])
            await asyncio.sleep(dice.choice([0, 0, HASTE_SECONDS]))
            writer.write(whole[cut:])
        case "late":
            await asyncio.sleep(dice.uniform(0, 2 * HASTE_SECONDS))
            writer.write(whole)
        case "error":
            writer.write(b"-ERR not for %s\r\n" % word)
        case "nonsense":
            writer.write(b"nonsense\r\n")
        case _:
            writer.write(whole[:cut])
            writer.transport.abort()
