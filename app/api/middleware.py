"""Watches every request: a request id in the logs, time and status in the metrics."""

from time import perf_counter
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.runtime.metrics import HTTP_SECONDS

CLIENT_GONE = 499
"""In the metrics only, as other servers have it: nobody was left to be answered."""


class ObserveRequests:
    """The operation's path template is the label, never the path itself: ids would flood it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_GONE
        started = perf_counter()

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=uuid4().hex):
            try:
                await self._app(scope, receive, send_observed)
            except BaseException:
                status = 500
                raise
            finally:
                route = scope.get("route")
                operation = getattr(route, "operation_id", None) or "other"
                HTTP_SECONDS.labels(operation, str(status)).observe(perf_counter() - started)
