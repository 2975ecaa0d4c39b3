"""`./taquilla db`: up, down, and where the schema stands."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def db(data_dir: Path, *arguments: str, exit_code: int = 0) -> str:
    """What it says: its errors if it is to fail."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "db", *arguments],
        cwd=ROOT,
        env={**os.environ, "TAQUILLA_DATA_DIR": str(data_dir), "TAQUILLA_DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == exit_code, done.stderr
    return (done.stderr if exit_code else done.stdout).strip()


def test_the_schema_goes_up_twice_and_all_the_way_down(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    for _ in range(2):
        db(data_dir, "upgrade")
    current, newest = db(data_dir, "current").split(" (newest: ")
    assert f"{current})" == newest
    assert "add --yes" in db(data_dir, "downgrade", "base", exit_code=2)
    assert "nosuch" in db(data_dir, "downgrade", "nosuch", "--yes", exit_code=2)
    db(data_dir, "downgrade", "-1", "--yes")
    db(data_dir, "downgrade", "base", "--yes")
    assert db(data_dir, "current").startswith("none ")
