"""An answer goes out whole, whatever parts it was written in, and none of it is lost or kept."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from app.cli.joined_writes import JOINED_BYTES_MAX, JoinedWrites


@dataclass
class Wire:
    """A transport that remembers what it was given, and how."""

    sent: list[bytes] = field(default_factory=list)
    closed: bool = False
    aborted: bool = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True


@pytest.fixture
def closes() -> list[str]:
    """How often the close was told of."""
    return []


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def joined(wire: Wire, closes: list[str]) -> JoinedWrites:
    transport = cast("asyncio.Transport", wire)
    return JoinedWrites(transport, asyncio.get_running_loop(), lambda: closes.append("closed"))


async def test_what_is_written_in_one_turn_is_one_write(joined: JoinedWrites, wire: Wire) -> None:
    for _ in range(2):
        joined.write(b"head, ")
        joined.write(b"body")
        await asyncio.sleep(0)
    assert wire.sent == [b"head, body"] * 2


async def test_what_was_written_goes_out_before_the_end(joined: JoinedWrites, wire: Wire) -> None:
    joined.write(b"last words")
    joined.close()
    assert (wire.sent, wire.closed) == ([b"last words"], True)
    await asyncio.sleep(0)
    assert wire.sent == [b"last words"]


async def test_to_one_who_has_gone_nothing_is_written(joined: JoinedWrites, wire: Wire) -> None:
    joined.write(b"too late")
    wire.close()
    await asyncio.sleep(0)
    assert wire.sent == []


async def test_the_close_is_told_once_and_only_if_it_is_ours(
    joined: JoinedWrites, wire: Wire, closes: list[str]
) -> None:
    joined.close()
    joined.close()
    assert closes == ["closed"]
    wire.close()
    assert closes == ["closed"]


async def test_an_abort_loses_what_was_not_sent(joined: JoinedWrites, wire: Wire) -> None:
    joined.write(b"too late")
    joined.abort()
    await asyncio.sleep(0)
    assert (wire.sent, wire.aborted) == ([], True)


async def test_no_more_than_the_bound_is_kept_back(joined: JoinedWrites, wire: Wire) -> None:
    part = b"a" * 1024
    for _ in range(1 + JOINED_BYTES_MAX // len(part)):
        joined.write(part)
    assert [len(each) for each in wire.sent] == [JOINED_BYTES_MAX + len(part)]
    joined.write(b"rest")
    await asyncio.sleep(0)
    assert wire.sent[1:] == [b"rest"]
