"""What was settled at the first boot is never changed by a later one."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.ledger import open_ledger, upgrade_ledger
from app.runtime.errors import ConfigurationError
from app.selling import OrderingSecrets, check_installation

SECRETS = OrderingSecrets(b"o" * 32, b"c" * 32, [b"t" * 32])


@pytest.mark.parametrize(
    ("secrets", "partitions", "setting"),
    [
        (SECRETS, 8, "TAQUILLA_PARTITIONS"),
        (replace(SECRETS, order_ids=b"x" * 32), 16, "TAQUILLA_SECRET_ORDER_IDS"),
        (replace(SECRETS, customer_ref=b"x" * 32), 16, "TAQUILLA_SECRET_CUSTOMER_REF"),
    ],
)
async def test_another_number_of_partitions_or_another_secret_refuses_to_boot(
    tmp_path: Path, secrets: OrderingSecrets, partitions: int, setting: str
) -> None:
    await upgrade_ledger(None, tmp_path)
    ledger = await open_ledger(None, data_dir=tmp_path, timeout_seconds=30)
    await check_installation(ledger, SECRETS, partitions=16)
    await check_installation(ledger, SECRETS, partitions=16)
    await check_installation(ledger, replace(SECRETS, order_tokens=[b"n" * 32]), partitions=16)
    with pytest.raises(ConfigurationError, match=setting):
        await check_installation(ledger, secrets, partitions=partitions)
    await ledger.aclose()


async def test_a_ledger_without_tables_refuses_to_boot_and_says_what_to_do(tmp_path: Path) -> None:
    ledger = await open_ledger(None, data_dir=tmp_path, timeout_seconds=30)
    with pytest.raises(ConfigurationError, match="db upgrade"):
        await check_installation(ledger, SECRETS, partitions=16)
    await ledger.aclose()
