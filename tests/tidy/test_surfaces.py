"""The public surface of each package: what others may import is listed, whole and in order."""

import ast
import importlib

import pytest

from tests.tidy.sources import Module, modules, report

PACKAGES = [module for module in modules("app", "payments") if module.path.name == "__init__.py"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_what_a_package_brings_up_is_what_it_shows(package: Module) -> None:
    brought = {
        alias.asname or alias.name
        for node in package.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    shown = getattr(importlib.import_module(package.name), "__all__", [])
    assert set(shown) == brought, (
        f"{package.path}: __all__ must list what is imported; "
        f"missing {sorted(brought - set(shown))}, unknown {sorted(set(shown) - brought)}"
    )
    assert shown == sorted(shown, key=_kind_and_name), f"{package.path}: sort __all__"


def _kind_and_name(name: str) -> tuple[bool, bool, str]:
    """Constants, classes, functions; each by the alphabet (as ruff sorts them)."""
    return not name.isupper(), not name[0].isupper(), name


def test_every_package_says_what_it_is() -> None:
    faults = [str(each.path) for each in PACKAGES if not ast.get_docstring(each.tree)]
    assert not faults, report(faults, "Say what the package is for, and what it alone knows:")
