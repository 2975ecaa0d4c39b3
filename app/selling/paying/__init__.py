"""Paying for orders: what begins, advances, follows up, refunds and settles a payment.

offering    the gates: which methods an order may be paid with
starting    a buyer begins a payment
deciding    what comes next: one pure decision
advancing   does it, step by step, until there is nothing to do but wait
claims      what a payment does to its order in Redis
commanding  what is asked of a provider, and what became of it
asking      one question to a provider, bounded; every end of it a value
answers     what an answer means
noticing    notices of providers
refunding   an organiser gives money back
settling    `hack`: the money is somebody else's
health      whether every account can be used
"""

from app.selling.paying.advancing import Advanced, Advancing
from app.selling.paying.asking import Providers
from app.selling.paying.claims import Claims
from app.selling.paying.commanding import Commanding
from app.selling.paying.health import MethodHealth
from app.selling.paying.noticing import NoticeRefused, NoticeTaken, Noticing, UnknownAccount
from app.selling.paying.offering import MethodHalted, MethodUnavailable, Offer, Offering
from app.selling.paying.refunding import (
    Refunding,
    RefundIs,
    RefundRequest,
    RefundTooLarge,
    RefundUnsupported,
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
    "MethodHalted",
    "MethodHealth",
    "MethodUnavailable",
    "NotGranted",
    "NoticeRefused",
    "NoticeTaken",
    "Noticing",
    "Offer",
    "Offering",
    "Paying",
    "PaymentInDoubt",
    "PaymentIs",
    "PaymentRequest",
    "Providers",
    "RefundIs",
    "RefundRequest",
    "RefundTooLarge",
    "RefundUnsupported",
    "Refunding",
    "Settling",
    "SettlingTerms",
    "StartOutcome",
    "StartRefusal",
    "UnknownAccount",
]
