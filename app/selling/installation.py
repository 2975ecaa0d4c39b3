"""What is settled at the first boot and must never change after it: partitions and two secrets."""

from app.domain.identity import check_value_of
from app.ledger import Instance
from app.runtime.errors import ConfigurationError
from app.selling.ordering import OrderingSecrets


async def check_installation(
    instance: Instance, secrets: OrderingSecrets, *, partitions: int
) -> None:
    """Notes them at the first boot. Raises ConfigurationError when one differs from what was noted:
    every order id and every customer_ref rests on them."""
    settled = {
        "partitions": (str(partitions), "TAQUILLA_PARTITIONS"),
        "check_value:order_ids": (
            check_value_of(secrets.order_ids), "TAQUILLA_SECRET_ORDER_IDS",
        ),
        "check_value:customer_ref": (
            check_value_of(secrets.customer_ref), "TAQUILLA_SECRET_CUSTOMER_REF",
        ),
    }  # fmt: skip
    for key, (value, setting) in settled.items():
        noted = await instance.write_once(key, value)
        if noted != value:
            raise ConfigurationError(
                f"{setting} differs from the one this installation began with; it must never "
                f"change (the ledger notes {key} = {noted})"
            )
