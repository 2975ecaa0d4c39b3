"""Admin API keys: `tq_<id>_<secret>`, shown once.

The secret is 256 bits of randomness, so a plain SHA-256 of it is kept: what slow hashes are for,
guessing, is out of reach whatever the hash costs.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.domain.ids import OrganiserId
from app.ledger.database import Database
from app.ledger.tables import api_keys

ID_BYTES = 6
SECRET_BYTES = 32
"""43 characters of URL-safe base64."""

_SECRET_TEXT = re.compile(r"tq_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a key may be used for."""

    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    REFUNDS_READ = "refunds:read"
    """Payments, and what went back of them."""
    REFUNDS_WRITE = "refunds:write"
    REPORTS_READ = "reports:read"
    FACTS_READ = "facts:read"
    TOGGLES_READ = "toggles:read"


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """`secret_text` is what the caller sends; nobody can find it out again."""

    id: str
    secret_text: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    organiser_id: OrganiserId
    label: str
    scopes: frozenset[Scope]
    created_at_ms: int
    revoked_at_ms: int | None


class ApiKeys:
    """All methods raise Unavailable or OutcomeUnknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, organiser_id: OrganiserId, label: str, scopes: frozenset[Scope], at_ms: int
    ) -> NewApiKey:
        key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
        row = {
            "id": key_id,
            "organiser_id": organiser_id,
            "label": label,
            "hash": _hash(secret),
            "scopes": " ".join(sorted(scopes)),
            "created_at_ms": at_ms,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(api_keys), row)
        return NewApiKey(key_id, f"tq_{key_id}_{secret}")

    async def find(self, secret_text: str) -> ApiKey | None:
        """None for what is no key, is unknown, or was revoked. The row is found by its public id;
        the secret is compared in constant time."""
        match = _SECRET_TEXT.fullmatch(secret_text)
        if match is None:
            return None
        async with self._database.read() as connection:
            found = await connection.execute(select(api_keys).where(api_keys.c.id == match[1]))
            row = found.one_or_none()
        if row is None or not hmac.compare_digest(row.hash, _hash(match[2])):
            return None
        return _api_key(row) if row.revoked_at_ms is None else None

    async def list(self) -> Sequence[ApiKey]:
        """All, the revoked ones too, oldest first."""
        query = select(api_keys).order_by(api_keys.c.created_at_ms, api_keys.c.id)
        async with self._database.read() as connection:
            return [_api_key(row) for row in await connection.execute(query)]

    async def revoke(self, key_id: str, at_ms: int) -> bool:
        """False: there is no such key, or it was revoked before."""
        async with self._database.write() as connection:
            revoked = await connection.execute(
                update(api_keys)
                .where(api_keys.c.id == key_id, api_keys.c.revoked_at_ms.is_(None))
                .values(revoked_at_ms=at_ms)
            )
            return revoked.rowcount == 1


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        organiser_id=OrganiserId(row.organiser_id),
        label=row.label,
        scopes=frozenset(Scope(each) for each in row.scopes.split()),
        created_at_ms=row.created_at_ms,
        revoked_at_ms=row.revoked_at_ms,
    )
