"""A port in use is one clear error that names the setting."""

import socket

import pytest

from app.runtime.errors import ConfigurationError
from app.runtime.ports import bind_port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_port_in_use_names_the_setting_and_the_port() -> None:
    with bind_port("127.0.0.1", free_port(), "TAQUILLA_HTTP_PORT") as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"TAQUILLA_HTTP_PORT={port}.*in use"):
            bind_port("127.0.0.1", port, "TAQUILLA_HTTP_PORT")


def test_a_host_of_another_machine_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="TAQUILLA_HTTP_PORT"):
        bind_port("192.0.2.1", free_port(), "TAQUILLA_HTTP_PORT")  # RFC 5737: nobody's


def test_calls_wait_from_the_moment_that_the_port_is_bound() -> None:
    with bind_port("127.0.0.1", free_port(), "TAQUILLA_HTTP_PORT") as listener:
        socket.create_connection(listener.getsockname(), timeout=1).close()
