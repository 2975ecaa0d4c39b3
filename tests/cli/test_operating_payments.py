"""`./taquilla payments` of operators and issuers, against a running service."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from app.runtime.settings import Settings
from app.wiring import open_granting
from payments.methods.hack import Grant, read_issuers, verify_grant
from tests.flows.conftest import Service, running_service
from tests.payments.hack.forge import issuers_file

SILENT = " ".join(["http_500"] * 40)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("operated") / "data") as running:
        yield running


TRIES_MAX = 5


def _say(service: Service, *arguments: str, code: int = 0) -> str:
    """What the command printed; on standard error if it was refused."""
    for _ in range(TRIES_MAX):
        ran = service.run("payments", *arguments)
        if "it has changed in the meantime" not in ran.stderr:  # the worker was at it
            break
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stderr if code else ran.stdout


async def _order(service: Service, **scripts: str) -> tuple[str, dict[str, Any] | None]:
    """A held order of the paid demo, and its payment if there are scripts for one."""
    async with service.client() as client:
        key = {"Idempotency-Key": str(uuid4())}
        body = {
            "customer": {"email": f"{uuid4()}@example.com"},
            "lines": [{"ticket_type": "standing", "quantity": 1}],
        }
        order = (await client.post("/v1/events/demo-paid/orders", json=body, headers=key)).json()
        if not scripts:
            return order["id"], None
        paid = await client.post(
            f"/v1/orders/{order['id']}/payments",
            json={"method": "sandbox", "input": scripts},
            headers=key | {"Order-Token": order["token"]},
        )
        return order["id"], paid.json()


async def test_a_payment_in_doubt_is_seen_shown_and_resolved_with_evidence(
    service: Service,
) -> None:
    order_id, payment = await _order(service, script="timeout_after", lookups=SILENT)
    assert payment is not None
    payment_id = payment["id"]
    [line] = _say(service, "stuck", "--minutes", "0").splitlines()
    for told in (payment_id, order_id, "sandbox/main", "initiate unknown", "faults: none"):
        assert told in line
    assert re.search(r"since 20\d\d-\S+Z .*next look: 20\d\d-\S+Z", line)

    resolve = ("resolve", payment_id)
    evidence = ("--evidence", "ticket 4711")
    assert "evidence" in service.run("payments", *resolve, "rejected", "initiate").stderr
    refused = _say(service, *resolve, "give-up", *evidence, code=1)
    assert refused.endswith("nothing was done: " + _unresolved(payment_id))
    done = _say(service, *resolve, "succeeded", "initiate", "--provider-id", "sbx_1", *evidence)
    assert "captured, confirmed" in done
    assert "order: confirmed" in done
    assert _say(service, "stuck", "--minutes", "0") == ""

    shown = _say(service, "show", payment_id)
    assert "order: confirmed" in shown
    assert "captured 25.00 EUR" in shown
    assert "ticket 4711" in shown
    again = _say(service, *resolve, "rejected", "capture", *evidence, code=1)
    assert "which operation" in again
    refunded = _say(service, *resolve, "refund", *evidence)
    assert "order: cancelled" in refunded
    assert "there is no payment" in _say(service, "show", "pay_nobody", code=1)
    assert "refunded, refunded" in _say(service, "retry", payment_id)


def _unresolved(payment_id: str) -> str:
    return f"{payment_id}.initiate has not ended: resolve that first\n"


def test_accounts_are_listed_with_what_is_wrong_with_them(service: Service, tmp_path: Path) -> None:
    assert _say(service, "accounts", "--check").splitlines() == [
        "sandbox/main  test  enabled  checked: works",
        "hack/internal  test  enabled  checked: works",
    ]
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(
        """
[[account]]
method = "sandbox"
id = "old"
environment = "test"
enabled = false
[account.config]
books_file = "/dev/null/books"
[[account]]
method = "sandbox"
id = "bad"
environment = "test"
[account.config]
webhook_secrets = [{ env = "NOT_SET_ANYWHERE" }]
"""
    )
    named = {"TAQUILLA_PAYMENT_ACCOUNTS_FILE": str(accounts)}
    with patch.dict(service.environment, named):
        ran = service.run("payments", "accounts", "--check")
    assert ran.returncode == 1
    assert "sandbox/old  test  disabled  checked: OperationalError" in ran.stdout
    assert re.search("sandbox/bad  test  cannot be used: .*NOT_SET_ANYWHERE", ran.stdout)


async def test_a_box_office_is_given_a_grant_that_holds_for_just_this_order(
    service: Service, tmp_path: Path
) -> None:
    order_id, _ = await _order(service)
    pair = dict(re.findall(r"(\w+_key) = (\S+)", _say(service, "issuer-key")))
    key_file = tmp_path / "key"
    key_file.write_text(f"{pair['private_key']}\n")
    options = ("--issuer", "old", "--kid", "old-1", "--key-file", str(key_file))
    token = _say(service, "grant", order_id, *options, "--reference", "sale-1").strip()

    settings = Settings(env="development", data_dir=service.data_dir)
    async with open_granting(settings) as granting:
        binding = await granting.binding_of(order_id)
    assert binding is not None
    issuers = read_issuers(
        issuers_file(tmp_path, public_key=pair["public_key"], organisers=["demo"])
    )
    grant = verify_grant(token, issuers, binding, datetime.now(UTC))
    assert isinstance(grant, Grant), grant
    assert (grant.reference, grant.binding.order_id) == ("sale-1", order_id)

    unknown = _say(service, "grant", "nobody", *options, "--reference", "s", code=1)
    assert "there is no order" in unknown
    key_file.write_text("secret but no key")
    broken = _say(service, "grant", order_id, *options, "--reference", "s", code=2)
    assert "--key-file" in broken
    assert "secret but no key" not in broken
