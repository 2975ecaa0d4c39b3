"""Toggles from a file: the contract, and what can happen to a file."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.rollout import SELLING_FREE, SELLING_HALT, FileToggles
from app.runtime.metrics import TOGGLE_RELOADS
from tests.rollout.toggles_contract import (
    HERE,
    Feature,
    TogglesContract,
    ToggleSource,
    a_feature,
    a_payload,
)


class FileSource:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.toggles = FileToggles(path)

    def publish(self, features: Sequence[Feature]) -> None:
        """Beside it and over it, as an editor does."""
        draft = self.path.with_suffix(".new")
        draft.write_text(a_payload(*features))
        draft.replace(self.path)

    def fail(self) -> None:
        self.path.unlink()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "toggles.json"


class TestFileToggles(TogglesContract):
    @pytest.fixture
    def source(self, path: Path) -> ToggleSource:
        return FileSource(path)


HALTED = a_feature(SELLING_HALT.name)
UNUSABLE = {
    "empty": "",
    "half written": a_payload(HALTED)[:-20],
    "not JSON": "selling.halt: off",
    "not an object": "[]",
    "no features": '{"version": 2}',
    "features of another shape": '{"version": 2, "features": {"selling.halt": false}}',
    "a feature without a name": '{"version": 2, "features": [{"enabled": true}]}',
    "enabled as a word": a_payload({"name": "selling.halt", "enabled": "no", "strategies": []}),
    "a strategy without a name": a_payload({**HALTED, "strategies": [{}]}),
    "a number that the SDK wants as a text": a_payload(
        {**HALTED, "strategies": [{"name": "flexibleRollout", "parameters": {"rollout": 100}}]}
    ),
    "too deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_that_cannot_be_used_leaves_the_halt_in_force(path: Path, text: str) -> None:
    path.write_text(a_payload(HALTED))
    toggles = FileToggles(path)
    refused = TOGGLE_RELOADS.labels("refused")._value.get()
    path.write_text(text)
    assert not toggles.refresh()
    assert toggles.is_on(SELLING_HALT, HERE)
    assert TOGGLE_RELOADS.labels("refused")._value.get() == refused + 1


def test_bytes_that_are_no_text_leave_the_halt_in_force(path: Path) -> None:
    path.write_text(a_payload(HALTED))
    toggles = FileToggles(path)
    path.write_bytes(b"\xff\xfe" + path.read_bytes())
    assert not toggles.refresh()
    assert toggles.is_on(SELLING_HALT, HERE)


def test_an_unusable_file_is_refused_once_and_not_at_every_refresh(path: Path) -> None:
    path.write_text("{")
    toggles = FileToggles(path)
    refused = TOGGLE_RELOADS.labels("refused")._value.get()
    for _ in range(3):
        assert not toggles.refresh()
    assert TOGGLE_RELOADS.labels("refused")._value.get() == refused


def test_a_missing_file_is_counted_once(path: Path) -> None:
    refused = TOGGLE_RELOADS.labels("refused")._value.get()
    toggles = FileToggles(path)
    toggles.refresh()
    assert TOGGLE_RELOADS.labels("refused")._value.get() == refused + 1


def test_a_half_written_file_is_read_again_when_it_is_whole(path: Path) -> None:
    path.write_text(a_payload(a_feature(enabled=False)))
    toggles = FileToggles(path)
    whole = a_payload(a_feature())
    path.write_text(whole[:50])
    assert not toggles.refresh()
    with path.open("a") as file:
        file.write(whole[50:])
    assert toggles.refresh()
    assert toggles.is_on(SELLING_FREE, HERE)


def test_an_edit_is_felt_though_size_and_time_of_writing_are_the_old_ones(path: Path) -> None:
    on = a_payload(a_feature(enabled=True)).replace("true", "true ")
    off = a_payload(a_feature(enabled=False))
    assert len(on) == len(off)
    path.write_text(on)
    toggles = FileToggles(path)
    before = path.stat()
    path.write_text(off)
    for _ in range(100_000):  # until the clock of the file system has ticked
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.stat().st_ctime_ns != before.st_ctime_ns:
            break
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert toggles.refresh()
    assert not toggles.is_on(SELLING_FREE, HERE)


def test_a_folder_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()
    assert not FileToggles(path).refresh()


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_the_file_is_refused_and_waited_for_by_nobody(path: Path) -> None:
    os.mkfifo(path)
    assert not FileToggles(path).is_on(SELLING_FREE, HERE)


def test_no_thread_is_started_and_nobody_is_called(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("toggles from a file asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    path.write_text(a_payload(a_feature()))
    before = threading.active_count()
    toggles = FileToggles(path)
    assert toggles.is_on(SELLING_FREE, HERE)
    assert threading.active_count() == before


def test_several_in_one_process_are_silent_and_leave_nothing_at_home(tmp_path: Path) -> None:
    """As a user sees it: a process of its own, with warnings shown and nothing configured."""
    path, home = tmp_path / "toggles.json", tmp_path / "home"
    home.mkdir()
    path.write_text(json.dumps({"version": 2, "features": [a_feature()]}))
    program = (
        "import sys; from pathlib import Path; from app.rollout import *\n"
        "from app.domain.ids import EventId\n"
        "import structlog, logging\n"
        "structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))\n"
        "all_of_them = [FileToggles(Path(sys.argv[1])) for _ in range(3)]\n"
        "assert all(t.is_on(SELLING_FREE, ToggleContext(EventId('e'))) for t in all_of_them)\n"
        "assert not any(t.is_on(SELLING_HALT, ToggleContext(EventId('e'))) for t in all_of_them)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "default", "-c", program, str(path)],
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
