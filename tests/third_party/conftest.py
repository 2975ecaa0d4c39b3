"""Packages as others would write them. Each has tests and settings of its own, and is run as one
would run it: installed, in an environment where Taquilla is not (tests/payments/test_wheel.py)."""

collect_ignore_glob = ["*"]
