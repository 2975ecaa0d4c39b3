"""The tree as a stranger gets it: documents at hand, no address of a registry, no trace of the
machine it was written on."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.tidy.sources import ROOT, files, report, texts, walked_files

DOCUMENTS = ["README.md", "DECISIONS.md", "CONTRIBUTING.md", "CHANGELOG.md"]

# Put together from pieces, so that this file does not find itself.
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
    ]
] + ["art" + "ifactory", "dev" + "pi", "pkg" + "s.dev.azure"]
INDEX_VARIABLES = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"]
PLACES = [f"/{name}/" for name in ("wor" + "k", "ro" + "ot", "ho" + "me/runner")] + [
    "/".join(("..", "sha" + "red"))
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_at_hand(name: str) -> None:
    assert len((ROOT / name).read_text().splitlines()) >= 5, f"{name}: say something"


def test_a_copy_without_git_is_read_as_the_same_tree() -> None:
    assert walked_files() == files()


@pytest.mark.parametrize("folder", ["lua", "payments"])
def test_what_others_write_for_says_how(folder: str) -> None:
    assert (ROOT / folder / "README.md").is_file(), f"{folder}/README.md: say how to add to it"


def test_no_file_names_a_package_registry() -> None:
    words = [re.compile(re.escape(word), re.IGNORECASE) for word in (*REGISTRIES, *_this_machine())]
    faults = [
        f"{path}: names a package registry"
        for path, text in texts().items()
        if any(word.search(text) for word in words)
    ]
    assert not faults, report(faults, "Whoever installs chooses the index; take the address out:")


def _this_machine() -> list[str]:
    """The hosts that this machine installs from, as far as its environment says."""
    hosts = [urlsplit(os.environ.get(name, "")).hostname for name in INDEX_VARIABLES]
    return [host for host in hosts if host and host not in {"localhost", "127.0.0.1", "::1"}]


REQUIREMENTS = [path for path in files() if path.match("requirements/*.txt")]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=str)
def test_a_lock_holds_names_versions_and_hashes_only(path: Path) -> None:
    faults = []
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            is_wrong = bool(re.search(r"://|(^|\s)/\w", line))
        else:
            is_wrong = not re.fullmatch(
                r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==[\w.!+]+( ; [^/@]+)? \\"
                r"|    --hash=sha256:[0-9a-f]{64}( \\)?",
                line,
            )
        if is_wrong:
            faults.append(f"{path}:{number} {line}")
    assert not faults, report(faults, "Lock again with ./taquilla lock:")


def test_every_requirement_is_held_by_a_hash() -> None:
    for path in REQUIREMENTS:
        text = (ROOT / path).read_text()
        names = re.findall(r"^[A-Za-z0-9]\S*==.*\\$\n    --hash=", text, re.MULTILINE)
        assert len(names) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)), path
    assert REQUIREMENTS


def test_no_file_tells_where_or_how_it_was_written() -> None:
    faults = [
        f"{path}: {place}" for path, text in texts().items() for place in PLACES if place in text
    ]
    assert not faults, report(faults, "A path of one machine means nothing on another:")


def test_no_data_of_a_run_is_committed() -> None:
    kinds = {".log", ".aof", ".rdb", ".db", ".sqlite", ".sqlite3", ".pyc", ".sock", ".pem", ".key"}
    faults = [str(path) for path in files() if path.suffix in kinds or path.name == "admin-key"]
    assert not faults, report(faults, "Delete it and add it to .gitignore:")
