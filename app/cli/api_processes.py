"""The API processes of one listener under a supervisor, and the folder where they share metrics."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from app.runtime.data_directory import is_running
from app.runtime.errors import ConfigurationError
from app.runtime.settings import Settings
from app.runtime.supervisor import ChildSpec

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
    parent = data_dir / "metrics"
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


def _forget_live_gauges(metrics_folder: Path, process_id: int) -> None:
    """Counters of a dead process still count; what it measured of itself does not."""
    mark_process_dead(process_id, str(metrics_folder))  # type: ignore[no-untyped-call]
