"""`python -m payments.testing METHOD_ID`: writes the package of a new payment method."""

import argparse
import sys
from pathlib import Path

from payments.testing.scaffolding import ScaffoldRefused, scaffold


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m payments.testing", description=__doc__)
    parser.add_argument("method_id", help="its id: lower-case letters, digits and _")
    parser.add_argument("--folder", type=Path, default=Path(), help="where it is written")
    arguments = parser.parse_args()
    try:
        root = scaffold(arguments.method_id, arguments.folder)
    except ScaffoldRefused as refused:
        sys.exit(f"taquilla: {refused}")
    told = f"{root}: fill in src/*/wire.py and tests/harness.py, then run pytest there"
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
