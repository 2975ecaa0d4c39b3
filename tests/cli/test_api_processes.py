"""The API processes of one supervisor, and the folder where they share what they count."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import api_processes as api_processes_module
from app.cli.api_processes import api_processes, shared_metrics
from app.runtime.settings import Settings


def test_left_over_counts_are_removed_and_those_of_a_living_supervisor_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_processes_module, "MEMORY", tmp_path / "nothing")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(10)
    for process_id in (dead.pid, os.getpid(), os.getppid()):
        (tmp_path / "metrics" / str(process_id)).mkdir(parents=True)
        (tmp_path / "metrics" / str(process_id) / "counter_1.db").touch()
    with shared_metrics(tmp_path) as folder:
        assert list(folder.iterdir()) == []
        names = {each.name for each in folder.parent.iterdir()}
        assert names == {str(os.getpid()), str(os.getppid())}
    assert [each.name for each in folder.parent.iterdir()] == [str(os.getppid())]


@pytest.mark.skipif(sys.platform != "linux", reason="there is no folder in memory")
def test_counters_lie_in_memory_where_no_full_disk_can_end_their_writer(tmp_path: Path) -> None:
    with shared_metrics(tmp_path) as folder:
        assert folder.is_relative_to(api_processes_module.MEMORY)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not list(tmp_path.iterdir())
    assert not folder.parent.exists()


def test_a_dead_process_takes_its_gauges_along_and_leaves_its_counters(tmp_path: Path) -> None:
    for name in ("gauge_livemostrecent_77.db", "counter_77.db", "gauge_livemostrecent_78.db"):
        (tmp_path / name).touch()
    (spec, other) = api_processes(Settings(api_processes=2), 5, tmp_path)
    assert (spec.name, other.name) == ("api 1", "api 2")
    assert spec.on_exit is not None
    spec.on_exit(77)
    left = sorted(each.name for each in tmp_path.iterdir())
    assert left == ["counter_77.db", "gauge_livemostrecent_78.db"]
