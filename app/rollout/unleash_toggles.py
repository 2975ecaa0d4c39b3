"""Toggles from an Unleash server.

A job asks the server in the background and keeps on the disk what it said; verdicts come from
memory. Whatever the server does, the last good payload stays in force, over restarts too. One log
line a change of that state, not one a poll.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from app.rollout.catalogue import CATALOGUE, Toggle
from app.rollout.features import Features
from app.rollout.kept_payload import KeptPayload
from app.rollout.toggles import LastGoodToggles
from app.rollout.unleash_server import Fault, Fetched, FetchOutcome, NotFetched, Unchanged
from app.runtime.jobs import Progress
from app.runtime.metrics import TOGGLE_RELOADS

log = structlog.get_logger(__name__)


class GivesFeatures(Protocol):
    """What is needed of the server."""

    async def fetch_features(self, etag: str) -> FetchOutcome: ...


class UnleashToggles(LastGoodToggles):
    """A job too: a step is one question to the server. `refresh` takes what it answered."""

    name = "unleash"

    def __init__(
        self,
        server: GivesFeatures,
        kept: KeptPayload,
        *,
        refresh_seconds: float,
        catalogue: Sequence[Toggle] = CATALOGUE,
    ) -> None:
        super().__init__(catalogue)
        self.idle_seconds = refresh_seconds
        self._server = server
        self._kept = kept
        self._etag = ""
        self._news: Features | None = None
        self._fault: Fault | None = None
        self._read_kept()

    async def step(self) -> Progress:
        match await self._server.fetch_features(self._etag):
            case Fetched(text, etag):
                await self._receive(text, etag)
            case Unchanged():
                self._note_success("unchanged")
            case NotFetched(fault, detail):
                self._note_fault(fault, detail)
        return Progress.IDLE

    async def aclose(self) -> None:
        """Holds nothing; the connection is closed by whoever opened it."""

    def refresh(self) -> bool:
        news, self._news = self._news, None
        if news is None:
            return False
        self._take(news)
        log.info("toggles loaded", source="Unleash", features=len(news.enabled))
        return True

    def why_silent(self) -> str | None:
        if self._features is not None:
            return None
        why = self._fault or "not asked yet"
        return (
            f"TAQUILLA_UNLEASH_URL has never given toggles ({why}) and none are kept from before; "
            "the catalogue's defaults stand"
        )

    async def _receive(self, text: str, etag: str) -> None:
        """In a thread what takes long for a large payload or a slow disk. The etag is remembered
        last: whatever went wrong is tried again."""
        try:
            newest = self._news or self._features
            if newest is None or text != newest.text:
                self._news = await asyncio.to_thread(Features, text)
            await asyncio.to_thread(self._kept.write, text)
        except ValueError as error:
            self._note_fault(Fault.UNUSABLE, str(error))
        except OSError as error:
            self._note_fault(Fault.NOT_KEPT, str(error))
        else:
            self._etag = etag
            self._note_success("loaded")

    def _read_kept(self) -> None:
        try:
            text = self._kept.read()
            if text is not None:
                self._take(Features(text))
                log.info("toggles as kept from before", file=str(self._kept.path))
        except (OSError, ValueError) as error:
            log.warning("kept toggles cannot be used", file=str(self._kept.path), error=str(error))

    def _note_success(self, outcome: str) -> None:
        TOGGLE_RELOADS.labels(outcome).inc()
        if self._fault is not None:
            log.info("Unleash gives toggles again", after=self._fault)
        self._fault = None

    def _note_fault(self, fault: Fault, detail: str) -> None:
        TOGGLE_RELOADS.labels(fault).inc()
        if fault is not self._fault:
            stands = "the defaults" if self._features is None else "the last good payload"
            log.warning("no new toggles", fault=fault, detail=detail, in_force=stands)
        self._fault = fault
