"""The toggles of a fresh development machine: free and paid events are sold, the sandbox pays, and
nothing is halted."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from app.rollout.catalogue import SELLING_FREE, SELLING_PAID, Toggle, offer_toggle

ON_IN_DEVELOPMENT = frozenset({SELLING_FREE, SELLING_PAID, offer_toggle("sandbox")})


def write_development_toggles(path: Path, catalogue: Sequence[Toggle]) -> None:
    """Writes the file if it is not there; whole or not at all."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    features = [
        {
            "name": toggle.name,
            "type": toggle.kind,
            "description": toggle.description,
            "enabled": toggle in ON_IN_DEVELOPMENT,
            "strategies": [{"name": "default"}],
        }
        for toggle in catalogue
    ]
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(json.dumps({"version": 2, "features": features}, indent=2) + "\n")
    draft.replace(path)
