"""Rehearsals of what must not go wrong: `./taquilla rehearse crashes`.

crashes    kill -9 of Redis, the API and the worker in turn in the middle of a sale
"""

import argparse
import random
import sys

from tests.rehearsals.crashes import describe, rehearse
from tests.rehearsals.slow_disk import why_impossible

ORDERS_MAX = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="taquilla rehearse",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rehearsal", choices=["crashes"])
    parser.add_argument("--orders", type=int, default=5_000, help=f"100 to {ORDERS_MAX}")
    parser.add_argument("--slow-disk", action="store_true", help="each fsync of Redis takes 200 ms")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    if not 100 <= arguments.orders <= ORDERS_MAX:
        parser.error(f"--orders {arguments.orders}: 100 to {ORDERS_MAX}")
    if arguments.slow_disk and (reason := why_impossible()):
        parser.error(reason)
    disk = ", each fsync of Redis takes 200 ms" if arguments.slow_disk else ""
    print(f"seed {arguments.seed}, {arguments.orders} wishes{disk}", flush=True)
    found = rehearse(arguments.orders, seed=arguments.seed, slow_disk=arguments.slow_disk)
    print("\n".join(describe(found)))
    for fault in found.aftermath.faults[:50]:
        print(f"BROKEN  {fault}")
    verdict = (
        f"{len(found.aftermath.faults)} faults"
        if found.aftermath.faults
        else "every promise was kept"
    )
    print(f"verdict: {verdict} (seed {found.seed}, {found.seconds:.0f} s)")
    return 1 if found.aftermath.faults else 0


if __name__ == "__main__":
    sys.exit(main())
