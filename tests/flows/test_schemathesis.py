"""Schemathesis against the running service: everything that openapi.json allows, and what it does
not. No 5xx, no undocumented status, every error a known problem, every body as its schema says, bad
data refused, links followed. Its settings and our own checks are in `tests/flows/schemathesis`."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from app.api import write_public_document
from tests.flows.conftest import ROOT, Service

FOLDER = Path("tests/flows/schemathesis")
SECONDS_MAX = 240
EXAMPLES_MAX = 40
"""Cases of one operation in one phase."""

NEEDS_TWO_PEOPLE = {"cancelOrder"}
"""The order of a buyer, the key of an organiser: no example and no link can know both."""


@pytest.mark.slow
@pytest.mark.timeout(SECONDS_MAX + 30)
@pytest.mark.parametrize(
    "tags", [["events", "orders", "health"], ["admin: events", "admin: orders", "admin: reports"]]
)
def test_the_service_keeps_what_its_document_says(
    service: Service, tmp_path: Path, tags: list[str]
) -> None:
    seed = int(os.environ.get("TAQUILLA_TEST_SEED") or random.randrange(2**32))
    print(f"seed {seed}; the same again: TAQUILLA_TEST_SEED={seed}")
    document, reached = tmp_path / "openapi.json", tmp_path / "reached.json"
    document.write_text(write_public_document())
    ran = subprocess.run(
        [
            *(Path(sys.executable).parent / "schemathesis", "--config-file"),
            *(FOLDER / "schemathesis.toml", "run", document, f"--url={service.base_url}"),
            *(f"--seed={seed}", f"--max-examples={EXAMPLES_MAX}"),
            *(f"--include-tag={tag}" for tag in tags),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TAQUILLA_ADMIN_KEY": service.admin["Authorization"].removeprefix("Bearer "),
            "SCHEMATHESIS_REACHED": str(reached),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    print(ran.stdout, ran.stderr)
    assert ran.returncode == 0
    missed = _reached_by_examples(document, tags) - set(json.loads(reached.read_text()))
    assert missed <= NEEDS_TWO_PEOPLE, f"these never answered 2xx: {missed}"


def _reached_by_examples(document: Path, tags: list[str]) -> set[str]:
    """What no link leads to must work with its own examples; the rest is a matter of luck here, and
    walked through in `test_try_it_out.py`."""
    paths = json.loads(document.read_text())["paths"]
    operations = [operation for item in paths.values() for operation in item.values()]
    linked = {
        link["operationId"]
        for operation in operations
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    }
    return {
        operation["operationId"] for operation in operations if set(operation["tags"]) & set(tags)
    } - linked
