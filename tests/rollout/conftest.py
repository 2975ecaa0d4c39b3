"""One Unleash server for the folder: it takes some seconds to start."""

from collections.abc import Iterator

import pytest

from tests.servers.unleash import UnleashServer, start_unleash


@pytest.fixture(scope="session")
def shared_unleash() -> Iterator[UnleashServer]:
    server = start_unleash()
    yield server
    server.stop()


@pytest.fixture
def unleash(shared_unleash: UnleashServer) -> UnleashServer:
    """Running, without any feature; clients may still be told of the last ones for a second."""
    shared_unleash.resume()
    shared_unleash.admin.delete(*shared_unleash.admin.names())
    return shared_unleash
