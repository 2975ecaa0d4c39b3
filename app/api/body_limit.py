"""No body is larger, or comes slower, than any honest one.

The whole body is read here before anything is done with the request, so what is refused has changed
nothing. A larger one is 413 at the first byte too many, whatever its Content-Length says; one that
does not end in time is 400. Both close the connection: who goes on sending is not listened to.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem

BODY_BYTES_MAX = 64 * 1024
"""An order of 20 lines has about 2 KiB, an event of 100 ticket types about 25."""
BODY_SECONDS_MAX = 10.0
"""6.5 kB a second for the largest body; the slowest of mobile networks carries 2 kB in one."""
LINGER_SECONDS = 1.0
LINGER_BYTES_MAX = 1024 * 1024
"""So long, and so much, is read and thrown away behind a refusal: a connection that is closed on
unread bytes is reset, and the answer lost."""


class LimitBodies:
    def __init__(
        self,
        app: ASGIApp,
        bytes_max: int = BODY_BYTES_MAX,
        seconds_max: float = BODY_SECONDS_MAX,
    ) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared_bytes = _declared_bytes(scope) if scope["type"] == "http" else None
        if declared_bytes is None:
            await self._app(scope, receive, send)
            return
        if declared_bytes > self._bytes_max:
            await self._refuse_large(receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds_max):
                body = await _read(receive, self._bytes_max)
        except TimeoutError:
            detail = f"The body did not end within {self._seconds_max:g} s."
            await _refuse("malformed", detail, receive, send)
            return
        except ConnectionAbortedError:
            return
        if len(body) > self._bytes_max:
            await self._refuse_large(receive, send)
            return
        whole: Message = {"type": "http.request", "body": body, "more_body": False}
        await self._app(scope, replay(whole, receive), send)

    async def _refuse_large(self, receive: Receive, send: Send) -> None:
        detail = f"A body has at most {self._bytes_max} bytes."
        await _refuse("body-too-large", detail, receive, send)


def _declared_bytes(scope: Scope) -> int | None:
    """None where there is no body: HTTP/1.1 has no other way to say so. 0 where nothing is said of
    its length. The server has refused what is not a number."""
    declared: int | None = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            declared = max(declared or 0, int(value))
        elif name == b"transfer-encoding":
            declared = declared or 0
    return declared


async def _read(receive: Receive, bytes_max: int) -> bytes:
    """The body, or its beginning if that is too large already. ConnectionAbortedError when the
    client has gone."""
    body = bytearray()
    while len(body) <= bytes_max:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


def replay(message: Message, receive: Receive) -> Receive:
    """What was received already, once more, and then what follows."""
    is_read = False

    async def replayed() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return message

    return replayed


async def _refuse(code: str, detail: str, receive: Receive, send: Send) -> None:
    """The answer goes out whole and at once; only its formal end waits for what is thrown away."""
    answer = problem(code, detail)
    answer.headers["Connection"] = "close"
    await send(
        {"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
    )
    await send({"type": "http.response.body", "body": bytes(answer.body), "more_body": True})
    thrown_away, is_open = 0, True
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while is_open and thrown_away < LINGER_BYTES_MAX:
                message = await receive()
                thrown_away += len(message.get("body", b""))
                is_open = message.get("more_body", False)
    except TimeoutError:
        pass  # it has had its answer
    await send({"type": "http.response.body", "body": b"", "more_body": False})
