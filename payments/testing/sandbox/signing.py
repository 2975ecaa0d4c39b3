"""Signatures of notices: HMAC-SHA256 over id, time and the exact bytes, by any of some secrets.

    sandbox-id: evt_…   sandbox-timestamp: 1908302400   sandbox-signature: v1,<base64> v1,<base64>

A signature is good for `TOLERANCE_SECONDS` in *both* directions: a notice from the future could be
kept and sent when it suits somebody.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from payments.errors import BadSignature, StaleWebhook

TOLERANCE_SECONDS: Final = 300

ID_HEADER: Final = "sandbox-id"
TIME_HEADER: Final = "sandbox-timestamp"
SIGNATURE_HEADER: Final = "sandbox-signature"
_SIGNATURES_MAX: Final = 8


def sign(event_id: str, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of a notice: one signature of each secret."""
    timestamp = str(int(at.timestamp()))
    signatures = [
        "v1," + base64.b64encode(_mac(secret, event_id, timestamp, body)).decode()
        for secret in secrets
    ]
    return {
        ID_HEADER: event_id,
        TIME_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], received_at: datetime
) -> str:
    """The notice's id. Raises BadSignature, StaleWebhook. Every secret is tried against every
    signature, in a time that tells nothing."""
    event_id, timestamp = headers.get(ID_HEADER, ""), headers.get(TIME_HEADER, "")
    given = [_decoded(each) for each in headers.get(SIGNATURE_HEADER, "").split(" ")]
    if len(given) > _SIGNATURES_MAX or not event_id or not re.fullmatch("[0-9]{1,12}", timestamp):
        raise BadSignature("headers")
    expected = [_mac(secret, event_id, timestamp, body) for secret in secrets if secret]
    matches = [hmac.compare_digest(one, other) for one in given for other in expected]
    if not any(matches):
        raise BadSignature("signature")
    if abs(received_at.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise StaleWebhook("time")
    return event_id


def _mac(secret: bytes, event_id: str, timestamp: str, body: bytes) -> bytes:
    return hmac.new(secret, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()


def _decoded(signature: str) -> bytes:
    """Nothing for what is no signature of ours: nothing equals no digest."""
    version, _, text = signature.partition(",")
    if version != "v1":
        return b""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""
