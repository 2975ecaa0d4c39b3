"""Secrets of accounts stand nowhere: not in a log, a repr, an error, an answer or a column.

Canaries are planted where an operator puts secrets, in the environment and in a file; then orders
are paid, declined, refunded, noticed and broken, with everything logged.
"""

import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.rollout import catalogue_of, write_development_toggles
from app.runtime.logs import configure_logging
from app.runtime.settings import Settings
from app.wiring import open_jobs
from payments.testing import Books
from payments.testing.sandbox import sign
from tests.api.conftest import Api
from tests.servers.redis import RedisServer

ENV_CANARY = "canary-in-env-9c41f2"
FILE_CANARY = "canary-in-file-77ab03"
INPUT_CANARY = "canary-of-a-buyer-51e6"
WITNESS = "whoever reads this reads everything"
TYPES = [{"id": "adult", "name": "Adult", "price": 1_000, "pools": ["lawn"]}]


@pytest.fixture
def settings(
    durable_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    write_development_toggles(tmp_path / "toggles.json", catalogue_of(("hack", "sandbox")))
    monkeypatch.setenv("SANDBOX_NEW_SECRET", ENV_CANARY)
    (tmp_path / "old-secret").write_text(FILE_CANARY + "\n")
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(
        f"""
[[account]]
method = "sandbox"
id = "main"
environment = "test"
[account.config]
books_file = "{tmp_path / "books.sqlite"}"
webhook_secrets = [{{ env = "SANDBOX_NEW_SECRET" }}, {{ file = "{tmp_path / "old-secret"}" }}]

[[account]]
method = "sandbox"
id = "broken"
environment = "test"
[account.config]
books_file = {{ env = "SANDBOX_NEW_SECRET" }}
webhook_secrets = {{ file = "{tmp_path / "old-secret"}" }}
"""
    )
    return Settings(
        env="development",
        data_dir=tmp_path,
        redis_url=durable_redis.url,
        payment_accounts_file=accounts,
        log_level="debug",
    )


@pytest.fixture
async def logged(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[pytest.CaptureFixture[str]]:
    """Everything is logged as in the service, to standard error."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logging(settings)
    logging.getLogger("tests").debug(WITNESS)
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)


async def _live(api: Api, tmp_path: Path) -> list[str]:
    """All that can happen to a payment, and every answer that it gave."""
    answers: list[str] = []
    await api.open_event(ticket_types=TYPES, pools=[{"id": "lawn", "capacity": 20}])
    scripts = [
        "",
        "decline:other",
        "timeout_after",
        "garbage",
        "http_500",
        "wrong_amount",
        "action",
    ]
    for number, script in enumerate(scripts):
        placed = await api.order(("adult", 1), email="ana@example.com", key=f"key-{number:016d}")
        if placed.status_code != 201:
            placed = await api.order(("adult", 1), email=f"b{number}@example.com")
        order = placed.json()
        if "id" not in order:
            continue
        headers = {"Order-Token": order["token"], "Idempotency-Key": f"payment-key-{number:05d}"}
        body = {"method": "sandbox", "input": {"script": script}}
        paid = await api.client.post(
            f"/v1/orders/{order['id']}/payments", json=body, headers=headers
        )
        answers.append(paid.text)
        refund = await api.client.post(
            f"/v1/admin/orders/{order['id']}/refunds",
            json={"amount": 100},
            headers={**api.admin, "Idempotency-Key": f"refund-key-{number:05d}"},
        )
        answers.append(refund.text)
    answers += [
        (await api.client.get(path, headers=api.admin)).text
        for path in ("/readyz", "/v1/admin/payments", "/metrics", "/openapi.json")
    ]
    with Books(tmp_path / "books.sqlite").transaction() as page:
        notices = page.connection.execute("SELECT event_id, body FROM notices").fetchall()
    for event_id, body in notices[:3]:
        for secret in (ENV_CANARY, FILE_CANARY, "a guess"):
            signed = sign(event_id, datetime.now(UTC), body.encode(), [secret.encode()])
            for account in ("main", "broken", "other"):
                answer = await api.client.post(
                    f"/v1/webhooks/sandbox/{account}", content=body, headers=signed
                )
                answers.append(f"{answer.status_code} {answer.text}")
    return answers


async def test_secrets_of_an_account_stand_nowhere(
    logged: pytest.CaptureFixture[str], api: Api, tmp_path: Path
) -> None:
    answers = await _live(api, tmp_path)
    assert any(each.startswith("200") for each in answers), "one that was signed was taken"
    assert any(each.startswith("401") for each in answers)
    async with open_jobs(api.settings) as jobs:
        for name in ("relay", "projector", "reconciler"):
            for _ in range(5):
                await jobs[name].step()
    services = api.application.state.services
    written = logged.readouterr()

    assert WITNESS in written.err
    assert "payment method" in written.err, "the broken account was told of"
    everything = {
        "logs": written.out + written.err,
        "answers": "".join(answers),
        "reprs": repr(services) + repr(list(services.paying._providers.registry)),
        "broken": repr(services.paying._providers.registry.broken),
        "tables": _dump(api.settings.data_dir),
    }
    assert "canary" not in everything["answers"]
    assert "wrong_amount" in everything["tables"], "they hold what was asked"
    for canary in (ENV_CANARY, FILE_CANARY):
        assert [name for name, text in everything.items() if canary in text] == []


def _dump(data_dir: Path) -> str:
    """Every table of the ledger, and its write-ahead log through it."""
    with closing(sqlite3.connect(data_dir / "ledger.sqlite3")) as connection:
        return "\n".join(connection.iterdump())


async def test_what_a_buyer_s_page_sends_is_not_logged(
    logged: pytest.CaptureFixture[str], api: Api
) -> None:
    """It may be a token of the provider; it is kept with the payment alone, for a repeated try."""
    await api.open_event(ticket_types=TYPES)
    customer = {"email": "ana@example.com", "name": "Ana of the canaries"}
    order = (await api.order(("adult", 1), customer=customer)).json()
    async with open_jobs(api.settings) as jobs:
        await jobs["relay"].step()  # writes her into the ledger
    answer = await api.client.post(
        f"/v1/orders/{order['id']}/payments",
        json={"method": "sandbox", "input": {"token": INPUT_CANARY}},
        headers={"Order-Token": order["token"], "Idempotency-Key": "payment-key-00000"},
    )
    written = logged.readouterr()
    everything = written.out + written.err
    assert WITNESS in everything, "all of it is logged"
    assert INPUT_CANARY not in everything
    assert "Ana of the canaries" not in everything
    assert INPUT_CANARY not in answer.text
    assert json.loads(answer.text)
