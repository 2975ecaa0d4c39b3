"""Packages built and installed as a stranger would, with no index to ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tidy.sources import ROOT

ACME = ROOT / "tests/third_party/acme"


def run(arguments: list[str], folder: Path) -> str:
    """In an environment that knows neither this tree nor an index."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    ran = subprocess.run(
        arguments,
        cwd=folder,
        env={**kept, "UV_OFFLINE": "1", "UV_NO_CACHE": "1", "PIP_NO_INPUT": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0, f"{arguments}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def build_acme(folder: Path) -> Path:
    """The wheel of a payment method that somebody else wrote, without its tests."""
    source = folder / "acme"
    shutil.copytree(ACME, source, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    return build(source, folder)


def build(source: Path, folder: Path) -> Path:
    """With the backend that is a part of uv."""
    run(
        [
            *(sys.executable, "-m", "uv", "build", "--wheel", "--offline", "--no-config"),
            *("--python", sys.executable, "--out-dir", str(folder), str(source)),
        ],
        folder,
    )
    [wheel] = folder.glob("*.whl")
    return wheel
