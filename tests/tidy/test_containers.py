"""docker/: what can be said of it without an engine. Schemas are checked by .ci/run."""

import re

from app.runtime import secrets
from tests.tidy.sources import ROOT, files, imports, report
from tests.tidy.test_catalogues import SETTINGS

COMPOSE = (ROOT / "docker" / "compose.yaml").read_text()
EXAMPLE = (ROOT / "docker" / ".env.example").read_text()
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
PINNED = re.compile(r"[\w./-]+:\d+(\.\d+)+[\w.-]*|python:\d\.\d+-slim-\w+")
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)")
PASSED_ON = re.compile(r"^ +([A-Z_]+):$", re.MULTILINE)
EXPLAINED = re.compile(r"^(?:# )?([A-Z_]+)=", re.MULTILINE)
_LEFT_OUT = ("payments.testing", "app.cli.sandbox")
WITH_A_DEFAULT = {"TAQUILLA_LOG_LEVEL", "TAQUILLA_API_PROCESSES"}


def test_every_image_has_a_version() -> None:
    images = re.findall(r"^ +image: (\S+)$", COMPOSE, re.MULTILINE)
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    faults = [image for image in images if not PINNED.fullmatch(image)]
    assert len(images) >= 5
    assert not faults, report(faults, "Name the version, so that it is the same tomorrow:")


def test_compose_sets_nothing_that_the_service_does_not_read() -> None:
    known = SETTINGS | set(secrets.NAMES)
    unknown = set(re.findall(r"TAQUILLA_[A-Z_]+", COMPOSE + EXAMPLE)) - known
    # In prose: TAQUILLA_*.
    assert not unknown - {"TAQUILLA_"}, sorted(unknown)


def test_compose_hands_over_every_secret() -> None:
    for name in secrets.NAMES:
        assert f"{name}: ${{{name}:?}}" in COMPOSE, name


def test_what_compose_is_given_from_outside_is_explained_and_the_other_way_round() -> None:
    asked = set(INTERPOLATED.findall(COMPOSE)) | set(PASSED_ON.findall(COMPOSE))
    explained = set(EXPLAINED.findall(EXAMPLE))
    assert asked - explained - WITH_A_DEFAULT == set()
    assert explained - asked == {"COMPOSE_PROFILES"}


def test_no_secret_of_docker_is_committed() -> None:
    assert ".env" not in {path.name for path in files()}
    filled = re.findall(r"^(?:TAQUILLA_SECRET_|\w*PASSWORD)\w*=(.+)$", EXAMPLE, re.MULTILINE)
    assert filled == []


def test_the_conformance_kit_is_not_in_the_image_and_nothing_there_needs_it() -> None:
    """What is not there cannot be loaded: the double, least of all."""
    left_out = (ROOT / ".dockerignore").read_text()
    assert "\npayments/testing\napp/cli/sandbox.py\n" in left_out
    faults = [
        str(each)
        for each in imports("app", "payments", "migrations")
        if each.target.startswith(_LEFT_OUT) and not each.by.name.startswith(_LEFT_OUT)
    ]
    assert not faults, report(faults, "The image has no payments.testing:")


def test_redis_is_started_as_the_service_insists() -> None:
    flat = re.sub(r"\s+- ", " ", COMPOSE).replace('"', "")
    for wanted in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert wanted in flat
