"""Listening sockets: bound once, by whoever starts the processes, then inherited by all of them.

So a port in use is one clear error before anything runs, and a restarted process misses no call.
"""

import errno
import socket

from app.runtime.errors import ConfigurationError

BACKLOG = 2048
"""Calls that wait to be accepted, as uvicorn has it; the kernel may allow fewer."""


def bind_port(host: str, port: int, setting: str) -> socket.socket:
    """Listens. Raises ConfigurationError that names `setting` and the port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"{setting}={port}: {host}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # At once: two sockets may be bound to one port; only the second listen() fails.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"{setting}={port}: port {port} on {host} is in use by another process. "
                f"Stop it, or set {setting} to a free port."
            ) from None
        raise ConfigurationError(f"{setting}={port}: {host}: {error.strerror}") from error
    return listener
