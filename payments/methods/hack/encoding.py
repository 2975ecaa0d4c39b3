"""Base64url and Ed25519 keys as they stand in grants and in the file of issuers: without padding,
and in the one form that encodes to itself again."""

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """None for padding, for a letter of another alphabet, and for bits that mean nothing."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if encode(raw) == text else None


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`private_key` stays with the issuer; `public_key` goes into Taquilla's file of issuers."""

    private_key: str = field(repr=False)
    public_key: str


def new_key_pair() -> KeyPair:
    """A fresh pair, each key as 43 characters of base64url."""
    key = Ed25519PrivateKey.generate()
    return KeyPair(encode(key.private_bytes_raw()), encode(key.public_key().public_bytes_raw()))


def read_private_key(text: str) -> Ed25519PrivateKey:
    """ValueError, without the text, for what is no key."""
    raw = decode(text.strip())
    if raw is None or len(raw) != 32:
        raise ValueError("a private key is 32 bytes of base64url without padding")
    return Ed25519PrivateKey.from_private_bytes(raw)


def read_public_key(text: str) -> Ed25519PublicKey:
    """ValueError for what is no key."""
    raw = decode(text.strip())
    if raw is None or len(raw) != 32:
        raise ValueError("a public key is 32 bytes of base64url without padding")
    return Ed25519PublicKey.from_public_bytes(raw)
