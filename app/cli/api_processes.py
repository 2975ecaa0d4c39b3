"""The API processes of one listener under a supervisor, and the folder where they share metrics."""

import contextlib
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from app.runtime.data_directory import is_running
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings
from app.runtime.supervisor import ChildSpec

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours in it is made with 0700, or not used
MEMORY_BYTES_MIN = 32 * 1024 * 1024
"""A process has less than one MiB of counters."""
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own


def api_processes(
    settings: Settings, listener_descriptor: int, metrics_folder: Path, *, internal: bool = False
) -> list[ChildSpec]:
    """`settings.api_processes` of them, all accepting on the one socket."""
    name = "internal api" if internal else "api"
    arguments = ["--listener-descriptor", str(listener_descriptor)]
    if internal:
        arguments.append("--internal")
    return [
        ChildSpec(
            name=f"{name} {number}",
            argv=[sys.executable, "-m", "app.cli", "serve", *arguments],
            environment={METRICS_VARIABLE: str(metrics_folder)},
            descriptors=(listener_descriptor,),
            on_exit=partial(_forget_live_gauges, metrics_folder),
        )
        for number in range(1, settings.api_processes + 1)
    ]


@contextlib.contextmanager
def shared_metrics(data_dir: Path) -> Iterator[Path]:
    """A fresh folder for the counters of one supervisor's API processes, gone in the end. What a
    killed supervisor left is removed by the next one."""
    parent = _metrics_parent(data_dir)
    try:
        parent.mkdir(mode=0o700, exist_ok=True)
        for left_over in parent.iterdir():
            process_id = int(left_over.name)
            # Our own id was somebody else's before: nobody has made the folder of this run yet.
            if process_id == os.getpid() or not is_running(process_id):
                shutil.rmtree(left_over, ignore_errors=True)
        folder = parent / str(os.getpid())
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigurationError(f"TAQUILLA_DATA_DIR={data_dir}: {error}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # somebody else's counters are in it
            parent.rmdir()


def _metrics_parent(data_dir: Path) -> Path:
    """In memory, where there is such a place: counters are written through a map of their file, and
    a disk that fills up under it ends the process with SIGBUS. Else in the data directory."""
    name = hashlib.sha256(str(data_dir.absolute()).encode()).hexdigest()[:16]
    parent = MEMORY / f"taquilla-{os.getuid()}-{name}"
    try:
        if shutil.disk_usage(MEMORY).free < MEMORY_BYTES_MIN:
            return data_dir / "metrics"
        parent.mkdir(mode=0o700, exist_ok=True)
        found = parent.lstat()
    except OSError:
        return data_dir / "metrics"
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return parent if is_ours else data_dir / "metrics"


def _forget_live_gauges(metrics_folder: Path, process_id: int) -> None:
    """Counters of a dead process still count; what it measured of itself does not."""
    mark_process_dead(process_id, str(metrics_folder))  # type: ignore[no-untyped-call]
