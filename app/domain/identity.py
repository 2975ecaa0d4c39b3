"""Who is asking, and whether this was asked before: keyed hashes, pure and repeatable.

The idempotency of an order rests on these alone: its id is a hash of event, customer and key, so
the order record *is* the idempotency record. Nothing here may ever change its output
for the same input; `tests/domain/golden` holds examples.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Sequence

from app.domain.ids import (
    ORDER_TAIL_CHARACTERS,
    AddressRef,
    CustomerRef,
    EventId,
    OrderId,
    TicketTypeId,
)

FINGERPRINT_VERSION = "1"
_UNUSED_BITS = 256 - 5 * ORDER_TAIL_CHARACTERS
"""Of a digest: five bits make a character, and the first ones are taken."""
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_SHIFTS = range(5 * ORDER_TAIL_CHARACTERS - 10, -1, -10)
_ADDRESSES = b"taquilla: addresses of buyers"
_PAYMENTS = b"taquilla: payments of orders"


def make_customer_ref(secret: bytes, email: str) -> CustomerRef:
    """Trimmed, NFKC, lower-cased; no dot or plus folding. 130 bits, 26 characters."""
    normal = unicodedata.normalize("NFKC", email.strip()).lower()
    return CustomerRef(_base32(secret, normal))


def make_address_ref(secret: bytes, event_id: EventId, address: str) -> AddressRef:
    """What stands for the address of a buyer while a hold of this event is live.

    The key is derived from that of customer_refs, so that the two can never be compared; the event
    is hashed too, so that nobody is followed from one event to another.
    """
    return AddressRef(_base32(hmac.digest(secret, _ADDRESSES, "sha256"), f"{event_id}|{address}"))


def order_tail(
    secret: bytes, event_id: EventId, customer_ref: CustomerRef, idempotency_key: str
) -> str:
    """The last part of the order id: the same buyer and key always mean the same order."""
    return _base32(secret, f"{event_id}|{customer_ref}|{idempotency_key}")


def payment_tail(secret: bytes, order_id: OrderId, idempotency_key: str) -> str:
    """What tells the payments of an order apart: the same key always means the same payment.

    The key is derived from that of order ids, so that the two can never meet.
    """
    return _base32(hmac.digest(secret, _PAYMENTS, "sha256"), f"{order_id}|{idempotency_key}")


def make_fingerprint(
    customer_ref: CustomerRef, quantities: Iterable[tuple[TicketTypeId, int]], *, confirm: bool
) -> str:
    """What was asked for, so that the same key with another wish is told apart.

    `quantities` are merged per type; their order does not matter. A field at its default leaves no
    trace, so that a field added later does not change the fingerprints of old requests. The name
    and the raw e-mail are left out: a corrected typo in a name is the same wish.
    """
    lines = ",".join(f"{each}={quantity}" for each, quantity in sorted(quantities))
    parts = [FINGERPRINT_VERSION, customer_ref, lines]
    if not confirm:
        parts.append("confirm=false")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def make_order_token(secret: bytes, order_id: OrderId) -> str:
    """What the buyer shows to read or change the order."""
    return _base32(secret, order_id)


def is_order_token(secrets: Sequence[bytes], order_id: OrderId, token: str) -> bool:
    """`secrets`: the current one first, older ones still accepted. Constant time in each."""
    shown = token.encode()
    matches = [
        hmac.compare_digest(make_order_token(secret, order_id).encode(), shown)
        for secret in secrets
    ]
    return any(matches)


def _base32(secret: bytes, text: str) -> str:
    """In RFC 4648's digits, lower-case. Two at a time: three of these are made for an order, and
    the standard library's own way, in Python too, takes three times as long."""
    bits = int.from_bytes(hmac.digest(secret, text.encode(), "sha256")) >> _UNUSED_BITS
    return "".join([_PAIRS[bits >> shift & 0x3FF] for shift in _SHIFTS])
