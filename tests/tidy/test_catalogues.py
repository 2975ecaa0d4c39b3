"""Catalogues against their use: toggles, metrics, settings. What is listed is used, and the other
way round."""

import os
import re
from datetime import date
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from app.rollout import CATALOGUE, catalogue
from app.runtime import metrics, secrets
from app.runtime.settings import PREFIX, Settings
from tests.tidy.sources import ROOT, imports, modules, report, texts

# Toggles ------------------------------------------------------------------------------------------

TOGGLE_CATALOGUE = Path("app/rollout/catalogue.py")


def test_a_toggle_is_named_in_the_catalogue_only() -> None:
    areas = "|".join(sorted({each.name.partition(".")[0] for each in CATALOGUE}))
    name = re.compile(rf"({areas})(\.[a-z_]+)+")
    faults = [
        f"{module.path}:{line} {text!r}"
        for module in modules("app", "payments", "migrations")
        if module.path != TOGGLE_CATALOGUE
        for line, text in module.strings()
        if name.fullmatch(text)
    ]
    assert not faults, report(faults, f"Declare it in {TOGGLE_CATALOGUE} and use the constant:")


def test_every_toggle_is_asked_for() -> None:
    constants = {
        name for name, value in vars(catalogue).items() if isinstance(value, catalogue.Toggle)
    }
    assert len(constants) == len(CATALOGUE), "every Toggle of the file belongs to CATALOGUE"
    used = {
        each.name
        for each in imports("app")
        if each.target in {"app.rollout", "app.rollout.catalogue"}
        and each.by.name not in {"app.rollout", "app.rollout.development"}
    }
    idle = sorted(constants - used)
    assert not idle, f"nobody asks for these toggles; delete them: {idle}"


def test_a_toggle_that_was_to_go_by_now_is_gone() -> None:
    late = [each.name for each in CATALOGUE if each.remove_by and each.remove_by < date.today()]  # noqa: DTZ011 - a day is enough
    assert not late, f"finish the rollout and delete these toggles and their old branch: {late}"


# Metrics ------------------------------------------------------------------------------------------

METRICS = {
    name: value
    for name, value in vars(metrics).items()
    if isinstance(value, Counter | Gauge | Histogram)
}


def test_every_metric_is_moved_by_somebody() -> None:
    used = {each.name for each in imports("app") if each.target == metrics.__name__}
    idle = sorted(METRICS.keys() - used)
    assert not idle, f"nobody moves these metrics; delete them or count something: {idle}"


def test_metrics_are_made_in_their_catalogue_only() -> None:
    kinds = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
    faults = [
        str(each)
        for each in imports("app", "payments")
        if each.target.startswith("prometheus_client")
        and each.by.name != metrics.__name__
        and each.name in kinds | {None}
    ]
    assert not faults, report(faults, "Declare it in app/runtime/metrics.py:")


def test_a_metric_is_named_and_explained() -> None:
    for name, metric in METRICS.items():
        (family,) = metric.describe()
        assert family.name.startswith("taquilla_"), f"{name}: begin with taquilla_"
        assert family.documentation.endswith("."), f"{name}: say what it counts, in a sentence"
        if isinstance(metric, Histogram):
            assert family.name.endswith("_seconds"), f"{name}: the unit comes last"


# Settings -----------------------------------------------------------------------------------------

_VARIABLE = re.compile(r"^(?P<off># ?)?(?P<name>TAQUILLA_[A-Z_]+)=(?P<value>.*)$", re.MULTILINE)
EXAMPLE = (ROOT / ".env.example").read_text()
EXPLAINED = [match["name"] for match in _VARIABLE.finditer(EXAMPLE)]
SETTINGS = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
INTERNAL = {
    "TAQUILLA_LIFELINE_FD": "handed from the supervisor to its children",
    "TAQUILLA_TEST_DATABASE_URL": "of the tests alone",
}


def test_every_setting_and_secret_is_explained_once() -> None:
    known = SETTINGS | set(secrets.NAMES)
    missing, unknown = sorted(known - set(EXPLAINED)), sorted(set(EXPLAINED) - known)
    assert not missing, f"explain these in .env.example: {missing}"
    assert not unknown, f".env.example explains what nothing reads: {unknown}"
    assert len(EXPLAINED) == len(set(EXPLAINED)), "a variable stands twice in .env.example"


def test_every_line_of_the_example_has_its_meaning_above_it() -> None:
    lines = EXAMPLE.splitlines()
    faults = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if _VARIABLE.match(line) and not (above.startswith("# ") and not _VARIABLE.match(above))
    ]
    assert not faults, report(faults, "Say what it means in a comment just above:")


def test_the_values_of_the_example_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    defaults = Settings()
    for match in _VARIABLE.finditer(EXAMPLE):
        if not match["off"]:
            monkeypatch.setenv(match["name"], match["value"])
    assert Settings() == defaults


def test_no_setting_is_read_or_promised_that_does_not_exist() -> None:
    known = SETTINGS | set(secrets.NAMES) | INTERNAL.keys()
    faults = [
        f"{path}: {name}"
        for path, text in texts().items()
        if path.parts[0] != "tests"
        for name in sorted(set(re.findall(r"\bTAQUILLA_[A-Z_]*[A-Z]\b(?!_|\*)", text)) - known)
    ]
    assert not faults, report(faults, "Make it a field of Settings, or do not speak of it:")


def test_only_the_edges_read_settings_and_nobody_else_the_environment() -> None:
    faults = [
        str(each)
        for each in imports("app")
        if each.target == "app.runtime.settings"
        and each.name in {"Settings", "load_settings"}
        and each.by.package not in {"app.cli", "app.main", "app.wiring", "app.runtime"}
    ]
    faults += [
        f"{module.path} reads os.environ"
        for module in modules("app", "payments")
        if {"environ", "getenv"} & set(module.words())
        and module.package not in {"app.cli", "app.runtime"}
    ]
    assert not faults, report(faults, "Take the value as an argument; the wiring hands it down:")
