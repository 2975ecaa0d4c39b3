"""What `hack` says of itself. It has no provider: the grant is all there is, and the service reads
it. No REFUND: money that was never here cannot be sent from here."""

from typing import ClassVar

from payments.contract import MethodConfig, PaymentMethod
from payments.descriptor import Descriptor, Idempotency


class HackConfig(MethodConfig):
    """Nothing to set: who may issue grants is in the file of issuers."""


class Hack(PaymentMethod[HackConfig]):
    """Internal: known to the listener that the old platform calls, and to nobody else."""

    config_model = HackConfig
    descriptor: ClassVar[Descriptor] = Descriptor(
        id="hack",
        display_name="Settled elsewhere",
        capabilities=frozenset(),
        currencies={},
        idempotency=Idempotency.NONE,
        is_internal=True,
    )
