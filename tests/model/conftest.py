"""How long the search is, and that its assertions explain themselves."""

import os

import pytest

pytest.register_assert_rewrite(
    *("tests.model.laws", "tests.model.picture"),
    *("tests.model.selling_machine", "tests.model.paying_machine"),
)

from tests.model.search import EXAMPLES  # noqa: E402 - rewritten first


@pytest.fixture
def examples() -> int:
    """KeyError for a profile that nobody knows."""
    return EXAMPLES[os.environ.get("HYPOTHESIS_PROFILE", "default")]


@pytest.fixture(autouse=True)
def short_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is worth a minute of making it smaller; Hypothesis itself would take five."""
    monkeypatch.setattr("hypothesis.internal.conjecture.engine.MAX_SHRINKING_SECONDS", 60)
