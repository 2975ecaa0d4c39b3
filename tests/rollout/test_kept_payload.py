"""The payload on the disk: whole or not at all, whoever writes and whoever dies; one a source."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.rollout import SELLING_HALT, KeptPayload, UnleashToggles, kept_payload_path
from app.rollout.unleash_server import FetchOutcome
from tests.rollout.toggles_contract import HERE, a_feature, a_payload

ROOT = Path(__file__).parents[2]
WRITERS = 3
ROUND_SECONDS = 2.0
URL = "http://unleash.example.com/api"

WRITER = """
import sys
from pathlib import Path
from app.rollout import KeptPayload
path, number = Path(sys.argv[1]), int(sys.argv[2])
kept = KeptPayload(path)
print("writes", flush=True)
for turn in range(1_000_000):
    kept.write('{"by": %d, "words": "%s"}' % (number, "x" * ((turn * 7919 * number) % 200_000)))
"""


class NeverAsked:
    async def fetch_features(self, etag: str) -> FetchOutcome:
        raise AssertionError(f"asked the network, knowing {etag!r}")


def toggles_on(path: Path) -> UnleashToggles:
    return UnleashToggles(NeverAsked(), KeptPayload(path), refresh_seconds=1)


@pytest.mark.slow
def test_several_processes_write_it_and_are_killed_and_it_is_always_whole(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    path = tmp_path / "unleash.json"

    def start(number: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stdout.readline() == b"writes\n"
        return process

    writers = {number: start(number) for number in range(1, WRITERS + 1)}
    seen: set[int] = set()
    deadline = time.monotonic() + ROUND_SECONDS
    try:
        while time.monotonic() < deadline or len(seen) < WRITERS:
            assert time.monotonic() < deadline + 30, seen
            if path.exists():
                seen.add(json.loads(path.read_text())["by"])
            if chance.random() < 0.002:
                number = chance.choice(list(writers))
                end(writers[number])
                json.loads(path.read_text())
                writers[number] = start(number)
    finally:
        for each in writers.values():
            end(each)
    assert seen == set(range(1, WRITERS + 1))
    json.loads(path.read_text())


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(5)
    assert process.stdout
    process.stdout.close()


def test_what_is_kept_is_in_force_at_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "unleash.json"
    KeptPayload(path).write(a_payload(a_feature(SELLING_HALT.name)))
    toggles = toggles_on(path)
    assert toggles.why_silent() is None
    assert toggles.is_on(SELLING_HALT, HERE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"{", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_broken_on_the_disk_is_said_and_is_as_nothing(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "unleash.json"
    path.write_bytes(content)
    with capture_logs() as lines:
        toggles = toggles_on(path)
    assert [each["event"] for each in lines] == ["kept toggles cannot be used"]
    assert toggles.why_silent() is not None
    assert not toggles.is_on(SELLING_HALT, HERE)


def test_the_same_words_are_written_once(tmp_path: Path) -> None:
    path = tmp_path / "unleash.json"
    kept = KeptPayload(path)
    kept.write("words")
    before = path.stat()
    kept.write("words")
    assert path.stat().st_ino == before.st_ino
    assert KeptPayload(path).read() == "words"


def test_what_was_kept_of_one_server_project_or_environment_is_not_in_force_for_another(
    tmp_path: Path,
) -> None:
    sources = [
        (URL, "default:production.one"),
        (URL, "default:development.one"),
        (URL, "shop:production.one"),
        (URL.replace("unleash", "other"), "default:production.one"),
        (URL, "one-without-a-scope"),
    ]
    paths = {kept_payload_path(tmp_path, url, token) for url, token in sources}
    assert len(paths) == len(sources)
    assert {path.parent for path in paths} == {tmp_path}


def test_a_token_that_was_changed_for_another_of_its_kind_keeps_what_was_kept(
    tmp_path: Path,
) -> None:
    one, other = (
        kept_payload_path(tmp_path, URL, f"default:production.{secret}") for secret in ("a.b", "c")
    )
    assert one == other
