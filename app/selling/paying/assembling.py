"""The parts of paying put together, in the API, in the worker and at an operator's desk alike."""

from dataclasses import dataclass

from app.inventory import Inventory
from app.ledger import Ledger
from app.runtime.clock import Clock
from app.selling.expiring import Expiring
from app.selling.paying.advancing import Advancing
from app.selling.paying.asking import Providers
from app.selling.paying.claims import Claims
from app.selling.paying.commanding import Commanding
from app.selling.paying.noticing import Noticing
from app.selling.paying.operating import Operating


@dataclass(frozen=True, slots=True)
class PaymentDesk:
    """What payments are brought on with."""

    providers: Providers
    claims: Claims
    commanding: Commanding
    advancing: Advancing
    noticing: Noticing
    operating: Operating
    clock: Clock


def make_payment_desk(
    inventory: Inventory, ledger: Ledger, providers: Providers, expiring: Expiring, clock: Clock
) -> PaymentDesk:
    """Opens nothing."""
    payments = ledger.payments
    claims = Claims(inventory, expiring)
    commanding = Commanding(payments, providers, clock)
    advancing = Advancing(claims, commanding, providers, payments, clock)
    noticing = Noticing(providers.registry, ledger.notices, payments, advancing, clock)
    operating = Operating(payments, providers, commanding, advancing, claims, clock)
    return PaymentDesk(providers, claims, commanding, advancing, noticing, operating, clock)
