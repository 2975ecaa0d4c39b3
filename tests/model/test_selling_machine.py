"""The scripts sell as the plain seller of `oracle` does, in whatever sequence they are asked."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.selling_machine import machine_on
from tests.servers.redis import RedisServer


@pytest.mark.timeout(3_600)
def test_the_scripts_sell_as_the_plain_seller_does(
    redis_server: RedisServer, search: settings
) -> None:
    run_state_machine_as_test(machine_on(redis_server.url), settings=search)
