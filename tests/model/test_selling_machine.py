"""The scripts sell as the plain seller of `oracle` does, in whatever sequence they are asked."""

import pytest

from tests.model.paying_machine import machine_on
from tests.model.search import search
from tests.servers.redis import RedisServer


@pytest.mark.timeout(3_600)
def test_the_scripts_sell_as_the_plain_seller_does(
    redis_server: RedisServer, examples: int
) -> None:
    search(machine_on(redis_server.url), examples)
