"""A sandbox of its own for each test."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from payments import Context
from payments.testing import Books
from payments.testing.sandbox import Sandbox, SandboxConfig
from tests.payments.calls import NOW


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path / "books.sqlite3")


@pytest.fixture
def sandbox(books: Books) -> Sandbox:
    config = SandboxConfig(
        environment="test",
        books_file=books.path,
        webhook_secrets=(SecretStr("new-secret"), SecretStr("old-secret")),
    )
    return Sandbox(config, Context(account_id="main", now=lambda: NOW))
