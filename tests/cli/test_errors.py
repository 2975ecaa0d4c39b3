"""What is broken is one message and an exit code, never a trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["serve", "worker", "dev"])
def test_a_wrong_setting_is_one_line_and_exit_code_2(command: str, tmp_path: Path) -> None:
    wrong = {"TAQUILLA_HTTP_PORT": "99999", "TAQUILLA_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", command],
        cwd=ROOT,
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("taquilla: TAQUILLA_HTTP_PORT='99999': ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()
