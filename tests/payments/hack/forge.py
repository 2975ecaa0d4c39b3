"""A grant that holds, and the tools of whoever would like another one."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from payments import Money
from payments.methods.hack import GrantBinding, Issuers, lines_sha256, new_key_pair, read_issuers

NOW = datetime(2030, 6, 20, 20, 0, tzinfo=UTC)
PAIR, OTHER_PAIR = new_key_pair(), new_key_pair()
LINES = [("adult", 2, 2000), ("child", 1, 500)]
BINDING = GrantBinding(
    audience="taquilla:production:main",
    organiser_id="acme",
    event_id="concert",
    order_id="03.concert.abcdefghijklmnopqrstuvwxyz",
    total=Money(4500, "EUR"),
    lines_sha256=lines_sha256(LINES),
)
HEADER = {"alg": "EdDSA", "kid": "old-1", "typ": "taquilla-grant"}
CLAIMS = {
    "iss": "old",
    "aud": BINDING.audience,
    "jti": "j" * 24,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 120,
    "org": "acme",
    "evt": "concert",
    "ord": BINDING.order_id,
    "amt": 4500,
    "cur": "EUR",
    "lines": BINDING.lines_sha256,
    "ref": "sale-77",
}


def part(value: object) -> str:
    """One part of a token: of JSON, or of bytes as they are."""
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(text: str, private_key: str = PAIR.private_key) -> str:
    raw = base64.urlsafe_b64decode(private_key + "=")
    return part(Ed25519PrivateKey.from_private_bytes(raw).sign(text.encode()))


def forge(header: object = HEADER, claims: object = CLAIMS, key: str = PAIR.private_key) -> str:
    """Signed over whatever it is told."""
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{sign(text, key)}"


def claiming(**changes: object) -> str:
    """The good grant with other claims, properly signed; None takes a claim away."""
    claims = {**CLAIMS, **changes}
    return forge(claims={name: value for name, value in claims.items() if value is not None})


def issuers_file(folder: Path, **changes: object) -> Path:
    row: Mapping[str, object] = {
        "kid": "old-1",
        "name": "old",
        "public_key": PAIR.public_key,
        "organisers": ["acme"],
        "max_amount_minor": {"EUR": 10_000},
        **changes,
    }
    path = folder / "issuers.toml"
    path.write_text("[[issuer]]\n" + "".join(f"{key} = {_toml(row[key])}\n" for key in row))
    return path


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


def issuers(folder: Path) -> Issuers:
    return read_issuers(issuers_file(folder))
