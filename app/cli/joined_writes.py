"""What is written in one turn of the event loop goes out as one.

uvicorn writes head and body of an answer one after the other: two calls of the system, two packets,
and whoever waits for them is woken twice.
"""

import asyncio
from collections.abc import Callable
from typing import Any

JOINED_BYTES_MAX = 64 * 1024
"""No more than that is kept back; the transport itself says when to stop (`pause_writing`)."""


class JoinedWrites(asyncio.Transport):
    """In front of the transport of one connection. `on_close` is called when it begins to close:
    what was written may still wait for a client that does not read."""

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        on_close: Callable[[], None],
    ) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._on_close = on_close
        self._kept = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._kept:
            self._loop.call_soon(self._flush)
        self._kept += data
        if len(self._kept) > JOINED_BYTES_MAX:
            self._flush()

    def close(self) -> None:
        if self._transport.is_closing():
            return
        self._flush()
        self._transport.close()
        self._on_close()

    def abort(self) -> None:
        self._kept.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._kept and not self._transport.is_closing():
            self._transport.write(bytes(self._kept))
        self._kept.clear()
