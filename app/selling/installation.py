"""What is settled at the first boot and must never change after it: partitions and two secrets."""

from app.ledger import Ledger
from app.runtime.errors import ConfigurationError
from app.runtime.secrets import check_value
from app.selling.ordering import OrderingSecrets

_PRODUCTION = "served_production"


async def check_installation(ledger: Ledger, secrets: OrderingSecrets, *, partitions: int) -> None:
    """Notes them at the first boot. Raises ConfigurationError when one differs from what was noted,
    since every order id and every customer_ref rests on them, and when the ledger has no schema."""
    schema = await ledger.check()
    if schema.current is None:
        raise ConfigurationError("the ledger has no tables yet: run ./taquilla db upgrade")
    settled = {
        "partitions": (str(partitions), "TAQUILLA_PARTITIONS"),
        "check_value:order_ids": (
            check_value(secrets.order_ids), "TAQUILLA_SECRET_ORDER_IDS",
        ),
        "check_value:customer_ref": (
            check_value(secrets.customer_ref), "TAQUILLA_SECRET_CUSTOMER_REF",
        ),
    }  # fmt: skip
    for key, (value, setting) in settled.items():
        noted = await ledger.instance.write_once(key, value)
        if noted != value:
            raise ConfigurationError(
                f"{setting} differs from the one this installation began with; it must never "
                f"change (the ledger notes {key} = {noted})"
            )


async def has_served_production(ledger: Ledger, *, is_production: bool) -> bool:
    """Whether this ledger ever was production's; noted at the first boot that is. Nothing that only
    plays with money is loaded beside it any more."""
    if is_production:
        await ledger.instance.write_once(_PRODUCTION, "true")
        return True
    return await ledger.instance.read(_PRODUCTION) is not None
