"""The pipeline of the workers, for what compares its ends."""

from tests.workers.conftest import pipeline

__all__ = ["pipeline"]
