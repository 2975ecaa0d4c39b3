"""HTTP/1.1 as uvicorn speaks it, with an end to every head of a request, and to every connection.

uvicorn with httptools waits for ever for a head that comes byte by byte, and keeps as much of one
as is sent; its only clock runs behind an answer (KEEP_ALIVE_SECONDS). Here a head is complete in
time and of a bounded size, or the connection is closed; what is written is taken in time, or it is
aborted; and the answer to what is not HTTP is a problem document, as every other.

Also mended: an Upgrade hides the body from httptools, a trailer counts as a header, and who closes
its sending half is not answered.
"""

import asyncio
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.api import problem
from app.cli.joined_writes import JoinedWrites

HEAD_BYTES_MAX = 32 * 1024
"""Request line, header fields and trailers: as much as common proxies pass on. Also what may lie
in the parser before it has made anything of it."""
HEAD_SECONDS_MAX = 10.0
"""From the connection, or from the first byte behind an answer, to the end of the head."""
WRITE_SECONDS_MAX = 30.0
"""For a client to take what is more than the buffers hold (300 KB, openapi.json, is the largest
that is written at once), and for all that follows the end of either side."""
KEEP_ALIVE_SECONDS = 5
"""Of silence behind an answer, as uvicorn has it."""


class _HeadTooLarge(Exception):  # noqa: N818 - never leaves the parser
    """Raised in a callback, the parser's own error comes of it."""


class _TunnelAsked(Exception):  # noqa: N818 - as above
    """CONNECT: to the parser no request follows it, whatever length of a body it declares."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Called by the event loop and by the parser; nothing blocks."""

    head_seconds_max = HEAD_SECONDS_MAX
    write_seconds_max = WRITE_SECONDS_MAX

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._is_answered = False
        self._is_in_head = True
        self._is_half_closed = False
        self._head_bytes = 0
        self._unparsed_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedWrites(transport, self.loop, self._start_write_timer))
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_head_timer()
        self._stop_write_timer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self._is_half_closed and not self.transport.is_closing():
            self._stop_write_timer()

    def eof_received(self) -> bool:  # type: ignore[override]
        """True: the connection stays, for the answers. Half a request will never have one."""
        last = cast("RequestResponseCycle | None", self.cycle)
        if last is None or last.response_complete or last.more_body:
            self.transport.close()  # the loop's own close would lose what is kept to be joined
            return False
        last.keep_alive = False
        self._is_half_closed = True
        self._start_write_timer()
        return True

    def data_received(self, data: bytes) -> None:
        """Instead of uvicorn's, which forgets where in the data an upgrade was."""
        self._unset_keepalive_if_required()
        if self._is_answered:
            self._start_head_timer()
        self._unparsed_bytes += len(data)
        rest = memoryview(data)
        try:
            while rest:
                rest = self._parse(rest)
        except HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("")
            return
        if self._unparsed_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_answered = False
        self._is_in_head = True
        self._head_bytes = 0
        self._start_head_timer()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if self._is_in_head:  # a trailer is no header
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_head_timer()
        self._unparsed_bytes = 0
        self._is_in_head = False
        if self.parser.get_method() == b"CONNECT":
            raise _TunnelAsked
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed_bytes = 0
        if not self.parser.should_upgrade():
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

    def _parse(self, data: memoryview) -> memoryview:
        """What is left to parse. No upgrade is supported, so each is ignored (RFC 9110, 7.8): to
        the parser the request is over with its head, so a new one is given the head without."""
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            head = self._head_without_upgrade()
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
            self.parser.feed_data(head)
            offset: int = upgrade.args[0]
            return data[offset:]
        return data[:0]

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

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

    def _start_write_timer(self) -> None:
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.write_seconds_max, self.transport.abort)

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
