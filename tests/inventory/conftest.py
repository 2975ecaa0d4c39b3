"""Assertions of shared checks are explained like those of tests."""

import pytest

pytest.register_assert_rewrite("tests.inventory.conservation")
