"""Who may import whom: the floors of `app/__init__.py`, executed."""

import ast
import re
import sys
from collections import defaultdict

import pytest

import app
from payments import BUILT_IN
from tests.tidy.sources import Import, imports, modules, report

_FLOOR = re.compile(r"^ +(-?\d+)  (\S+(?: \| \S+)*)(?: {2,}|$)", re.MULTILINE)
FLOORS = {
    package: int(number)
    for number, packages in _FLOOR.findall(app.__doc__ or "")
    for package in packages.split(" | ")
}

OUTSIDE = {
    "UnleashClient": {"app.rollout"},
    "sqlalchemy": {"app.ledger", "migrations"},
    "alembic": {"app.ledger", "migrations"},
    "redis": {"app.runtime"},
    "cloudevents": {"app.bus"},
    "aiobotocore": {"app.bus"},
    "aiohttp": {"app.bus", "app.rollout"},
    "botocore": {"app.bus"},
    "fastapi": {"app.api", "app.main", "app.storefront", "app.wiring"},
    "starlette": {"app.api"},
    "segno": {"app.api"},
    "typer": {"app.cli"},
    "uvicorn": {"app.cli"},
}
"""Library of an outside system, or of an edge: the packages that alone know it."""


def _package(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "app" else parts[0]


def test_every_package_of_the_service_has_its_floor() -> None:
    present = {module.package for module in modules("app")} - {"app"} | {"payments"}
    missing, gone = sorted(present - FLOORS.keys()), sorted(FLOORS.keys() - present)
    assert not missing, f"give these a floor in app/__init__.py: {missing}"
    assert not gone, f"app/__init__.py gives a floor to what is not there: {gone}"


def _is_upwards(each: Import) -> bool:
    source, target = _package(each.by.name), _package(each.target)
    if each.by.name == "app" or target not in FLOORS or source == target:
        return False
    return FLOORS[target] >= FLOORS[source.partition(".")[0] if source not in FLOORS else source]


def test_a_module_imports_only_from_floors_below() -> None:
    faults = [str(each) for each in imports("app", "payments") if _is_upwards(each)]
    assert not faults, report(
        faults, "Floors are in app/__init__.py. Move what is shared down, or what needs it up:"
    )


def test_nobody_imports_migrations_or_tests() -> None:
    faults = [
        str(each)
        for each in imports("app", "payments", "migrations")
        if each.target.split(".")[0] in {"tests", "migrations"}
        and each.by.name.split(".")[0] != each.target.split(".")[0]
    ]
    assert not faults, report(faults, "Only tests import tests; Alembic alone loads migrations:")


PAYMENTS_NEED = {
    "payments": {"pydantic"},
    "payments.methods.hack": {"pydantic", "cryptography"},
    "payments.testing": {"pydantic", "pytest"},
}
"""What each part of `payments` may ask of whoever installs it: the first line is its requirement,
the others are its extras."""


def _may_need(name: str) -> set[str]:
    part = max((each for each in PAYMENTS_NEED if f"{name}.".startswith(f"{each}.")), key=len)
    return PAYMENTS_NEED[part]


def test_payments_needs_little() -> None:
    faults = [
        str(each)
        for each in imports("payments")
        if (library := each.target.split(".")[0]) not in sys.stdlib_module_names | {"payments"}
        and library not in _may_need(each.by.name)
    ]
    assert not faults, report(faults, "payments is for others, and asks little of them:")


@pytest.mark.parametrize("library", OUTSIDE)
def test_an_outside_system_is_known_to_one_package(library: str) -> None:
    faults = [
        str(each)
        for each in imports("app", "payments", "migrations")
        if each.target.split(".")[0] == library and _package(each.by.name) not in OUTSIDE[library]
    ]
    allowed = " and ".join(sorted(OUTSIDE[library]))
    assert not faults, report(faults, f"Only {allowed} may know {library}; ask that package:")


def test_between_packages_only_the_package_is_imported() -> None:
    """Where a package has a public surface (`__all__`), that is what others see of it; `payments`
    has parts with a surface of their own, for whoever installed what they need. Migrations are a
    part of the ledger that Alembic wants elsewhere."""
    surfaces = {
        module.name
        for module in modules("app", "payments")
        if module.path.name == "__init__.py" and "__all__" in module.text
    }
    faults = [
        f"{each}; write: from {_package(each.target)} import ..."
        for each in imports("app", "payments", "migrations")
        if _package(each.target) in surfaces
        and each.target != _package(each.target)
        and _package(each.target) != _package(each.by.name)
        and not (_package(each.target) == "payments" and each.target in surfaces)
        and (_package(each.by.name), _package(each.target)) != ("migrations", "app.ledger")
    ]
    assert not faults, report(faults, "A package is used through its __init__.py:")


def test_imports_are_absolute_and_stand_at_the_top() -> None:
    faults = [str(each) for each in imports("app", "payments") if "relative" in each.target]
    faults += [
        f"{module.path}:{node.lineno} imports inside a function"
        for module in modules("app", "payments")
        if module.package != "app.cli"  # where the time to start counts
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not faults, report(faults, "Move it to the top; a circle is cut by moving code:")


def test_no_modules_go_in_a_circle() -> None:
    needs: dict[str, set[str]] = defaultdict(set)
    ours = {module.name for module in modules("app", "payments")}
    for each in imports("app", "payments"):
        if each.target in ours:
            needs[each.by.name].add(each.target)
    circle = _find_circle(needs)
    assert circle is None, f"cut this circle of imports: {' -> '.join(circle or ())}"


def _find_circle(needs: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str] | None:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return None
        for each in sorted(needs.get(name, ())):
            circle = walk(each, [*trail, name])
            if circle:
                return circle
        done.add(name)
        return None

    for name in sorted(needs):
        circle = walk(name, [])
        if circle:
            return circle
    return None


def test_a_circle_would_be_found() -> None:
    assert _find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _find_circle({"a": {"b", "c"}, "b": {"c"}}) is None


def test_every_module_is_imported_by_something_or_starts_a_process() -> None:
    starts = {
        "app.cli.__main__",
        "app.cli.sandbox",
        "app.main",
        "app.runtime.lifeline",
        "payments.testing.__main__",
        "payments.testing.plugin",
        *(each.partition(":")[0] for each in BUILT_IN.values()),
    }
    used = {each.target for each in imports("app", "payments", "migrations")}
    for name in list(used):
        parts = name.split(".")
        used |= {".".join(parts[:count]) for count in range(1, len(parts))}
    idle = [
        str(module.path)
        for module in modules("app", "payments")
        if module.name not in used | starts and module.text.strip()
    ]
    assert not idle, report(idle, "Nothing imports these; use them or delete them:")
