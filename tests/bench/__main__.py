"""Figures, printed, never asserted: `./taquilla bench facts`.

facts    facts a second through relay and projector, on SQLite and on PostgreSQL
"""

import argparse
import asyncio

from tests.bench.facts import measure_facts


def main() -> None:
    parser = argparse.ArgumentParser(prog="taquilla bench", description=__doc__)
    parser.add_argument("figure", choices=["facts"])
    parser.add_argument("--orders", type=int, default=20_000, help="how many orders are placed")
    arguments = parser.parse_args()
    asyncio.run(measure_facts(arguments.orders))


if __name__ == "__main__":
    main()
