"""The last good payload on the disk, so that a restart does not need the Unleash server.

It is in Unleash's own format: in an emergency the file can be edited and given as
TAQUILLA_TOGGLES_FILE. Any number of processes may write it; each writes it whole or not at all.
"""

import hashlib
import os
import tempfile
from pathlib import Path


class KeptPayload:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: str | None = None

    def read(self) -> str | None:
        """None when nothing was ever kept. Raises OSError and UnicodeDecodeError."""
        try:
            self._known = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return self._known

    def write(self, text: str) -> None:
        """On the disk when it returns; nothing is done for what this process wrote or read last.
        Raises OSError."""
        if text == self._known:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(self.path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        self._known = text


def kept_payload_path(data_dir: Path, url: str, token: str) -> Path:
    """Differs with the server, and with the project and environment that a token begins with
    (`default:production.…`): what was kept of one is never in force for another."""
    scope, _, _ = token.partition(".")
    source = f"{url}\n{scope if ':' in scope else ''}"
    return data_dir / f"unleash-{hashlib.sha256(source.encode()).hexdigest()[:12]}.json"
