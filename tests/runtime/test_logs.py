"""Logs: one line an entry, ours and the libraries', and nobody's address in it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.runtime.logs import configure_logging
from app.runtime.settings import Settings


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_ours_and_those_of_a_library_have_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"))
    structlog.get_logger("ours").info("it happened", count=2)
    logging.getLogger("theirs").warning("it too: %s", 3)
    ours, theirs = written(capsys)
    assert (ours["event"], ours["count"], ours["level"]) == ("it happened", 2, "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "it too: 3",
        "theirs",
        "warning",
    )
    assert ours.keys() - {"count"} == theirs.keys()


def test_an_address_in_an_error_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"))
    try:
        int("ana@example.org")
    except ValueError:
        structlog.get_logger().exception("failed for bob@example.org", who="<eve@example.org>")
    (entry,) = written(capsys)
    assert "example.org" not in json.dumps(entry)
    assert entry["who"] == "<[hidden]>"
    assert "[hidden]" in str(entry["exception"])


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_level="warning"))
    structlog.get_logger().info("quiet")
    logging.getLogger("theirs").info("quiet")
    assert written(capsys) == []


def test_people_can_read_the_console_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="console"))
    structlog.get_logger().info("it happened", count=2)
    line = capsys.readouterr().err
    assert "it happened" in line
    assert "count=2" in line
