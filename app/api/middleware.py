"""What stands around every request: its id in the logs, its time in the metrics, the answer to a
bug, and which pages of other origins may read it."""

from secrets import token_hex
from time import perf_counter

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.runtime.metrics import HTTP_SECONDS

log = structlog.get_logger(__name__)

CLIENT_GONE = 499
"""In the metrics only, as other servers have it: nobody was left to be answered."""


class AnswerBugs:
    """An exception that nobody handled is a 500 here, within the CORS headers. The framework would
    answer it outside of them, and a page could not read it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_observed(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except Exception as error:
            if scope["type"] != "http" or has_begun:
                raise
            log.error("internal error", path=scope["path"], exc_info=error)
            await problem("internal", "This is a bug of ours.")(scope, receive, send)


class CrossOrigin(CORSMiddleware):
    """Also a refused preflight is a problem document."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refusal = problem("malformed", bytes(answer.body).decode() + ".")
        for name in set(answer.headers.keys()) - {"content-length", "content-type"}:
            refusal.headers[name] = answer.headers[name]
        return refusal


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

        bound = structlog.contextvars.bind_contextvars(request_id=token_hex(16))
        try:
            await self._app(scope, receive, send_observed)
        except BaseException:
            status = 500
            raise
        finally:
            structlog.contextvars.reset_contextvars(**bound)
            operation = getattr(scope.get("route"), "operation_id", None) or "other"
            HTTP_SECONDS.labels(operation, str(status)).observe(perf_counter() - started)
