"""Rehearsals of what must not go wrong: `./taquilla rehearse crashes`.

crashes    kill -9 of Redis, the API and the worker in turn in the middle of a sale
payments   the same in the middle of paid orders, under every weather of notices and money
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.rehearsals import crashes
from tests.rehearsals.paying import rehearsal as payments
from tests.rehearsals.paying.breaks import kill_api, kill_redis, kill_worker
from tests.rehearsals.slow_disk import why_impossible

ORDERS_MAX = {"crashes": 20_000, "payments": 2_000}
ORDERS = {"crashes": 5_000, "payments": 200}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="taquilla rehearse",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rehearsal", choices=list(ORDERS))
    parser.add_argument("--orders", type=int, help=f"100 to {ORDERS_MAX}; without it: {ORDERS}")
    parser.add_argument("--slow-disk", action="store_true", help="each fsync of Redis takes 200 ms")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    orders, most = arguments.orders or ORDERS[arguments.rehearsal], ORDERS_MAX[arguments.rehearsal]
    if not 100 <= orders <= most:
        parser.error(f"--orders {orders}: 100 to {most}")
    if arguments.rehearsal == "payments":
        if arguments.slow_disk:
            parser.error("--slow-disk is for crashes")
        return _rehearse_payments(orders, arguments.seed)
    if arguments.slow_disk and (reason := why_impossible()):
        parser.error(reason)
    return _rehearse_crashes(orders, arguments.seed, slow_disk=arguments.slow_disk)


def _rehearse_crashes(orders: int, seed: int, *, slow_disk: bool) -> int:
    disk = ", each fsync of Redis takes 200 ms" if slow_disk else ""
    print(f"seed {seed}, {orders} wishes{disk}", flush=True)
    found = crashes.rehearse(orders, seed=seed, slow_disk=slow_disk)
    print("\n".join(crashes.describe(found)))
    return _judge(found.aftermath.faults, found.seed, found.seconds)


def _rehearse_payments(orders: int, seed: int) -> int:
    breaks = (kill_redis, kill_worker, kill_api, kill_redis)
    with tempfile.TemporaryDirectory(prefix="taquilla-paying-") as folder:
        rehearsing = payments.rehearse(Path(folder), orders, seed=seed, breaks=breaks)
        found = asyncio.run(rehearsing)
    print("\n".join(payments.describe(found)))
    return _judge(found.faults, found.seed, found.seconds)


def _judge(faults: Sequence[str], seed: int, seconds: float) -> int:
    for fault in faults[:50]:
        print(f"BROKEN  {fault}")
    verdict = f"{len(faults)} faults" if faults else "every promise was kept"
    print(f"verdict: {verdict} (seed {seed}, {seconds:.0f} s)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
