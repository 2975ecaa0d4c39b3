"""A sale in the middle of which everything is killed, on every run of the tests."""

import random

import pytest

from tests.rehearsals.crashes import describe, rehearse

ORDERS = 1_500


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_whatever_is_killed_every_acknowledged_order_is_kept_once_and_no_other() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"./taquilla rehearse crashes --orders {ORDERS} --seed {seed}")
    found = rehearse(ORDERS, seed=seed, slow_disk=False)
    print("\n".join(describe(found)))
    assert found.aftermath.faults == []
    assert {each.kind for each in found.kills} == {"redis", "api", "worker"}
    assert found.sold_again > 0
