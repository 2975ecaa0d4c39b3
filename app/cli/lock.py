"""`./taquilla lock`: remakes requirements/*.txt from the groups in pyproject.toml.

Names, markers and hashes only: no address of an index and no path of this machine gets in, because
every setting that could bring one is taken out of the environment first.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.runtime.errors import ConfigurationError, TaquillaError

PYTHON_MIN = "3.11"
_GROUPS: dict[str, list[str]] = {
    "run": [],
    "test": ["--constraint", "requirements/run.txt"],
    "postgresql": ["--no-deps"],
}


def lock_requirements() -> None:
    """Remake requirements/*.txt (with uv, from the test requirements)."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise ConfigurationError("uv is missing: it comes with `./taquilla prepare`")
    environment = {key: value for key, value in os.environ.items() if not _names_an_index(key)}
    for group, options in _GROUPS.items():
        arguments = [
            *("--no-config", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *("--no-header", "--python-version", PYTHON_MIN, "--group", group, *options),
            *("--output-file", f"requirements/{group}.txt"),
        ]
        done = subprocess.run([uv, *arguments], env=environment, check=False)  # noqa: S603 - uv
        if done.returncode != 0:
            raise TaquillaError(f"uv could not lock the group {group}")


def _names_an_index(variable: str) -> bool:
    return variable.startswith("UV_") and ("INDEX" in variable or variable == "UV_FIND_LINKS")
