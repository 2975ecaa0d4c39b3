"""Carries the notices that stand in the books, as a provider would: late, twice, in another order,
tampered with, or again after an answer that is not 2xx. One courier for one file of books."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from payments.testing.books import Books
from payments.testing.entries import Notice
from payments.testing.sandbox.signing import sign
from payments.testing.script import Word

TRIES_MAX: Final = 8
_STALE: Final = timedelta(hours=1)

Send = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Posts a body with headers to a url; answers the status, 0 where nobody answered."""


class Courier:
    """`secrets`: of each account, the newest first."""

    def __init__(
        self,
        books: Books,
        send: Send,
        secrets: Mapping[str, Sequence[bytes]],
        now: Callable[[], datetime],
        seed: int = 0,
    ) -> None:
        self._books = books
        self._send = send
        self._secrets = secrets
        self._now = now
        self._dice = random.Random(seed)  # noqa: S311 - it shuffles notices

    async def step(self) -> int:
        """Delivers each notice that is due once; answers how many were tried."""
        at = self._now()
        notices = await asyncio.to_thread(self._due, int(at.timestamp() * 1000))
        if any(_has(each, Word.SHUFFLE) for each in notices):
            self._dice.shuffle(notices)
        for notice in notices:
            body = notice.body.encode()
            signed_at = at
            if _has(notice, Word.STALE):
                signed_at = at - _STALE
            elif _has(notice, Word.FUTURE):
                signed_at = at + _STALE
            headers = {
                "content-type": "application/json",
                **sign(notice.event_id, signed_at, body, self._secrets.get(notice.account, ())),
            }
            sent = body.replace(b":", b": ", 1) if _has(notice, Word.TAMPER) else body
            status = await self._send(notice.url, headers, sent)
            await asyncio.to_thread(self._note, self._after(notice, status))
        return len(notices)

    def _due(self, due_ms: int) -> list[Notice]:
        with self._books.transaction() as page:
            return page.notices(due_ms)

    def _note(self, notice: Notice) -> None:
        with self._books.transaction() as page:
            page.note_delivery(notice)

    def _after(self, notice: Notice, status: int) -> Notice:
        if 200 <= status < 300:
            return replace(notice, copies_left=notice.copies_left - 1)
        tries = notice.tries + 1
        due_ms = int(self._now().timestamp() * 1000) + 1000 * 2**tries
        left = notice.copies_left if tries < TRIES_MAX else 0
        return replace(notice, tries=tries, due_ms=due_ms, copies_left=left)


def _has(notice: Notice, word: Word) -> bool:
    return any(step.word is word for step in notice.steps)
