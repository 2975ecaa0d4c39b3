"""Bodies of the ticket calls. Gates save two of them and read them back without a network."""

import base64
import binascii

from pydantic import BaseModel, ConfigDict, JsonValue

from app.api.forms import Instant, Page
from app.domain.ticket_codes import PUBLIC_KEY_BYTES, PublicKey, PublicKeys, index_keys
from app.domain.tickets import TicketStatus
from app.selling import CodedTicket

CODE_EXAMPLE = (
    "AHNOOG5APEBOPGNTH65KGY5FYAMQLMZIPOGVRQAAAEDWG33OMNSXE5DBMR2WY5BJ2RMUYN6ZQLEHHTJ2ISYD5MRCHO23AC"
    "7V34FAW2XMZVQBNWD2CGYINS33KMNO6ZIDSUKI3XRFMCKI2ULIM573CQOCQICNGVUGKSAQU"
)
"""Ticket 1 of the order of the examples, signed by the key of the examples."""
TICKET_EXAMPLE: dict[str, JsonValue] = {
    "id": "02.concert.46m3gp52unr2lqazawzsq64nld.1",
    "ticket_type": "adult",
    "name": "Adult",
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
    "as_of": "2026-05-01T18:00:00.123Z",
    "items": [{"id": "02.concert.46m3gp52unr2lqazawzsq64nld.1"}],
    "next": None,
}


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


class RevokedPageAnswer(Page[RevokedAnswer]):
    """`as_of`: the newest fact of the event that this counts; null while none has come."""

    as_of: Instant | None

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
    return KeyAnswer(kty="OKP", crv="Ed25519", alg="EdDSA", use="sig", kid=key.id, x=x)


def parse_keys(page: Page[KeyAnswer]) -> PublicKeys:
    """Raises ValueError for a key that is not what its `kid` says."""
    return index_keys([_parse_key(each) for each in page.items])


def _parse_key(answer: KeyAnswer) -> PublicKey:
    try:
        raw = base64.urlsafe_b64decode(answer.x + "=" * (-len(answer.x) % 4))
    except binascii.Error:
        raw = b""
    key = PublicKey(raw)
    if (answer.kty, answer.crv) != ("OKP", "Ed25519") or len(raw) != PUBLIC_KEY_BYTES:
        raise ValueError(f"key {answer.kid} is not an Ed25519 key")
    if key.id != answer.kid:
        raise ValueError(f"key {answer.kid} is damaged: its bytes are those of key {key.id}")
    return key
