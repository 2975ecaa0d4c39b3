"""Unleash's own suite for clients, through what is ours.

`Features` is the seam: the payload is checked as every other, and the context goes on as our
`ToggleContext` does, as plain fields. That narrow context cannot say sessionId, currentTime and the
like, so only the cases whose context it can say are also asked through `FileToggles`.

Left out, counted below: variants (our interface has none) and the delta API (never asked for).
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.domain.ids import EventId
from app.rollout import FileToggles, Toggle, ToggleContext, ToggleKind
from app.rollout.features import Features

PACKAGE = Path(__file__).parents[2] / ".tools/node/node_modules/@unleash/client-specification"
SPECIFICATIONS = PACKAGE / "specifications"

ASKED = 223
ASKED_THROUGH_TOGGLES = 96
LEFT_OUT = {"variants": 52, "delta API": 4}
"""All 279 cases of 6.1.0. Another version has other numbers: look at what is new."""


@dataclass(frozen=True)
class Case:
    file: str
    description: str
    payload: str
    name: str
    context: dict[str, Any]
    expected: bool

    def __str__(self) -> str:
        return f"{self.file}-{self.description}"


def specifications() -> Iterator[tuple[str, dict[str, Any]]]:
    """Nothing when the package is missing: then the count below fails and says what to do."""
    index = SPECIFICATIONS / "index.json"
    for file in json.loads(index.read_text()) if index.is_file() else []:
        yield file.removesuffix(".json"), json.loads((SPECIFICATIONS / file).read_text())


def cases() -> list[Case]:
    return [
        Case(
            file=file,
            description=test["description"],
            payload=json.dumps(specification["state"], ensure_ascii=False),
            name=test["toggleName"],
            context=test["context"],
            expected=test["expectedResult"],
        )
        for file, specification in specifications()
        if "features" in specification["state"]
        for test in specification.get("tests", [])
    ]


def plain_cases() -> list[Case]:
    return [case for case in cases() if case.context.keys() <= {"userId"}]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_seam_answers_as_unleash_wants(case: Case) -> None:
    assert Features(case.payload).is_on(case.name, case.context) is case.expected


@pytest.mark.parametrize("case", plain_cases(), ids=str)
def test_toggles_answer_as_unleash_wants(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    path.write_text(case.payload)
    toggle = Toggle(
        case.name, ToggleKind.RELEASE, default=False, owner="", remove_by=None, description=""
    )
    context = ToggleContext(EventId("any"), sticky_id=case.context.get("userId"))
    assert FileToggles(path).is_on(toggle, context) is case.expected


def test_every_case_is_asked_or_left_out_by_name() -> None:
    assert SPECIFICATIONS.is_dir(), f"{PACKAGE} is missing; ./taquilla prepare installs it"
    left_out: Counter[str] = Counter()
    for _, specification in specifications():
        left_out["variants"] += len(specification.get("variantTests", []))
        if "features" not in specification["state"]:
            left_out["delta API"] += len(specification["tests"])
    print(f"asked {len(cases())}, of them through toggles too {len(plain_cases())}; {left_out}")
    assert left_out == LEFT_OUT
    assert len(cases()) == ASKED
    assert len(plain_cases()) == ASKED_THROUGH_TOGGLES
