"""An answer reaches whoever asked for it, or nobody: whatever the server does, whenever somebody
gives up."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
import uvloop
from hiredis import Reader

from app.runtime.errors import ContractError, DependencyError
from app.runtime.redis_connection import RedisConnection

ASKED = 1_000
AT_ONCE_MAX = 20
HASTE_SECONDS = 0.03
QUESTION_BYTES_MAX = 1_000


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_answers_late_in_parts_or_never_reach_only_who_asked(
    tmp_path: Path, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    run(_ask_an_unreliable_server(tmp_path / "r", random.Random(seed)))


async def _ask_an_unreliable_server(path: Path, dice: random.Random) -> None:
    """Everybody asks for words of his own; some are cancelled at any moment."""
    served: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.create_task(_answer_unreliably(reader, writer, dice)))

    async with await asyncio.start_unix_server(serve, path):
        connection = RedisConnection(
            f"unix://{path}", timeout_seconds=HASTE_SECONDS, connections_max=4
        )
        asked = await _ask_by_many(connection, dice)
        owed = len(connection._pool._in_use_connections) - len(connection._resting)
        await connection.aclose()
        await asyncio.gather(*served)
    ended = [each.result() for each in asked if not each.cancelled()]
    assert ended.count("answered") > ASKED / 10
    assert set(ended) == {"answered", "not answered"}
    assert owed == 0, "connections are lost"


async def _ask_by_many(connection: RedisConnection, dice: random.Random) -> list[asyncio.Task[str]]:
    asked: list[asyncio.Task[str]] = []
    asking: set[asyncio.Task[str]] = set()
    for number in range(ASKED):
        words = [f"{number}, {each}" for each in range(dice.choice([1, 1, 2, 5]))]
        task = asyncio.create_task(_ask(connection, words))
        asked.append(task)
        asking.add(task)
        if dice.random() < 0.3:
            asyncio.get_running_loop().call_later(dice.uniform(0, HASTE_SECONDS), task.cancel)
        if len(asking) >= dice.choice([1, 3, 8, AT_ONCE_MAX]):
            _, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*asking, return_exceptions=True)
    return asked


async def _ask(connection: RedisConnection, words: list[str]) -> str:
    """How it ended; what was answered if it is another's."""
    try:
        found = await connection.call_many([("ECHO", each) for each in words])
    except DependencyError:
        return "not answered"
    except ContractError as error:
        return "answered" if any(each in str(error) for each in words) else str(error)
    return "answered" if found == words else f"{words} are answered by {found}"


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
