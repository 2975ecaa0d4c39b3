"""Figures of this machine, printed, never asserted: `./taquilla bench [sale | facts | paid]`.

sale     one order three ways, side by side: the script alone, a naive seller, ours over HTTP
facts    facts a second through relay and projector, on SQLite and on PostgreSQL
paid     orders placed and paid a second over HTTP, and what one of them is made of
"""

import argparse
import asyncio
import sys

from tests.bench.facts import measure_facts
from tests.bench.paid import measure_paid
from tests.bench.sale import Plan, measure_sale


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="taquilla bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("figure", nargs="?", choices=["sale", "facts", "paid"], default="sale")
    parser.add_argument(
        "--orders", type=_whole, default=40_000, help="at most, for each seller and round"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=4.0, help="at most, for each round of sale and paid"
    )
    parser.add_argument("--rounds", type=_whole, default=3, help="of sale and paid")
    arguments = parser.parse_args()
    if arguments.figure == "facts":
        asyncio.run(measure_facts(arguments.orders))
        return
    measure = measure_paid if arguments.figure == "paid" else measure_sale
    if not measure(Plan(arguments.rounds, arguments.orders, arguments.seconds)):
        sys.exit(1)


def _whole(text: str) -> int:
    if not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 1000000")
    return int(text)


def _seconds(text: str) -> float:
    if not 0 < float(text) <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 600")
    return float(text)


if __name__ == "__main__":
    main()
