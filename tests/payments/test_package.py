"""The package by itself: what it shows, and that it needs nothing but Python and pydantic."""

import subprocess
import sys
from pathlib import Path
from typing import get_origin

import pydantic

import payments

NEEDED = ["pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"]
"""pydantic, and what it needs itself."""

FOLDER = Path(payments.__file__).parent


def _kind_and_name(name: str) -> tuple[bool, bool, str]:
    """Constants, classes, functions; each by the alphabet."""
    return not name.isupper(), not name[0].isupper(), name


def test_the_public_surface_is_sorted_and_complete() -> None:
    shown = {
        name
        for name, value in vars(payments).items()
        if not name.startswith("_") and not isinstance(value, type(sys))
    }
    assert payments.__all__ == sorted(payments.__all__, key=_kind_and_name)
    assert set(payments.__all__) == shown


def test_every_public_class_and_function_says_what_it_is() -> None:
    for name in payments.__all__:
        value = getattr(payments, name)
        assert get_origin(value) or not callable(value) or value.__doc__, (
            f"payments.{name} has no docstring"
        )


def test_it_works_where_there_is_neither_app_nor_any_library_but_pydantic(tmp_path: Path) -> None:
    """A process that sees this package, pydantic and the standard library, and nothing else."""
    (tmp_path / "payments").symlink_to(FOLDER)
    installed = Path(pydantic.__file__).parents[1]
    for name in NEEDED:
        for found in (*installed.glob(name), *installed.glob(f"{name}.py")):
            (tmp_path / found.name).symlink_to(found)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import payments\n"
        "print(payments.Money(1050, 'EUR') * 2)\n"
        "ours = {name.partition('.')[0] for name in sys.modules}\n"
        "foreign = ours - set(sys.stdlib_module_names) - {'payments', '__main__', *sys.argv[2:]}\n"
        "assert not {name for name in foreign if not name.startswith('_')}, foreign\n"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(tmp_path), *NEEDED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "21.00 EUR\n", "")


def test_its_types_are_for_others_to_check_against() -> None:
    assert (FOLDER / "py.typed").is_file()
