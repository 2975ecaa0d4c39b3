"""`./taquilla lock` hands uv nothing that could bring an address of this machine into a lock."""

from pathlib import Path

import pytest

from app.cli.lock import lock_requirements
from app.runtime.errors import TaquillaError

FAKE = '#!/bin/sh\n[ -z "$FAIL" ] || exit 1\n{ env; echo ARGS: "$@"; } >> "$UV_SEEN"\n'


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a stand-in for uv was given."""
    uv = tmp_path / "uv"
    uv.write_text(FAKE)
    uv.chmod(0o755)
    monkeypatch.setattr("app.cli.lock.shutil.which", lambda *_, **__: str(uv))
    monkeypatch.setenv("UV_SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


def test_no_index_of_this_machine_reaches_uv(seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, "https://mirror.invalid/simple")
    lock_requirements()
    text = seen.read_text()
    assert "mirror.invalid" not in text
    assert text.count("ARGS: --no-config pip compile") == 3
    assert text.count("--universal --generate-hashes --no-header") == 3


def test_a_group_that_cannot_be_locked_is_named(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "yes")
    with pytest.raises(TaquillaError, match="group run"):
        lock_requirements()
    assert not seen.exists()
