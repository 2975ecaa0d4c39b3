"""How long the search is: HYPOTHESIS_PROFILE is quick, default or nightly."""

import os

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = {"quick": 20, "default": 150, "nightly": 5_000}
STEPS = 40

pytest.register_assert_rewrite(
    "tests.model.laws", "tests.model.picture", "tests.model.selling_machine"
)


@pytest.fixture
def search() -> settings:
    """Every run searches elsewhere; what failed is kept in `.hypothesis` and tried first."""
    return settings(
        max_examples=EXAMPLES[os.environ.get("HYPOTHESIS_PROFILE", "default")],
        stateful_step_count=STEPS,
        derandomize=False,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
