"""Bodies of the ticket calls. Gates save two of them and read them back without a network."""

import base64
import binascii
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from app.api.forms import Instant, Page
from app.domain.ids import EventId
from app.domain.ticket_codes import PUBLIC_KEY_BYTES, PublicKey, PublicKeys, index_keys
from app.domain.tickets import TicketId, TicketStatus
from app.selling import CodedTicket

CODE_EXAMPLE = (
    "AHNOOG5APEAOPGNTH65KGY5FYAMQLMZIPOGVRQAAAECGIZLNN5TWK3TFOJQWZMV4C327HT2RHVD36AXDSA447M6VHEFKDJ"
    "S5AAF3PM5BWQTSF66RP6IYMGYW3POWI6MJEG2UAFBO4BEP7FMLH3EKY2VON6OJA7ZT3MFA"
)
"""Signed by the key of the example below; a test reads it."""
TICKET_EXAMPLE: dict[str, JsonValue] = {
    "id": "00.demo.46m3gp52unr2lqazawzsq64nld.1",
    "ticket_type": "general",
    "name": "General admission",
    "status": "valid",
    "code": CODE_EXAMPLE,
    "qr": f"/v1/qr/{CODE_EXAMPLE}.svg",
}
KEY_EXAMPLE: dict[str, JsonValue] = {
    "kty": "OKP",
    "crv": "Ed25519",
    "alg": "EdDSA",
    "use": "sig",
    "kid": "3LTRXIDZ",
    "x": "zH1-zRrimNNbJvbEgd6AFGNry8ihsb2cvsouqjSoWhg",
}
REVOKED_EXAMPLE: dict[str, JsonValue] = {
    "event_id": "demo",
    "as_of": "2026-05-01T18:00:00.123Z",
    "items": [{"id": "00.demo.46m3gp52unr2lqazawzsq64nld.1"}],
    "next": None,
}

_KIND = ("OKP", "Ed25519")


class TicketAnswer(BaseModel):
    """`code`: what the QR code holds. `qr`: the address of its picture."""

    id: str
    ticket_type: str
    name: str
    status: TicketStatus
    code: str
    qr: str

    model_config = ConfigDict(json_schema_extra={"examples": [TICKET_EXAMPLE]})


class KeyAnswer(BaseModel):
    """A JSON Web Key (RFC 8037). `kid` stands in the codes that the key signed."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str

    model_config = ConfigDict(json_schema_extra={"examples": [KEY_EXAMPLE]})


class RevokedAnswer(BaseModel):
    """`id`: of a ticket, as its code says it."""

    id: str


class RevokedPageAnswer(BaseModel):
    """`as_of`: the newest fact of the event that this counts; null while none has come. `next`:
    give it as `after` to go on; null on the page that will grow."""

    event_id: str
    as_of: Instant | None
    items: list[RevokedAnswer]
    next: str | None

    model_config = ConfigDict(json_schema_extra={"examples": [REVOKED_EXAMPLE]})


def answer_ticket(coded: CodedTicket) -> TicketAnswer:
    ticket = coded.owned.ticket
    return TicketAnswer(
        id=ticket.id,
        ticket_type=ticket.ticket_type,
        name=coded.owned.name,
        status=coded.owned.status,
        code=coded.code,
        qr=f"/v1/qr/{coded.code}.svg",
    )


def answer_key(key: PublicKey) -> KeyAnswer:
    x = base64.urlsafe_b64encode(key.raw).decode("ascii").rstrip("=")
    kty, crv = _KIND
    return KeyAnswer(kty=kty, crv=crv, alg="EdDSA", use="sig", kid=key.id, x=x)


def parse_keys(saved: bytes) -> PublicKeys:
    """A saved answer of GET /v1/keys. Keys of another kind are left out. Raises ValueError."""
    page = Page[KeyAnswer].model_validate_json(saved)
    keys = [_parse_key(each) for each in page.items if (each.kty, each.crv) == _KIND]
    if not keys:
        raise ValueError("there is no Ed25519 key in it")
    return index_keys(keys)


@dataclass(frozen=True, slots=True)
class SavedRevoked:
    """A page of the revoked tickets of one event. `next` is None on the last one."""

    event_id: EventId
    ids: frozenset[TicketId]
    next: str | None


def parse_revoked(saved: bytes) -> SavedRevoked:
    """A saved answer of GET /v1/events/{event_id}/revoked. Raises ValueError."""
    page = RevokedPageAnswer.model_validate_json(saved)
    ids = frozenset(TicketId(each.id) for each in page.items)
    return SavedRevoked(EventId(page.event_id), ids, page.next)


def _parse_key(answer: KeyAnswer) -> PublicKey:
    try:
        raw = base64.urlsafe_b64decode(answer.x + "=" * (-len(answer.x) % 4))
    except binascii.Error:
        raw = b""
    key = PublicKey(raw)
    if len(raw) != PUBLIC_KEY_BYTES or key.id != answer.kid:
        raise ValueError(f"key {answer.kid} is damaged")
    return key
