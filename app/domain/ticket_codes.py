"""The code on a ticket: signed, so that a gate needs nothing but the public keys to believe it.

    offset  bytes
         0      1   version, 1
         1      5   key id: the first bytes of SHA-256 of the public key
         6      1   partition of the event
         7     17   last part of the order id: 130 bits, then six zero bits
        24      2   number of the ticket in its order, big-endian, from 1
        26      1   length of the event id
        27   1-40   event id, ASCII
              1-40   ticket type, ASCII: up to the signature
                64   Ed25519 signature of everything before it

Written in upper-case base32 without padding (RFC 4648): safe in a URL, and of QR's alphanumeric
alphabet. 149 to 274 characters. There is one way to write a code: another case, blanks, or bits
left over at the end make it malformed.

This format may never change: codes are printed on paper. A new one is a new version, beside it.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.ids import (
    ORDER_TAIL_CHARACTERS,
    EventId,
    OrderId,
    Partition,
    TicketTypeId,
    is_slug,
    make_order_id,
)
from app.domain.tickets import Ticket

TicketCode = NewType("TicketCode", str)
KeyId = NewType("KeyId", str)
"""The five bytes in base32: eight characters."""

VERSION = 1
CODE_CHARACTERS_MIN = 149
CODE_CHARACTERS_MAX = 274
CODE_PATTERN = rf"^[A-Z2-7]{{{CODE_CHARACTERS_MIN},{CODE_CHARACTERS_MAX}}}$"
PUBLIC_KEY_BYTES = 32

_KDF_LABEL = b"taquilla: ticket signing key, Ed25519, v1"
_KEY_ID = slice(1, 6)
_PARTITION = 6
_TAIL = slice(7, 24)
_NUMBER = slice(24, 26)
_EVENT_LENGTH = 26
_EVENT = 27
_SIGNATURE_BYTES = 64
_CODE = re.compile(CODE_PATTERN[1:-1])


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`raw`: 32 bytes, as RFC 8032 writes an Ed25519 public key."""

    raw: bytes

    @property
    def id(self) -> KeyId:
        return KeyId(_to_base32(_key_id(self.raw)))


PublicKeys = Mapping[KeyId, PublicKey]


@dataclass(frozen=True, slots=True)
class MalformedCode:
    """Nobody ever wrote this: damaged, cut off, or no code of a ticket at all."""


@dataclass(frozen=True, slots=True)
class ForeignCode:
    """Written like a code of ours, but no key that we know signed it."""


CodeOutcome = Ticket | MalformedCode | ForeignCode


class TicketKeys:
    """The keys of this installation, one for each secret: the first signs, all are published.

    Who knows a secret can make tickets; who knows a public key can only check them.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        keys = [_derive(secret) for secret in secrets]
        self._signing = keys[0]
        self.public = index_keys([PublicKey(key.public_key().public_bytes_raw()) for key in keys])
        self._signing_id = _key_id(keys[0].public_key().public_bytes_raw())

    def make_code(self, ticket: Ticket) -> TicketCode:
        """Always the same for the same ticket, as long as the same key signs."""
        signed = bytes([VERSION]) + self._signing_id + _pack(ticket)
        return TicketCode(_to_base32(signed + self._signing.sign(signed)))


def index_keys(keys: Sequence[PublicKey]) -> PublicKeys:
    """By their ids, in their order."""
    return {key.id: key for key in keys}


def read_code(text: str, keys: PublicKeys) -> CodeOutcome:
    """What a code says, if one of these keys signed it. Any text may be given."""
    code = _from_base32(text)
    if code is None:
        return MalformedCode()
    signed, signature = code[:-_SIGNATURE_BYTES], code[-_SIGNATURE_BYTES:]
    ticket = _unpack(signed)
    if ticket is None:
        return MalformedCode()
    key = keys.get(KeyId(_to_base32(signed[_KEY_ID])))
    if key is None:
        return ForeignCode()
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, signed)
    except InvalidSignature:
        return ForeignCode()
    return ticket


def _derive(secret: bytes) -> Ed25519PrivateKey:
    """HKDF-SHA256 (RFC 5869): the label keeps this key apart from any other use of the secret."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_KDF_LABEL)
    return Ed25519PrivateKey.from_private_bytes(hkdf.derive(secret))


def _key_id(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:5]


def _pack(ticket: Ticket) -> bytes:
    partition, event_id, tail = ticket.order_id.split(".")
    return b"".join(
        [
            bytes([int(partition)]),
            base64.b32decode(tail.upper() + "A" * (32 - ORDER_TAIL_CHARACTERS))[:17],
            ticket.number.to_bytes(2, "big"),
            bytes([len(event_id)]),
            event_id.encode("ascii"),
            ticket.ticket_type.encode("ascii"),
        ]
    )


def _unpack(signed: bytes) -> Ticket | None:
    """None for what `_pack` never wrote. Looks at no signature."""
    middle = _EVENT + signed[_EVENT_LENGTH]
    tail = _to_base32(signed[_TAIL] + bytes(3))
    number = int.from_bytes(signed[_NUMBER], "big")
    event_id = signed[_EVENT:middle].decode("latin-1")
    ticket_type = signed[middle:].decode("latin-1")
    if (
        signed[0] != VERSION
        or signed[_PARTITION] > 99
        or tail[ORDER_TAIL_CHARACTERS:].strip("A")
        or number == 0
        or not is_slug(event_id)
        or not is_slug(ticket_type)
    ):
        return None
    partition = Partition(signed[_PARTITION])
    order_id = make_order_id(partition, EventId(event_id), tail[:ORDER_TAIL_CHARACTERS].lower())
    return Ticket(OrderId(order_id), EventId(event_id), number, TicketTypeId(ticket_type))


def _to_base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=")


def _from_base32(text: str) -> bytes | None:
    """None unless it is exactly what `_to_base32` writes."""
    if not _CODE.fullmatch(text) or len(text) % 8 in {1, 3, 6}:
        return None
    octets = base64.b32decode(text + "=" * (-len(text) % 8))
    return octets if _to_base32(octets) == text else None
