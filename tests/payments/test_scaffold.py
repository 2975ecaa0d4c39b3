"""What is written for a new payment method: whole but for its blanks, and what Acme began with."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from payments.testing import ScaffoldRefused, scaffold
from tests.tidy.sources import ROOT

ACME = ROOT / "tests/third_party/acme"
BLANKS = {"src/taquilla_acme/wire.py", "tests/harness.py"}


def _written(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_acme_is_what_is_written_with_its_blanks_filled(tmp_path: Path) -> None:
    root = scaffold("acme", tmp_path)
    written = _written(root)
    assert written >= BLANKS
    for name in written - BLANKS:
        assert (root / name).read_text() == (ACME / name).read_text(), f"{name} differs"
    for name in BLANKS:
        blank, filled = _names_in(root / name), _names_in(ACME / name)
        assert blank <= filled, f"{name}: Acme has no {sorted(blank - filled)}"


def _names_in(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.ClassDef)}


def test_every_name_is_the_methods_own(tmp_path: Path) -> None:
    root = scaffold("bank_transfer", tmp_path)
    assert root.name == "taquilla-bank-transfer"
    assert "src/taquilla_bank_transfer/method.py" in _written(root)
    texts = [(root / name).read_text() for name in _written(root)]
    assert not [text for text in texts if "acme" in text.lower()]
    assert "class BankTransfer(PaymentMethod[BankTransferConfig])" in "".join(texts)
    assert 'bank_transfer = "taquilla_bank_transfer:BankTransfer"' in "".join(texts)


@pytest.mark.parametrize("name", ["", "a", "Acme", "a-b", "../x", "sandbox", "hack", "x" * 40])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldRefused):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    scaffold("acme", tmp_path)
    with pytest.raises(ScaffoldRefused, match="is there already"):
        scaffold("acme", tmp_path)


def test_what_is_written_runs_and_names_its_blanks(tmp_path: Path) -> None:
    root = scaffold("bank_transfer", tmp_path)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "payments.testing.plugin"),
            *("-p", "no:cacheprovider", "-k", "A1 or B1"),
        ],
        cwd=root,
        env={"PYTHONPATH": f"{root / 'src'}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "NotImplementedError: method: BankTransfer(" in ran.stdout
    assert "2 failed" in ran.stdout
