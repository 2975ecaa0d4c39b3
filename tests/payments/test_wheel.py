"""The wheel `taquilla-payments`, built and installed as a stranger would, with no index to ask: it
brings all it needs, is found by its entry points, and proves a method that somebody else packaged.
"""

import re
import shutil
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pydantic
import pytest

from payments.testing import CHECKS
from tests.payments.building import ACME, build, build_acme, run
from tests.tidy.sources import ROOT, files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a fresh environment with both wheels. What they require is seen through a path file, which
    shows our own libraries and no wheel of ours: those are installed nowhere else."""
    folder = tmp_path_factory.mktemp("stranger")
    acme = build_acme(tmp_path_factory.mktemp("acme"))
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder)
    python = folder / "venv/bin/python"
    run(
        [
            *(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"),
            *("--no-index", "--no-deps", "--no-cache-dir", str(wheel), str(acme)),
        ],
        folder,
    )
    [site] = (folder / "venv/lib").glob("python*/site-packages")
    (site / "libraries.pth").write_text(f"{Path(pydantic.__file__).parents[1]}\n")
    return python


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
        metadata = next(name for name in held if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(archive.read(metadata).decode())
    ours = {path.as_posix() for path in files() if path.parts[0] == "payments"}
    assert {name for name in held if ".dist-info/" not in name} == ours
    needed = told.get_all("Requires-Dist") or []
    assert [each for each in needed if "extra" not in each] == ["pydantic>=2.14"]
    assert set(told.get_all("Provides-Extra") or []) == {"hack", "kit"}


def test_a_stranger_imports_the_wheel_and_not_this_tree(python: Path, tmp_path: Path) -> None:
    program = "from importlib.util import find_spec as f; print(f('payments').origin, f('app'))"
    said = run([str(python), "-c", program], tmp_path)
    where, app = said.split()
    assert where.startswith(str(python.parents[1]))
    assert app == "None"


_LOAD = """
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from payments import load_methods, read_accounts
accounts = read_accounts(Path("accounts.toml"), {"ACME_API_KEY": "canary", "HOOK": "canary"})
registry = load_methods(
    ["acme", "hack"], accounts,
    is_production=False, has_production_mark=False, now=lambda: datetime.now(UTC),
)
print([str(each) for each in registry.broken])
print([(each.method_id, each.account_id) for each in registry.offerable()])
print([(each.method_id, each.account_id) for each in registry])
print([each.value for each in entry_points(group="pytest11", name="taquilla_payments")])
assert "canary" not in repr([each.method.config for each in registry])
"""


def test_an_installed_method_is_found_by_its_entry_point(python: Path, tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text(
        """
[[account]]
method = "acme"
id = "main"
environment = "test"
[account.config]
base_url = "https://acme.invalid"
api_key = { env = "ACME_API_KEY" }
webhook_secrets = [{ env = "HOOK" }]
"""
    )
    assert run([str(python), "-c", _LOAD], tmp_path).splitlines() == [
        "[]",
        "[('acme', 'main')]",
        "[('acme', 'main'), ('hack', 'internal')]",
        "['payments.testing.plugin']",
    ]


def test_the_kit_comes_with_the_wheel_and_proves_the_other_package(
    python: Path, tmp_path: Path
) -> None:
    shutil.copytree(ACME, tmp_path / "acme", ignore=shutil.ignore_patterns("src", "__pycache__"))
    said = run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        tmp_path / "acme",
    )
    counts = {
        word: int(number) for number, word in re.findall(r"(\d+) (\w+)", said.splitlines()[-1])
    }
    assert counts.keys() - {"in"} == {"passed", "skipped"}, said
    assert counts["passed"] + counts["skipped"] == len(CHECKS)
    assert counts["passed"] >= 40


def test_the_templates_of_a_new_method_come_with_the_wheel(python: Path, tmp_path: Path) -> None:
    program = "from pathlib import Path; from payments.testing import scaffold; "
    said = run([str(python), "-c", program + "print(scaffold('other', Path()))"], tmp_path)
    assert said == "taquilla-other\n"
    assert (tmp_path / "taquilla-other/src/taquilla_other/method.py").is_file()
