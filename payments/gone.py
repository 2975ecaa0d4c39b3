"""The placeholder for an account that cannot be used: its payments are still known by name, and no
command reaches anybody. Every call is Misconfigured: nothing happened, and a person must look."""

from typing import ClassVar, NoReturn

from payments.contract import AnyPaymentMethod, Context, MethodConfig, PaymentMethod
from payments.descriptor import Descriptor, Idempotency
from payments.errors import Misconfigured
from payments.messages import Call


class _Gone(PaymentMethod[MethodConfig]):
    config_model: ClassVar[type[MethodConfig]] = MethodConfig

    async def _refuse(self, request: Call) -> NoReturn:  # noqa: ARG002 - whatever it was
        raise Misconfigured("method_gone")

    initiate = capture = cancel = refund = fetch = _refuse

    async def check(self) -> None:
        raise Misconfigured("method_gone")


def gone_method(method_id: str, config: MethodConfig, context: Context) -> AnyPaymentMethod:
    """It has the method's name, no capability, and is offered to nobody."""
    descriptor = Descriptor(
        id=method_id,
        display_name=method_id,
        capabilities=frozenset(),
        currencies={},
        idempotency=Idempotency.NONE,
        is_internal=True,
    )
    kind: type[_Gone] = type("Gone", (_Gone,), {"descriptor": descriptor})
    return kind(config, context)
