"""Grants: "the money of this order is with me", said by an issuer whose public key we hold.

In the compact form of a JWS: header.claims.signature, each base64url without padding, Ed25519
alone. The header is compared as text and the claims are exactly those of `_CLAIMS`: no more, no
fewer. What is wrong with a grant is a value that the audit keeps; the caller is told one word for
all of it. That a grant is used once is the ledger's to see (`jti`, and issuer with `ref`).
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from payments.methods.hack.encoding import decode, encode, read_private_key
from payments.methods.hack.issuers import Issuer, Issuers, header_of
from payments.money import Money

GRANT_SECONDS_MAX: Final = 300
"""Between `iat` and `exp`: long enough for a retry, too short to be worth stealing."""

CLOCK_SKEW_SECONDS_MAX: Final = 30
"""How far an issuer's clock may be ahead of ours."""

_TOKEN_LENGTH_MAX: Final = 4096
_TEXT: Final = re.compile(r"[\x21-\x7e]{1,128}")
_JTI: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")

_CLAIMS: Final = {
    "iss": str,
    "aud": str,
    "jti": str,
    "iat": int,
    "exp": int,
    "org": str,
    "evt": str,
    "ord": str,
    "amt": int,
    "cur": str,
    "lines": str,
    "ref": str,
}
"""Names of RFC 7519 where it has one. `org`, `evt`, `ord`: organiser, event and order. `amt` and
`cur`: the total in minor units. `lines`: `lines_sha256`. `ref`: the issuer's number of the sale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantBinding:
    """What a grant must be about: this deployment (`taquilla:<environment>:<name>`), and the order
    as it stands with us."""

    audience: str
    organiser_id: str
    event_id: str
    order_id: str
    total: Money
    lines_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One that holds. `reference`: the issuer's own number of the sale."""

    issuer: str
    kid: str
    jti: str
    issued_at: datetime
    expires_at: datetime
    reference: str
    binding: GrantBinding


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """What an issuer signs with; `private_key` as `new_key_pair` made it."""

    issuer: str
    kid: str
    private_key: str = field(repr=False)


class GrantRefusal(StrEnum):
    """What is wrong with a grant. For the audit; callers hear one word for all."""

    SHAPE = "shape"
    HEADER = "header"
    """Another algorithm, an unknown key, a member too many."""
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    LIFETIME = "lifetime"
    AUDIENCE = "audience"
    ORGANISER = "organiser"
    EVENT = "event"
    ORDER = "order"
    AMOUNT = "amount"
    LINES = "lines"
    AUTHORITY = "authority"
    """The issuer may not grant for this organiser, in this currency, or so much."""


@dataclass(frozen=True, slots=True)
class GrantRefused:
    """One that does not hold, and why."""

    reason: GrantRefusal


def lines_sha256(lines: Iterable[tuple[str, int, int]]) -> str:
    """Of (ticket type, quantity, unit price in minor units): what was bought, in one word. The
    order of the lines does not count."""
    rows = sorted(lines)
    text = json.dumps([list(row) for row in rows], separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def issue_grant(
    key: SigningKey, binding: GrantBinding, reference: str, now: datetime, *, seconds: int = 120
) -> str:
    """For issuers, tests and the command line. Makes what it is told: whether the grant holds is
    for `verify_grant`."""
    issued_at = int(now.timestamp())
    claims = {
        "iss": key.issuer,
        "aud": binding.audience,
        "jti": secrets.token_urlsafe(18),
        "iat": issued_at,
        "exp": issued_at + seconds,
        "org": binding.organiser_id,
        "evt": binding.event_id,
        "ord": binding.order_id,
        "amt": binding.total.amount_minor,
        "cur": binding.total.currency,
        "lines": binding.lines_sha256,
        "ref": reference,
    }
    body = encode(json.dumps(claims, separators=(",", ":")).encode())
    signed = f"{header_of(key.kid)}.{body}"
    return f"{signed}.{encode(read_private_key(key.private_key).sign(signed.encode()))}"


def verify_grant(
    token: str, issuers: Issuers, binding: GrantBinding, now: datetime
) -> Grant | GrantRefused:
    """Whether the token is a grant for just this order, now. Raises nothing, whatever the token.
    Nothing of its claims is looked at before the signature holds."""
    if len(token) > _TOKEN_LENGTH_MAX or not token.isascii() or token.count(".") != 2:
        return GrantRefused(GrantRefusal.SHAPE)
    header, body, signature = token.split(".")
    issuer = issuers.of_header(header)
    if issuer is None:
        return GrantRefused(GrantRefusal.HEADER)
    raw_body, raw_signature = decode(body), decode(signature)
    if raw_body is None or raw_signature is None:
        return GrantRefused(GrantRefusal.SHAPE)
    if not _is_signed(issuer.public_key, raw_signature, f"{header}.{body}".encode()):
        return GrantRefused(GrantRefusal.SIGNATURE)
    claims = _read_claims(raw_body)
    if claims is None:
        return GrantRefused(GrantRefusal.CLAIMS)
    refusal = (
        _time_refusal(claims, now)
        or _binding_refusal(claims, issuer, binding)
        or _authority_refusal(issuer, binding)
    )
    if refusal is not None:
        return GrantRefused(refusal)
    return Grant(
        issuer=issuer.name,
        kid=issuer.kid,
        jti=claims.texts["jti"],
        issued_at=datetime.fromtimestamp(claims.numbers["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims.numbers["exp"], UTC),
        reference=claims.texts["ref"],
        binding=binding,
    )


@dataclass(frozen=True, slots=True)
class _Claims:
    texts: dict[str, str]
    numbers: dict[str, int]


def _is_signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _read_claims(body: bytes) -> _Claims | None:
    try:
        pairs = json.loads(body, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        return None
    if sorted(name for name, _ in pairs) != sorted(_CLAIMS):
        return None
    if any(type(value) is not _CLAIMS[name] for name, value in pairs):
        return None
    texts = {name: value for name, value in pairs if isinstance(value, str)}
    numbers = {name: value for name, value in pairs if isinstance(value, int)}
    has_words = _JTI.fullmatch(texts["jti"]) and _TEXT.fullmatch(texts["ref"])
    has_numbers = all(0 < number < 2**53 for number in numbers.values())
    return _Claims(texts, numbers) if has_words and has_numbers else None


def _time_refusal(claims: _Claims, now: datetime) -> GrantRefusal | None:
    issued, expires = claims.numbers["iat"], claims.numbers["exp"]
    at = now.timestamp()
    if not 0 < expires - issued <= GRANT_SECONDS_MAX:
        return GrantRefusal.LIFETIME
    if issued > at + CLOCK_SKEW_SECONDS_MAX:
        return GrantRefusal.NOT_YET
    return GrantRefusal.EXPIRED if at >= expires else None


def _binding_refusal(claims: _Claims, issuer: Issuer, binding: GrantBinding) -> GrantRefusal | None:
    told = claims.texts
    is_same_money = (claims.numbers["amt"], told["cur"]) == (
        binding.total.amount_minor,
        binding.total.currency,
    )
    checks = {
        GrantRefusal.ISSUER: told["iss"] == issuer.name,
        GrantRefusal.AUDIENCE: told["aud"] == binding.audience,
        GrantRefusal.ORGANISER: told["org"] == binding.organiser_id,
        GrantRefusal.EVENT: told["evt"] == binding.event_id,
        GrantRefusal.ORDER: told["ord"] == binding.order_id,
        GrantRefusal.AMOUNT: is_same_money,
        GrantRefusal.LINES: told["lines"] == binding.lines_sha256,
    }
    return next((refusal for refusal, holds in checks.items() if not holds), None)


def _authority_refusal(issuer: Issuer, binding: GrantBinding) -> GrantRefusal | None:
    amount_max = issuer.max_amount_minor.get(binding.total.currency, 0)
    may = issuer.may_settle_for(binding.organiser_id) and binding.total.amount_minor <= amount_max
    return None if may else GrantRefusal.AUTHORITY
