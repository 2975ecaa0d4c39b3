"""Whatever the Unleash server does: the last good payload stays, one log line a change of state,
bounded waits, and the token is nowhere to be read."""

import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.rollout import (
    SELLING_FREE,
    SELLING_HALT,
    KeptPayload,
    Token,
    UnleashToggles,
    open_unleash_server,
    unleash_server,
)
from app.runtime.errors import ConfigurationError
from app.runtime.metrics import TOGGLE_RELOADS
from tests.rollout.hostile_server import (
    HostileServer,
    Script,
    cut_off,
    drip,
    flood,
    hang,
    hostile_server,
    raw,
    reply,
)
from tests.rollout.toggles_contract import HERE, a_feature, a_payload

SECRET = "default:development.never-to-be-seen"
TIMEOUT_SECONDS = 0.3
HALTED = a_payload(a_feature(SELLING_HALT.name)).encode()
RELEASED = a_payload(a_feature(SELLING_HALT.name, enabled=False)).encode()

UNREACHABLE: dict[str, Script] = {
    "500": reply(500),
    "503 with a good payload": reply(503, HALTED),
    "429": reply(429, retry_after="60"),
    "404": reply(404, b'{"message": "not here"}'),
    "204": reply(204),
    "304 that nobody asked for": reply(304),
    "a redirect": reply(302, location="http://127.0.0.1:9/api/client/features"),
    "a hang": hang,
    "a drip": drip,
    "no word": raw(b""),
    "a head that is cut off": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "a body that is cut off": cut_off(HALTED),
    "another protocol": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "chunks that are none": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    "a header without end": raw(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000),
    "no gzip": reply(200, HALTED, content_encoding="gzip"),
}
REFUSED: dict[str, Script] = {
    "HTML": reply(200, b"<!doctype html><title>Unleash</title>", content_type="text/html"),
    "nothing": reply(200),
    "JSON that is cut off": reply(200, HALTED[:-20]),
    "another JSON": reply(200, b'{"message": "hello"}'),
    "too deep": reply(200, b"[" * 100_000),
    "bytes that are no text": reply(200, b"\xff\xfe" + HALTED),
    "what the SDK cannot read": reply(200, HALTED.replace(b'"100"', b"100")),
    "more than there can be": flood,
}
FORBIDDEN: dict[str, Script] = {
    "401": reply(401, b'{"message": "requires an API token"}'),
    "403": reply(403),
}
ALL = [
    pytest.param(script, word, id=f"{word}: {name}")
    for word, scripts in {
        "unreachable": UNREACHABLE,
        "refused": REFUSED,
        "forbidden": FORBIDDEN,
    }.items()
    for name, script in scripts.items()
]


@asynccontextmanager
async def toggles_of(url: str, folder: Path) -> AsyncIterator[UnleashToggles]:
    async with open_unleash_server(
        url, Token.of(SECRET, "TOKEN"), timeout_seconds=TIMEOUT_SECONDS, instance_id="tests"
    ) as server:
        yield UnleashToggles(server, KeptPayload(folder / "kept.json"), refresh_seconds=1)


@pytest.fixture(autouse=True)
def _nothing_is_logged_with_a_trace_or_the_token(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """By the libraries neither, at whatever level. And a flood is over sooner."""
    monkeypatch.setattr(unleash_server, "PAYLOAD_BYTES_MAX", 1_000_000)
    caplog.set_level(logging.DEBUG)
    yield
    assert not [record for record in caplog.records if record.exc_info]
    assert "never-to-be-seen" not in caplog.text


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as server:
        yield server


def counted(word: str) -> float:
    return float(TOGGLE_RELOADS.labels(word)._value.get())


@pytest.mark.parametrize(("script", "word"), ALL)
async def test_the_halt_stays_in_force_and_one_line_says_why(
    server: HostileServer, tmp_path: Path, script: Script, word: str
) -> None:
    server.answer = reply(200, HALTED)
    async with toggles_of(server.url, tmp_path) as toggles:
        await toggles.step()
        assert toggles.refresh()
        server.answer = script
        before, began = counted(word), time.monotonic()
        with capture_logs() as lines:
            for _ in range(3):
                await toggles.step()
                assert not toggles.refresh()
        assert time.monotonic() - began < 3 * TIMEOUT_SECONDS + 2
        assert toggles.is_on(SELLING_HALT, HERE)
        assert counted(word) == before + 3
        assert [(line["event"], str(line["fault"])) for line in lines] == [("no new toggles", word)]
        assert "never-to-be-seen" not in str(lines)
    assert (tmp_path / "kept.json").read_bytes() == HALTED


@pytest.mark.parametrize("script", [hang, reply(500), reply(200, b"{"), reply(401)])
async def test_a_server_that_comes_to_its_senses_is_heard_and_one_line_says_so(
    server: HostileServer, tmp_path: Path, script: Script
) -> None:
    server.answer = reply(200, HALTED)
    async with toggles_of(server.url, tmp_path) as toggles:
        await toggles.step()
        toggles.refresh()
        server.answer = script
        await toggles.step()
        server.answer = reply(200, RELEASED)
        with capture_logs() as lines:
            for _ in range(3):
                await toggles.step()
                toggles.refresh()
        assert [each["event"] for each in lines] == [
            "Unleash gives toggles again",
            "toggles loaded",
        ]
        assert not toggles.is_on(SELLING_HALT, HERE)
    assert (tmp_path / "kept.json").read_bytes() == RELEASED


async def test_another_trouble_is_another_line(server: HostileServer, tmp_path: Path) -> None:
    async with toggles_of(server.url, tmp_path) as toggles:
        with capture_logs() as lines:
            for script in (reply(500), reply(502), reply(401), reply(403), reply(200, b"<html>")):
                server.answer = script
                await toggles.step()
    assert [str(each["fault"]) for each in lines] == ["unreachable", "forbidden", "refused"]


async def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
        async with toggles_of(url, tmp_path) as toggles:
            await toggles.step()
            assert "(unreachable)" in str(toggles.why_silent())
            assert toggles.is_on(SELLING_FREE, HERE) is SELLING_FREE.default


async def test_without_any_payload_the_defaults_stand_and_why_is_said_until_one_comes(
    server: HostileServer, tmp_path: Path
) -> None:
    server.answer = reply(401)
    async with toggles_of(server.url, tmp_path) as toggles:
        assert "not asked yet" in str(toggles.why_silent())
        await toggles.step()
        assert "forbidden" in str(toggles.why_silent())
        assert not toggles.is_on(SELLING_HALT, HERE)
        assert {each.enabled for each in toggles.describe()} == {None}
        server.answer = reply(200, HALTED)
        await toggles.step()
        toggles.refresh()
        assert toggles.why_silent() is None


async def test_the_token_goes_to_the_server_and_nowhere_else(
    server: HostileServer, tmp_path: Path
) -> None:
    server.answer = reply(302, location=server.url.replace("127.0.0.1", "localhost"))
    async with toggles_of(server.url, tmp_path) as toggles:
        await toggles.step()
    (request,) = server.requests  # not followed
    assert f"Authorization: {SECRET}\r\n" in request
    assert "never-to-be-seen" not in repr(Token.of(SECRET, "TAQUILLA_UNLEASH_TOKEN"))


@pytest.mark.parametrize(
    "text", ["", " ", "two words-never-to-be-seen", "never-to-be-seen\r\nx: y", "ñ"]
)
def test_a_token_that_cannot_be_a_header_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Token.of(text, "TAQUILLA_UNLEASH_TOKEN")
    assert "TAQUILLA_UNLEASH_TOKEN" in str(refused.value)
    assert "never" not in str(refused.value)


def test_a_token_read_from_a_file_may_end_its_line() -> None:
    assert Token.of(f"{SECRET}\n", "TOKEN").value == SECRET


async def test_an_etag_is_sent_back_and_its_304_keeps_everything(
    server: HostileServer, tmp_path: Path
) -> None:
    server.answer = reply(200, HALTED, etag='"7"')
    async with toggles_of(server.url, tmp_path) as toggles:
        await toggles.step()
        toggles.refresh()
        server.answer = reply(304)
        await toggles.step()
        assert not toggles.refresh()
        assert toggles.is_on(SELLING_HALT, HERE)
    assert 'If-None-Match: "7"' not in server.requests[0]
    assert 'If-None-Match: "7"' in server.requests[1]


async def test_a_payload_that_cannot_be_kept_is_in_force_and_tried_again(
    server: HostileServer, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.touch()  # a file where a folder is needed
    server.answer = reply(200, HALTED, etag='"7"')
    async with toggles_of(server.url, folder) as toggles:
        with capture_logs() as lines:
            for _ in range(2):
                await toggles.step()
        toggles.refresh()
        assert [str(each["fault"]) for each in lines] == ["not_kept"]
        assert toggles.is_on(SELLING_HALT, HERE)
        folder.unlink()
        await toggles.step()
    assert (folder / "kept.json").read_bytes() == HALTED
