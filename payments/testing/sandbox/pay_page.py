"""The page of the double where a buyer approves or declines: a tiny ASGI application without any
library, mounted wherever somebody plays. It writes into the books and sends the buyer back.

    GET  …/<reference>                    what is to be paid, and two buttons
    POST …/<reference>  choice=approve    the buyer did; then 303 to where the shop wants them back
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from payments.messages import Decline, RemoteStatus
from payments.testing.books import Books
from payments.testing.entries import Entry
from payments.testing.provider import Provider
from payments.testing.script import Step, Word

BODY_BYTES_MAX: Final = 1_000

_STYLE: Final = """
:root { color-scheme: light dark; }
body { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
button { width: 100%; min-height: 3rem; margin-top: .75rem; font: inherit; font-weight: 650; }
.sign { padding: .5rem .75rem; border: 2px dashed; font-weight: 650; }
.amount { font-size: 1.75rem; font-weight: 750; margin: .25rem 0; }
"""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox: {title}</title><style>{style}</style></head>
<body><main><p class="sign">Sandbox: no real money moves here.</p><h1>{title}</h1>
{content}</main></body></html>
"""
_QUESTION: Final = """<p>You are about to pay</p><p class="amount">{amount}</p>
<form method="post"><button name="choice" value="approve">Approve</button>
<button name="choice" value="decline">Decline</button></form>
"""

Scope: TypeAlias = MutableMapping[str, Any]  # as ASGI has it
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class PayPage:
    """`provider`: on the same books."""

    def __init__(self, books: Books, provider: Provider) -> None:
        self._books = books
        self._provider = provider
        digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
        self._headers = (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            # No word on `form-action`: a browser would hold it against the way back as well.
            (
                b"content-security-policy",
                f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
                "frame-ancestors 'none'".encode(),
            ),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        entry = await asyncio.to_thread(self._books.find, scope["path"].rpartition("/")[2])
        if entry is None or scope["method"] in {"GET", "HEAD"}:
            await self._show(entry, send)
        elif scope["method"] == "POST":
            await self._decide(entry, await _choice(receive), send)
        else:
            await self._answer(send, 405, "Not here", "<p>Open this page again.</p>")

    async def _show(self, entry: Entry | None, send: Send) -> None:
        if entry is None:
            await self._answer(send, 404, "No such payment", "<p>Look at the address again.</p>")
        elif entry.status is RemoteStatus.REQUIRES_ACTION:
            question = _QUESTION.format(amount=escape(str(entry.amount)))
            await self._answer(send, 200, "Approve this payment?", question)
        else:
            await self._answer(send, 200, "Nothing to do here", _over(entry))

    async def _decide(self, entry: Entry, choice: str, send: Send) -> None:
        if entry.status is not RemoteStatus.REQUIRES_ACTION:
            await self._show(entry, send)
            return
        step = _step(entry, choice)
        if step is None:
            await self._answer(send, 400, "Approve or decline", "<p>Nothing else.</p>")
            return
        proceed = self._provider.proceed
        entry = await asyncio.to_thread(proceed, entry.account, entry.reference, (step,))
        if entry.return_url is None:
            await self._show(entry, send)
        else:
            location = (b"location", entry.return_url.encode("ascii", "ignore"))
            await self._answer(send, 303, "Back to the shop", _over(entry), location)

    async def _answer(
        self, send: Send, status: int, title: str, content: str, *headers: tuple[bytes, bytes]
    ) -> None:
        page = _PAGE.format(title=escape(title), style=_STYLE, content=content).encode()
        length = (b"content-length", str(len(page)).encode())
        all_headers = [*self._headers, length, *headers]
        await send({"type": "http.response.start", "status": status, "headers": all_headers})
        await send({"type": "http.response.body", "body": page})


def _step(entry: Entry, choice: str) -> Step | None:
    """A payment that is only to be reserved is approved by reserving it."""
    if choice == "approve":
        return Step(Word.APPROVE if entry.is_capture else Word.AUTHORIZE)
    if choice == "decline":
        return Step(Word.DECLINE, Decline.AUTHENTICATION_FAILED)
    return None


def _over(entry: Entry) -> str:
    back = ""
    if entry.return_url is not None:
        back = f'<p><a href="{escape(entry.return_url)}">Back to the shop</a></p>'
    return f"<p>This payment is {escape(entry.status.value)}.</p>{back}"


async def _choice(receive: Receive) -> str:
    """Nothing for a body that is too large."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX or message["type"] != "http.request":
            return ""
        if not message.get("more_body", False):
            fields = parse_qs(body.decode(errors="replace"))
            return fields.get("choice", [""])[0]
