"""Toggles from a file in Unleash's own format (that of `GET /api/client/features`).

The file is read again whenever it changed. What cannot be used (half written, broken, gone) leaves
the last good payload in force.
"""

from collections.abc import Sequence
from pathlib import Path

import structlog

from app.rollout.catalogue import CATALOGUE, Toggle
from app.rollout.features import Features
from app.rollout.toggles import LastGoodToggles
from app.runtime.metrics import TOGGLE_RELOADS

log = structlog.get_logger(__name__)

_Stamp = tuple[int, ...]


class FileToggles(LastGoodToggles):
    def __init__(self, path: Path, catalogue: Sequence[Toggle] = CATALOGUE) -> None:
        super().__init__(catalogue)
        self._path = path
        self._seen: _Stamp | None = None
        self.refresh()

    def refresh(self) -> bool:
        stamp = _stamp_of(self._path)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            features = Features(_read_file(self._path))
        except (OSError, ValueError) as error:
            TOGGLE_RELOADS.labels("refused").inc()
            log.warning("toggles cannot be used", file=str(self._path), error=str(error))
            return False
        self._take(features)
        TOGGLE_RELOADS.labels("loaded").inc()
        log.info("toggles loaded", file=str(self._path))
        return True

    def why_silent(self) -> str | None:
        if self._features is not None:
            return None
        return "there is no file of toggles that can be used; the catalogue's defaults stand"


def _read_file(path: Path) -> str:
    """Raises OSError or ValueError. What is no file could keep the whole process waiting."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    return path.read_text(encoding="utf-8")


def _stamp_of(path: Path) -> _Stamp:
    """Differs whenever the file may read differently; empty for one that is not there. The time of
    change, not that of writing: it also tells of permissions that were mended."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_ctime_ns, stat.st_size, stat.st_ino
