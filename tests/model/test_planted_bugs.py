"""The machine can fail: it finds each bug that is planted in a copy of the scripts."""

from pathlib import Path

import pytest
from hypothesis import Phase

from app.inventory.scripts import LUA_DIRECTORY
from app.runtime.errors import ContractError
from tests.model.planted_bugs import BUGS
from tests.model.search import search
from tests.model.selling_machine import machine_on
from tests.servers.redis import RedisServer

EXAMPLES_MAX = 200
"""The best hidden of the bugs has taken about 40."""
SOUND_EXAMPLES = 40
FOUND = (AssertionError, ContractError, pytest.fail.Exception)


@pytest.mark.slow
def test_the_machine_catches_every_planted_bug(redis_server: RedisServer, tmp_path: Path) -> None:
    # Were the scripts at fault themselves, everything would seem to be caught.
    assert not _fails(redis_server.url, LUA_DIRECTORY, SOUND_EXAMPLES)
    missed = [
        bug.name
        for number, bug in enumerate(BUGS)
        if not _fails(redis_server.url, bug.plant(tmp_path / str(number)), EXAMPLES_MAX)
    ]
    print(f"{len(BUGS) - len(missed)} of {len(BUGS)} caught")
    assert missed == []


def _fails(redis_url: str, directory: Path, examples: int) -> bool:
    try:
        search(machine_on(redis_url, directory), examples, phases=(Phase.generate,))
    except FOUND:
        return True
    return False
