"""Paying for orders: what begins, advances, follows up, refunds and settles a payment.

offering    the gates: which methods an order may be paid with
starting    a buyer begins a payment
deciding    what comes next: one pure decision
advancing   does it, step by step, until there is nothing to do but wait
claims      what a payment does to its order in Redis
commanding  what is asked of a provider, and what became of it
assembling  the parts of all this put together
asking      one question to a provider, bounded; every end of it a value
answers     what an answer means
noticing    notices of providers
refunding   an organiser gives money back
settling    `hack`: the money is somebody else's
health      whether every account can be used
granting    what a grant for an order must be about
operating   what a person does about a payment that is stuck
resolving   what only a person knows, and what that makes of a payment: pure
"""

from app.selling.paying.advancing import Advanced, Advancing
from app.selling.paying.asking import Providers
from app.selling.paying.assembling import PaymentDesk, make_payment_desk
from app.selling.paying.claims import Claims
from app.selling.paying.commanding import Commanding
from app.selling.paying.granting import Granting
from app.selling.paying.health import MethodHealth
from app.selling.paying.noticing import NoticeRefused, NoticeTaken, Noticing, UnknownAccount
from app.selling.paying.offering import MethodHalted, MethodUnavailable, Offer, Offering
from app.selling.paying.operating import Operating, ResolveOutcome, Shown, UnknownPayment
from app.selling.paying.refunding import (
    Refunding,
    RefundIs,
    RefundRequest,
    RefundTooLarge,
    RefundUnsupported,
)
from app.selling.paying.resolving import (
    Contradicted,
    Dismiss,
    GiveUp,
    RefundedByHand,
    RefundNow,
    Rejected,
    Resolution,
    Succeeded,
)
from app.selling.paying.settling import NotGranted, Settling, SettlingTerms
from app.selling.paying.starting import (
    Paying,
    PaymentInDoubt,
    PaymentIs,
    PaymentRequest,
    StartOutcome,
    StartRefusal,
)

__all__ = [
    "Advanced",
    "Advancing",
    "Claims",
    "Commanding",
    "Contradicted",
    "Dismiss",
    "GiveUp",
    "Granting",
    "MethodHalted",
    "MethodHealth",
    "MethodUnavailable",
    "NotGranted",
    "NoticeRefused",
    "NoticeTaken",
    "Noticing",
    "Offer",
    "Offering",
    "Operating",
    "Paying",
    "PaymentDesk",
    "PaymentInDoubt",
    "PaymentIs",
    "PaymentRequest",
    "Providers",
    "RefundIs",
    "RefundNow",
    "RefundRequest",
    "RefundTooLarge",
    "RefundUnsupported",
    "RefundedByHand",
    "Refunding",
    "Rejected",
    "Resolution",
    "ResolveOutcome",
    "Settling",
    "SettlingTerms",
    "Shown",
    "StartOutcome",
    "StartRefusal",
    "Succeeded",
    "UnknownAccount",
    "UnknownPayment",
    "make_payment_desk",
]
