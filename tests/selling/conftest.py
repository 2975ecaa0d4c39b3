"""The pipeline of the workers, for what compares its ends."""

from tests.workers.conftest import ledger, pipeline

__all__ = ["ledger", "pipeline"]
