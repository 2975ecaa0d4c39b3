"""What frontends were promised, kept. The last document that they were given lies in `promised/`,
by its version, and never changes; whatever today's code takes away from it must be announced, each
by its own text, under a heading "Breaking" of CHANGELOG.md:

    - `removed-property GET /v1/orders/{order_id} 200 body.total`: add up the lines.

Writing openapi.json again does not help: it is not looked at here. A release adds a file and its
line in SHA256SUMS, and so begins a new promise (CONTRIBUTING.md).
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.api import write_public_document
from tests.api.breaking_changes import Change, Kind, breaking_changes
from tests.tidy.sources import ROOT

PROMISED = Path(__file__).parent / "promised"
SECTION = re.compile(r"^## (?P<title>.*)$", re.MULTILINE)
BREAKING = re.compile(r"^### Breaking$(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def test_what_today_takes_away_is_announced() -> None:
    version, promised = _last_promise()
    announced = _announcements((ROOT / "CHANGELOG.md").read_text(), version)
    silent = _unannounced(breaking_changes(promised, _today()), announced)
    assert not silent, (
        f"frontends generated from {version} break. Take it back, or write under '### Breaking' in "
        "CHANGELOG.md, with what to do instead:\n"
        + "\n".join(f"- `{each}`: ..." for each in silent)
    )


def test_a_promise_once_given_is_not_changed() -> None:
    listed = {}
    for line in (PROMISED / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        listed[name] = digest
    present = {path.name: _digest(path) for path in PROMISED.glob("*.json")}
    assert present == listed, "a release adds a file and its line; nothing else is ever changed"


def test_promises_are_of_versions_that_have_come() -> None:
    version, promised = _last_promise()
    assert promised["info"]["version"] == version
    assert _number(version) <= _number(_today()["info"]["version"])


def test_a_silent_break_fails_and_an_announced_one_does_not() -> None:
    version, promised = _last_promise()
    today = json.loads(write_public_document())
    del today["components"]["schemas"]["OrderAnswer"]["properties"]["total"]
    changes = breaking_changes(promised, today)
    assert str(changes[0]).startswith("removed-property GET /v1/orders/{order_id} 200 body.total")
    assert _unannounced(changes, "") == changes
    bullets = "".join(f"- `{each}`: add up the lines.\n" for each in changes)
    changelog = f"# Changelog\n\n## 9.9.9\n\n### Breaking\n\n{bullets}\n## {version}\n"
    assert _unannounced(changes, _announcements(changelog, version)) == []
    only_first = f"# Changelog\n\n## 9.9.9\n\n### Breaking\n\n- `{changes[0]}`\n\n## {version}\n"
    assert _unannounced(changes, _announcements(only_first, version)) == changes[1:]


@pytest.mark.parametrize(
    "changelog",
    [
        "## 2.0.0\n- `{}`\n## 1.0.0\n",  # not under the heading
        "## 2.0.0\n### Breaking\n- {} and more\n## 1.0.0\n",  # not as a text of its own
        "## 1.0.0\n### Breaking\n- `{}`\n",  # of the promise itself, long released
        "## 2.0.0\n### Breaking\n- none\n### Added\n- `{}`\n## 1.0.0\n",
        "## 2.0.0\n### Breaking\n- none\n## 1.0.0\n### Breaking\n- `{}`\n",
    ],
)
def test_an_announcement_stands_in_its_place_and_word_for_word(changelog: str) -> None:
    change = Change(Kind.REMOVED_PATH, "/v1/events")
    text = changelog.replace("{}", str(change))
    assert _unannounced([change], _announcements(text, "1.0.0")) == [change]


def test_until_it_is_released_a_version_announces_its_own_breaks() -> None:
    change = Change(Kind.REMOVED_PATH, "/v1/events")
    text = f"## 1.0.0 (unreleased)\n### Breaking\n- `{change}`: gone.\n"
    assert _unannounced([change], _announcements(text, "1.0.0")) == []


def _unannounced(changes: list[Change], announced: str) -> list[Change]:
    return [each for each in changes if f"`{each}`" not in announced]


def _announcements(changelog: str, promised_version: str) -> str:
    """The text under every "Breaking" that is newer than the promise."""
    announced = ""
    parts = SECTION.split(changelog)[1:]
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        is_the_promise = title.split()[0] == promised_version
        if not is_the_promise or "(unreleased)" in title:
            announced += "".join(found["text"] for found in BREAKING.finditer(text))
        if is_the_promise:
            break
    return announced


def _last_promise() -> tuple[str, dict[str, Any]]:
    path = max(PROMISED.glob("*.json"), key=lambda each: _number(each.stem))
    return path.stem, json.loads(path.read_text())


def _today() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_public_document())
    return document


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
