"""Runs the machine again and again, each time from another seed, until something fails.

HYPOTHESIS_PROFILE=quick|default|nightly    how many examples
HYPOTHESIS_SEED=123                         begins with the round that failed, printed by it
"""

import os
import random
from collections.abc import Collection
from typing import Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.selling_machine import SellingMachine

EXAMPLES: Final = {"quick": 20, "default": 150, "nightly": 5_000}
STEPS: Final = 40
ROUND: Final = 10
"""Examples from one seed. Beyond its tenth Hypothesis varies old examples more than it makes new
ones, and those sell less and less."""


def search(
    machine: type[SellingMachine], examples: int, *, phases: Collection[Phase] = tuple(Phase)
) -> None:
    """Raises what failed first, with its smallest sequence if `phases` has Phase.shrink."""
    first = int(os.environ.get("HYPOTHESIS_SEED") or random.getrandbits(32))
    for number in range(first, first + examples // ROUND):
        try:
            run_state_machine_as_test(
                seed(number)(machine),
                settings=settings(
                    max_examples=ROUND,
                    stateful_step_count=STEPS,
                    phases=phases,
                    derandomize=False,
                    database=None,
                    deadline=None,
                    print_blob=True,
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except BaseException as error:
            error.add_note(f"once more: HYPOTHESIS_SEED={number}")
            raise
