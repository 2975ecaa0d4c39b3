"""HTTP/1.1 as uvicorn speaks it, with an end to every head of a request.

uvicorn with httptools waits for ever for a head that comes byte by byte, and keeps as much of one
as is sent; its only clock runs behind an answer (KEEP_ALIVE_SECONDS). Here a head is complete in
time and of a bounded size, or the connection is closed; and the answer to what is not HTTP is a
problem document, as every other.
"""

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.api import problem
from app.cli.joined_writes import JoinedWrites

HEAD_BYTES_MAX = 32 * 1024
"""Request line, header fields and trailers: as much as common proxies pass on. Also what may lie
in the parser before it has made anything of it."""
HEAD_SECONDS_MAX = 10.0
"""From the connection, or from the first byte behind an answer, to the end of the head."""
KEEP_ALIVE_SECONDS = 5
"""Of silence behind an answer, as uvicorn has it."""


class _HeadTooLarge(Exception):  # noqa: N818 - never leaves the parser
    """Raised in a callback, the parser's own error comes of it."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Called by the event loop and by the parser; nothing blocks."""

    head_seconds_max = HEAD_SECONDS_MAX

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._is_answered = False
        self._head_bytes = 0
        self._unparsed_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedWrites(transport, self.loop))
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_answered:
            self._start_head_timer()
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._unparsed_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_answered = False
        self._head_bytes = 0
        self._start_head_timer()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_head_timer()
        self._unparsed_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._is_answered = True
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - is uvicorn's, in plain text
        """Instead of it."""
        detail = f"This is not HTTP/1.1, or its head is larger than {HEAD_BYTES_MAX} bytes."
        body = bytes(problem("malformed", detail).body)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body
        )
        self.transport.close()

    def _count(self, size: int) -> None:
        self._unparsed_bytes = 0
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise _HeadTooLarge

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds_max, self.transport.close)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
