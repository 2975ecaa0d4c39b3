"""A pytest plugin: runs the tests on scripts of another folder, and writes what came of each.

    pytest -p tests.lua.other_scripts --scripts FOLDER --outcomes FILE tests/lua/...

`outcomes`: JSON, node id to "passed" or the name of the exception that the test ended with.
"""

import json
from pathlib import Path

import pytest

from app.inventory import scripts


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scripts", type=Path, required=True)
    parser.addoption("--outcomes", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    folder: Path = config.getoption("--scripts")
    assert (folder / "commands").is_dir(), f"{folder} holds no commands"
    scripts.LUA_DIRECTORY = folder
    config.pluginmanager.register(_Outcomes(config.getoption("--outcomes")))


class _Outcomes:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """What set-up and clean-up raise counts only where the test itself has passed."""
        raised = call.excinfo.typename if call.excinfo else "passed"
        if self._outcomes.get(item.nodeid, "passed") == "passed":
            self._outcomes[item.nodeid] = raised

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._outcomes))
