"""The sources of the project, parsed once: what the rules in this folder look at."""

import ast
import fnmatch
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """`name` is dotted; `path` is relative to the root."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """`app.ledger` of `app.ledger.projections.orders`; `app.main` of itself."""
        return ".".join(self.name.split(".")[:2])

    def strings(self) -> Iterator[tuple[int, str]]:
        """Every string constant with its line; docstrings are prose and are left out."""
        prose = {
            id(body[0].value)
            for node in ast.walk(self.tree)
            if isinstance(body := getattr(node, "body", None), list)
            and body
            and isinstance(body[0], ast.Expr)
        }
        for node in ast.walk(self.tree):
            match node:
                case ast.Constant(value=str(text)) if id(node) not in prose:
                    yield node.lineno, text

    def words(self) -> Iterator[str]:
        """Every name that is read, plain or behind a dot."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                    yield name


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    found = []
    for path in files():
        if path.suffix == ".py" and path.parts[0] in folders:
            text = (ROOT / path).read_text()
            found.append(Module(_dotted(path), path, text, ast.parse(text)))
    assert found, f"there is no Python in {folders}"
    return tuple(found)


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed. A copy of the tree may have no git."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return walked_files()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


def walked_files() -> tuple[Path, ...]:
    """All that .gitignore does not name; it names folders and endings, by simple patterns."""
    lines = [*(ROOT / ".gitignore").read_text().split(), ".git", ".git/"]
    folders = {line.removesuffix("/") for line in lines if line.endswith("/")}
    names = [line for line in lines if not line.endswith("/")]
    found: list[Path] = []
    for folder, below, files_here in os.walk(ROOT):
        below[:] = [name for name in below if name not in folders]
        found += [
            (Path(folder) / name).relative_to(ROOT)
            for name in files_here
            if not any(fnmatch.fnmatch(name, pattern) for pattern in names)
        ]
    return tuple(sorted(found))


@cache
def texts() -> dict[Path, str]:
    """The files that are text."""
    found = {}
    for path in files():
        try:
            found[path] = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
    return found


@dataclass(frozen=True)
class Import:
    """One module that one module imports; `name` is the thing taken from it, if any."""

    by: Module
    line: int
    target: str
    name: str | None

    def __str__(self) -> str:
        return f"{self.by.path}:{self.line} imports {self.target}"


@cache
def imports(*folders: str) -> tuple[Import, ...]:
    """`from a.b import c` is an import of `a.b.c` where that is a module of ours."""
    ours = {module.name for module in modules("app", "payments", "migrations", "tests")}
    found = []
    for module in modules(*folders):
        for node in ast.walk(module.tree):
            match node:
                case ast.Import(names=aliases):
                    found += [Import(module, node.lineno, each.name, None) for each in aliases]
                case ast.ImportFrom(module=str(target), names=aliases, level=0):
                    for each in aliases:
                        is_module = f"{target}.{each.name}" in ours
                        whole = f"{target}.{each.name}" if is_module else target
                        name = None if is_module else each.name
                        found.append(Import(module, node.lineno, whole, name))
                case ast.ImportFrom():
                    found.append(Import(module, node.lineno, "a relative import", None))
    return tuple(found)


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def report(faults: list[str], what_to_do: str) -> str:
    return "\n".join([f"{what_to_do}", *(f"  {fault}" for fault in faults)])
