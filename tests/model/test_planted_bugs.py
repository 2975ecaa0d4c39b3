"""The machine can fail: it finds each bug that is planted in a copy of the scripts."""

from pathlib import Path

import pytest
from hypothesis import Phase

from app.runtime.errors import ContractError
from tests.model.planted_bugs import BUGS, PlantedBug
from tests.model.search import search
from tests.model.selling_machine import machine_on
from tests.servers.redis import RedisServer

EXAMPLES_MAX = 200
"""The best hidden of the bugs has taken about 30."""
FOUND = (AssertionError, ContractError, pytest.fail.Exception)


@pytest.mark.slow
def test_the_machine_catches_every_planted_bug(redis_server: RedisServer, tmp_path: Path) -> None:
    missed = [
        bug.name
        for number, bug in enumerate(BUGS)
        if not _is_caught(bug, redis_server.url, tmp_path / str(number))
    ]
    print(f"{len(BUGS) - len(missed)} of {len(BUGS)} caught")
    assert missed == []


def _is_caught(bug: PlantedBug, redis_url: str, directory: Path) -> bool:
    machine = machine_on(redis_url, bug.plant(directory))
    try:
        search(machine, EXAMPLES_MAX, phases=(Phase.generate,))
    except FOUND:
        return True
    return False
