"""`./taquilla openapi`: the document of the code, written without a setting, a server or a port."""

import os
import subprocess
import sys
from pathlib import Path

from tests.tidy.sources import ROOT


def test_it_writes_the_document_that_is_committed(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if "TAQUILLA" not in name}
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "openapi"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    written = (tmp_path / "openapi.json").read_bytes()
    assert written == (ROOT / "openapi.json").read_bytes(), "write it again: ./taquilla openapi"
    assert [path.name for path in tmp_path.iterdir()] == ["openapi.json"]
