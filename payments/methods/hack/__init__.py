"""`hack`: settles an order whose money is somebody else's business.

The old platform or a box office has taken the money, and proves it with a grant: signed, of one
use, of a few minutes, bound to the order, its amount and its lines. No money moves here, so there
is nothing to capture, look up or give back; the public can never name it.
"""

from payments.methods.hack.encoding import KeyPair, new_key_pair
from payments.methods.hack.grants import (
    GRANT_SECONDS_MAX,
    Grant,
    GrantBinding,
    GrantRefusal,
    GrantRefused,
    SigningKey,
    issue_grant,
    lines_sha256,
    verify_grant,
)
from payments.methods.hack.issuers import Issuer, Issuers, IssuersRefused, read_issuers
from payments.methods.hack.method import Hack, HackConfig

__all__ = [
    "GRANT_SECONDS_MAX",
    "Grant",
    "GrantBinding",
    "GrantRefusal",
    "GrantRefused",
    "Hack",
    "HackConfig",
    "Issuer",
    "Issuers",
    "IssuersRefused",
    "KeyPair",
    "SigningKey",
    "issue_grant",
    "lines_sha256",
    "new_key_pair",
    "read_issuers",
    "verify_grant",
]
