"""Sizes, names, first lines: what keeps a file readable on its own."""

import ast
import os
import re
import subprocess
import sys

import pytest

from tests.tidy.sources import ROOT, Module, files, modules, report

MODULE_LINES_MAX = 400
"""250 is the aim."""
FUNCTION_LINES_MAX = 70
"""40 is the aim."""
LUA_LINES_MAX = 120

_IMPORT_ALL = """
import importlib, os, sys, threading
import pydantic, fastapi, sqlalchemy, redis, uvicorn, UnleashClient  # what they do is theirs

FORBIDDEN = {"socket.connect", "socket.bind", "subprocess.Popen", "os.fork", "os.mkdir",
             "os.remove", "os.rename", "sqlite3.connect"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def refuse(event, arguments):
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
    if writes or event in FORBIDDEN:
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        sys.exit(f"{name}: {error!r}")
assert threading.active_count() == 1, threading.enumerate()
"""

CONDITIONS = {"__name__ == '__main__'", "TYPE_CHECKING"}

VAGUE = re.compile(r"(^|_)(util|utils|helper|helpers|common|manager|managers|misc)($|_)")


def test_modules_fit_a_reader() -> None:
    faults = [
        f"{module.path}: {len(module.text.splitlines())} lines"
        for module in modules("app", "payments", "migrations", "tests")
        if len(module.text.splitlines()) > MODULE_LINES_MAX
    ]
    assert not faults, report(faults, f"At most {MODULE_LINES_MAX} lines; 250 is the aim. Split:")


def test_functions_fit_a_screen() -> None:
    faults = [
        f"{module.path}:{node.lineno} {node.name}: {length} lines"
        for module in modules("app", "payments", "tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not faults, report(faults, f"At most {FUNCTION_LINES_MAX} lines; 40 is the aim. Split:")


def test_lua_fits_a_screen_or_two() -> None:
    faults = [
        f"{path}: {count} lines"
        for path in files()
        if path.suffix == ".lua"
        and (count := len((ROOT / path).read_text().splitlines())) > LUA_LINES_MAX
    ]
    assert not faults, report(faults, f"At most {LUA_LINES_MAX} lines; move a part to lua/lib:")


def test_no_file_or_folder_is_a_drawer() -> None:
    faults = [
        str(path)
        for path in files()
        if path.suffix in {".py", ".lua"}
        and any(VAGUE.search(part) for part in path.with_suffix("").parts)
    ]
    assert not faults, report(faults, "Name it after what it does, not after who needs it:")


def test_no_class_or_function_is_a_drawer() -> None:
    faults = []
    for module in modules("app", "payments"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower()
                if VAGUE.search(words):
                    faults.append(f"{module.path}:{node.lineno} {node.name}")
    assert not faults, report(faults, "Name it after what it does:")


def test_a_module_says_first_what_it_is() -> None:
    faults = [
        str(module.path)
        for module in modules("app", "payments", "migrations", "tests")
        if module.text.strip() and not ast.get_docstring(module.tree)
    ]
    assert not faults, report(faults, "Begin with a docstring: what this is, in a line or two:")


@pytest.mark.parametrize("module", modules("app", "payments"), ids=lambda module: module.name)
def test_a_module_states_things_and_calls_nothing_by_itself(module: Module) -> None:
    faults = [
        f"{module.path}:{node.lineno} {ast.unparse(node).splitlines()[0]}"
        for node in module.tree.body
        if isinstance(node, ast.For | ast.While | ast.With | ast.Try | ast.Assert)
        or (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.If) and ast.unparse(node.test) not in CONDITIONS)
    ]
    assert not faults, report(faults, "Nothing happens at import time; put it into a function:")


def test_importing_everything_opens_nothing_and_reads_no_setting() -> None:
    names = [module.name for module in modules("app") if not module.name.endswith("__main__")]
    ran = subprocess.run(
        [sys.executable, "-B", "-c", _IMPORT_ALL, *names],
        env={**os.environ, "TAQUILLA_HTTP_PORT": "not a port"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, f"an import does something by itself:\n{ran.stderr}"
