"""Writes the package of a new payment method: all that is the same for every provider, and blanks
for what is not. Once its blanks are filled it passes the conformance kit.

The templates are the files of a provider called Acme, so they can be read as they are.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from payments.descriptor import METHOD_ID_PATTERN
from payments.registry import BUILT_IN

_TEMPLATES: Final = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "src/taquilla_acme/__init__.py": "init.py",
    "src/taquilla_acme/method.py": "method.py",
    "src/taquilla_acme/wire.py": "wire.py",
    "tests/harness.py": "harness.py",
    "tests/test_conformance.py": "test_conformance.py",
}
"""Where each file goes, as Acme has it, and its template."""


class ScaffoldRefused(ValueError):  # noqa: N818 - what happened
    """The name cannot be a method's, or something is in the way."""


def scaffold(method_id: str, folder: Path) -> Path:
    """Writes `folder/taquilla-<id>` and answers where it is. Overwrites nothing. Raises
    ScaffoldRefused."""
    if not re.fullmatch(METHOD_ID_PATTERN, method_id):
        raise ScaffoldRefused(f"a method's id must match {METHOD_ID_PATTERN}")
    if method_id in BUILT_IN:
        raise ScaffoldRefused(f"{method_id} is a method of ours")
    root = folder / _renamed("taquilla-acme", method_id)
    if root.exists():
        raise ScaffoldRefused(f"{root} is there already")
    templates = files("payments.testing") / "templates"
    for place, template in _TEMPLATES.items():
        path = root / _renamed(place, method_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (templates / f"{template}.txt").read_text(encoding="utf-8")
        path.write_text(_renamed(text, method_id), encoding="utf-8")
    (root / _renamed("src/taquilla_acme/py.typed", method_id)).touch()
    return root


def _renamed(text: str, method_id: str) -> str:
    """Acme's text, of another provider."""
    words = method_id.split("_")
    names = {
        "taquilla-acme": f"taquilla-{'-'.join(words)}",
        "ACME": method_id.upper(),
        "Acme": "".join(word.capitalize() for word in words),
        "acme": method_id,
    }
    pattern = "|".join(re.escape(name) for name in names)
    return re.sub(pattern, lambda found: names[found[0]], text)
