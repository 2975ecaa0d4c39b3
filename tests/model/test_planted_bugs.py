"""The machine can fail: it finds each of the bugs that are planted in a copy of the scripts."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.runtime.errors import ContractError
from tests.model.planted_bugs import BUGS, PlantedBug
from tests.model.search import search
from tests.model.selling_machine import machine_on
from tests.servers.redis import RedisServer
