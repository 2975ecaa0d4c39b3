"""What a payment may try with an order, asked of both sides alike."""

from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from app.domain.ids import OrderAddress, PaymentId
from app.domain.orders import Settlement
from app.inventory import OrderPayments
from tests.model.paying_oracle import PaidSeller
from tests.model.sides import Answer

MINE, OTHER = PaymentId("pay_" + "a" * 26), PaymentId("pay_" + "b" * 26)
KINDS: Final = ("begin", "fail", "pin", "unpin", "confirm", "expire", "reacquire", "refund")


@dataclass(frozen=True, slots=True)
class PaymentAct:
    """`number`: the time of the next look-up, or what has gone back by now, in minor units."""

    kind: str
    payment_id: PaymentId = MINE
    number: int = 1
    settlement: Settlement = Settlement.PAID

    def real(self, payments: OrderPayments, address: OrderAddress) -> Answer:
        payment_id, number = self.payment_id, self.number
        match self.kind:
            case "begin":
                return payments.begin_payment(address, payment_id, look_up_at_ms=number)
            case "fail":
                return payments.fail_payment(address, payment_id)
            case "pin":
                return payments.pin_hold(address, payment_id)
            case "unpin":
                return payments.unpin_hold(address, payment_id)
            case "confirm":
                return payments.confirm_payment(address, payment_id, self.settlement)
            case "expire":
                return payments.expire_payment(address, payment_id)
            case "reacquire":
                return payments.reacquire_order(address, payment_id, self.settlement)
            case "refund":
                return payments.refund_order(address, payment_id, refunded_minor=number)
            case _:
                raise ValueError(self.kind)

    def model(self, seller: PaidSeller, address: OrderAddress) -> object:
        payment_id, number = self.payment_id, self.number
        match self.kind:
            case "begin":
                return seller.begin_payment(address, payment_id, number)
            case "fail":
                return seller.fail_payment(address, payment_id)
            case "pin":
                return seller.pin_hold(address, payment_id)
            case "unpin":
                return seller.unpin_hold(address, payment_id)
            case "confirm":
                return seller.confirm_payment(address, payment_id, self.settlement)
            case "expire":
                return seller.expire_payment(address, payment_id)
            case "reacquire":
                return seller.reacquire_order(address, payment_id, self.settlement)
            case "refund":
                return seller.refund_order(address, payment_id, number)
            case _:
                raise ValueError(self.kind)


NUMBERS: Final = (1, 0, 1_049, 1_050, 2_100, 2_101, 3_150, 10**15 - 1)
"""Around what one, two and three boxes cost at first."""
PAYMENTS: Final = st.sampled_from((MINE, OTHER, MINE))
SETTLEMENTS: Final = st.sampled_from((Settlement.PAID, Settlement.HACK, Settlement.PAID))


def acts_of(*kinds: str) -> st.SearchStrategy[PaymentAct]:
    return st.builds(
        PaymentAct,
        kind=st.sampled_from(kinds),
        payment_id=PAYMENTS,
        number=st.sampled_from(NUMBERS),
        settlement=SETTLEMENTS,
    )


PAYMENT_ACTS: Final = acts_of(*KINDS)
"""Of any payment, in any state."""
NONSENSE: Final = (
    PaymentAct("begin", PaymentId("")),
    PaymentAct("begin", PaymentId("pay_" + "A" * 26)),
    PaymentAct("begin", number=-1),
    PaymentAct("begin", number=10**15),
    PaymentAct("confirm", PaymentId("pay_")),
    PaymentAct("confirm", settlement=Settlement.FREE),
    PaymentAct("reacquire", PaymentId("pay_" + "a" * 27)),
    PaymentAct("reacquire", settlement=Settlement.FREE),
    PaymentAct("refund", number=-1),
    PaymentAct("refund", number=10**16),
)
"""What no caller of ours sends."""
