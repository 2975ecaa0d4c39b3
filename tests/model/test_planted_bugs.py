"""The machine can fail: it finds each bug that is planted in a copy of the scripts."""

from pathlib import Path

import pytest
from hypothesis import Phase
from hypothesis.errors import FlakyFailure

from app.inventory.scripts import LUA_DIRECTORY
from app.runtime.errors import ContractError
from tests.model.paying_machine import machine_on
from tests.model.planted_bugs import BUGS, PlantedBug
from tests.model.planted_payment_bugs import PAYMENT_BUGS
from tests.model.search import search
from tests.servers.redis import RedisServer

EXAMPLES_MAX = 400
"""The best hidden of the bugs has taken about 100."""
SOUND_EXAMPLES = 40
FOUND = (AssertionError, ContractError, pytest.fail.Exception, FlakyFailure)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bugs", [BUGS, PAYMENT_BUGS], ids=["selling", "paying"])
def test_the_machine_catches_every_planted_bug(
    bugs: tuple[PlantedBug, ...], redis_server: RedisServer, tmp_path: Path
) -> None:
    # Were the scripts at fault themselves, everything would seem to be caught.
    assert not _fails(redis_server.url, LUA_DIRECTORY, SOUND_EXAMPLES)
    missed = [
        bug.name
        for number, bug in enumerate(bugs)
        if not _fails(redis_server.url, bug.plant(tmp_path / str(number)), EXAMPLES_MAX)
    ]
    print(f"{len(bugs) - len(missed)} of {len(bugs)} caught")
    assert missed == []


def _fails(redis_url: str, directory: Path, examples: int) -> bool:
    try:
        search(machine_on(redis_url, directory), examples, phases=(Phase.generate,))
    except FOUND as error:
        # A race that goes wrong once is a find; the test's own time limit is none.
        if "pytest-timeout" in str(error):
            raise
        return True
    return False
