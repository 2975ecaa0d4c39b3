"""Grants of `hack`: the good one holds, and nothing that only resembles it."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import Money
from payments.methods.hack import (
    GRANT_SECONDS_MAX,
    Grant,
    GrantRefusal,
    GrantRefused,
    Issuers,
    SigningKey,
    issue_grant,
    lines_sha256,
    verify_grant,
)
from tests.payments.hack.forge import (
    BINDING,
    CLAIMS,
    HEADER,
    LINES,
    NOW,
    OTHER_PAIR,
    PAIR,
    claiming,
    forge,
    part,
    sign,
)
from tests.payments.hack.forge import issuers as issuers_in

R = GrantRefusal
KEY = SigningKey(issuer="old", kid="old-1", private_key=PAIR.private_key)
GOOD = forge()
HEAD, BODY, SIGNATURE = GOOD.split(".")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Issuers:
    return issuers_in(tmp_path_factory.mktemp("issuers"))


def test_what_an_issuer_makes_holds(issuers: Issuers) -> None:
    token = issue_grant(KEY, BINDING, "sale-77", NOW)
    grant = verify_grant(token, issuers, BINDING, NOW)
    assert isinstance(grant, Grant)
    assert (grant.issuer, grant.kid, grant.reference) == ("old", "old-1", "sale-77")
    assert grant.expires_at - grant.issued_at == timedelta(seconds=120)
    assert grant.binding == BINDING


def test_every_grant_has_a_number_of_its_own(issuers: Issuers) -> None:
    grants = [
        verify_grant(issue_grant(KEY, BINDING, "sale-77", NOW), issuers, BINDING, NOW)
        for _ in range(20)
    ]
    assert len({grant.jti for grant in grants if isinstance(grant, Grant)}) == 20


def _hmac_with_the_public_key() -> str:
    text = f"{part({**HEADER, 'alg': 'HS256'})}.{BODY}"
    key = base64.urlsafe_b64decode(PAIR.public_key + "=")
    return f"{text}.{part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def _hmac_under_the_good_header() -> str:
    key = base64.urlsafe_b64decode(PAIR.public_key + "=")
    return f"{HEAD}.{BODY}." + part(
        hmac.new(key, f"{HEAD}.{BODY}".encode(), hashlib.sha512).digest()
    )


def _repeated_claim() -> str:
    body = json.dumps(CLAIMS)[:-1] + ', "amt": 4500}'
    text = f"{HEAD}.{part(body.encode())}"
    return f"{text}.{sign(text)}"


def _other_form(text: str) -> str:
    """The same bytes in base64 whose last letter has bits that mean nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + letters[letters.index(text[-1]) + 1]


ATTACKS: dict[str, tuple[Callable[[], str], GrantRefusal]] = {
    "alg none": (lambda: f"{part({**HEADER, 'alg': 'none'})}.{BODY}.", R.HEADER),
    "alg none, signed": (lambda: forge({**HEADER, "alg": "none"}), R.HEADER),
    "no signature": (lambda: f"{HEAD}.{BODY}.", R.SIGNATURE),
    "HS256 with the public key": (_hmac_with_the_public_key, R.HEADER),
    "HMAC under the good header": (_hmac_under_the_good_header, R.SIGNATURE),
    "another key": (lambda: forge(key=OTHER_PAIR.private_key), R.SIGNATURE),
    "an unknown kid": (lambda: forge({**HEADER, "kid": "old-2"}), R.HEADER),
    "an unknown kid with a key of its own": (
        lambda: forge({**HEADER, "kid": "mine"}, key=OTHER_PAIR.private_key),
        R.HEADER,
    ),
    "a key in the header": (lambda: forge({**HEADER, "jwk": {"kty": "OKP"}}), R.HEADER),
    "an address in the header": (lambda: forge({**HEADER, "jku": "https://x.example"}), R.HEADER),
    "the header in another order": (
        lambda: forge({"typ": "taquilla-grant", "alg": "EdDSA", "kid": "old-1"}),
        R.HEADER,
    ),
    "the header with a space": (lambda: forge(json.dumps(HEADER).encode()), R.HEADER),
    "the header of another kind of token": (lambda: forge({**HEADER, "typ": "JWT"}), R.HEADER),
    "swapped claims": (lambda: f"{HEAD}.{part({**CLAIMS, 'amt': 1})}.{SIGNATURE}", R.SIGNATURE),
    "another issuer's name": (lambda: claiming(iss="box-office"), R.ISSUER),
    "another environment": (lambda: claiming(aud="taquilla:staging:main"), R.AUDIENCE),
    "another deployment": (lambda: claiming(aud="taquilla:production:other"), R.AUDIENCE),
    "a list of audiences": (lambda: claiming(aud=[BINDING.audience]), R.CLAIMS),
    "another order": (lambda: claiming(ord="03.concert." + "b" * 26), R.ORDER),
    "another event": (lambda: claiming(evt="other"), R.EVENT),
    "another organiser": (lambda: claiming(org="other"), R.ORGANISER),
    "changed lines": (
        lambda: claiming(lines=lines_sha256([("adult", 1, 4000), ("child", 1, 500)])),
        R.LINES,
    ),
    "a lower amount": (lambda: claiming(amt=4499), R.AMOUNT),
    "a higher amount": (lambda: claiming(amt=4501), R.AMOUNT),
    "another currency": (lambda: claiming(cur="USD"), R.AMOUNT),
    "true as amount": (lambda: claiming(amt=True), R.CLAIMS),
    "a text as amount": (lambda: claiming(amt="4500"), R.CLAIMS),
    "a float as amount": (lambda: claiming(amt=4500.0), R.CLAIMS),
    "a negative amount": (lambda: claiming(amt=-4500), R.CLAIMS),
    "true as time": (lambda: claiming(iat=True), R.CLAIMS),
    "expired": (
        lambda: claiming(iat=CLAIMS["iat"] - 200, exp=CLAIMS["iat"]),  # type: ignore[operator]
        R.EXPIRED,
    ),
    "not yet": (
        lambda: claiming(iat=CLAIMS["iat"] + 31, exp=CLAIMS["iat"] + 100),  # type: ignore[operator]
        R.NOT_YET,
    ),
    "long-lived": (
        lambda: claiming(exp=CLAIMS["iat"] + GRANT_SECONDS_MAX + 1),  # type: ignore[operator]
        R.LIFETIME,
    ),
    "backdated and long-lived": (lambda: claiming(iat=1), R.LIFETIME),
    "ends before it begins": (
        lambda: claiming(exp=CLAIMS["iat"] - 1),  # type: ignore[operator]
        R.LIFETIME,
    ),
    "endless": (lambda: claiming(exp=10**400), R.CLAIMS),
    "no reference": (lambda: claiming(ref=None), R.CLAIMS),
    "an empty reference": (lambda: claiming(ref=""), R.CLAIMS),
    "a reference of spaces": (lambda: claiming(ref="a b"), R.CLAIMS),
    "a reference with a new line": (lambda: claiming(ref="a\n"), R.CLAIMS),
    "no jti": (lambda: claiming(jti=None), R.CLAIMS),
    "a short jti": (lambda: claiming(jti="1"), R.CLAIMS),
    "an extra claim": (lambda: claiming(sub="admin"), R.CLAIMS),
    "a repeated claim": (_repeated_claim, R.CLAIMS),
    "claims that are a list": (lambda: forge(claims=[CLAIMS]), R.CLAIMS),
    "claims that are pairs": (lambda: forge(claims=[list(p) for p in CLAIMS.items()]), R.CLAIMS),
    "claims that are no JSON": (lambda: forge(claims=b"amt=4500"), R.CLAIMS),
    "claims as deep as a well": (lambda: forge(claims=b"[" * 2000), R.CLAIMS),
    "nothing claimed": (lambda: forge(claims={}), R.CLAIMS),
    "padded claims": (lambda: f"{HEAD}.{BODY}=.{SIGNATURE}", R.SHAPE),
    "padded signature": (lambda: f"{GOOD}==", R.SHAPE),
    "a signature in another form": (lambda: _other_form(GOOD), R.SHAPE),
    "a signature in the other alphabet": (lambda: f"{HEAD}.{BODY}.{'+' * 86}", R.SHAPE),
    "half a signature": (lambda: f"{HEAD}.{BODY}.{SIGNATURE[:40]}", R.SIGNATURE),
    "a new line at the end": (lambda: GOOD + "\n", R.SHAPE),
    "four parts": (lambda: GOOD + ".", R.SHAPE),
    "two parts": (lambda: f"{HEAD}.{BODY}", R.SHAPE),
    "a JWS in JSON": (
        lambda: json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}),
        R.SHAPE,
    ),
    "nothing": (lambda: "", R.SHAPE),
    "a book": (lambda: GOOD + "A" * 5000, R.SHAPE),
    "letters that only look alike": (lambda: GOOD.replace("A", "\u0410", 1), R.SHAPE),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_forgery_is_refused_for_what_is_wrong_with_it(name: str, issuers: Issuers) -> None:
    make, reason = ATTACKS[name]
    assert verify_grant(make(), issuers, BINDING, NOW) == GrantRefused(reason)


def test_the_forger_can_also_make_the_good_one(issuers: Issuers) -> None:
    """Or else the attacks would prove nothing."""
    assert isinstance(verify_grant(claiming(), issuers, BINDING, NOW), Grant)


def test_an_amount_above_what_the_issuer_may_is_refused(issuers: Issuers) -> None:
    for amount, holds in ((10_000, True), (10_001, False)):
        binding = replace(BINDING, total=Money(amount, "EUR"))
        verdict = verify_grant(claiming(amt=amount), issuers, binding, NOW)
        assert isinstance(verdict, Grant) == holds
        assert holds or verdict == GrantRefused(R.AUTHORITY)


@pytest.mark.parametrize(
    ("claims", "change"),
    [
        ({"org": "other"}, {"organiser_id": "other"}),
        ({"cur": "USD"}, {"total": Money(4500, "USD")}),
    ],
    ids=str,
)
def test_an_issuer_speaks_for_its_organisers_and_currencies_alone(
    claims: dict[str, Any], change: dict[str, Any], issuers: Issuers
) -> None:
    verdict = verify_grant(claiming(**claims), issuers, replace(BINDING, **change), NOW)
    assert verdict == GrantRefused(R.AUTHORITY)


def test_a_grant_lives_from_its_first_second_to_before_its_last(issuers: Issuers) -> None:
    token = issue_grant(KEY, BINDING, "sale-77", NOW, seconds=GRANT_SECONDS_MAX)
    last = NOW + GRANT_SECONDS_MAX * SECOND
    for at in (NOW - 30 * SECOND, NOW, last - SECOND):
        assert isinstance(verify_grant(token, issuers, BINDING, at), Grant)
    assert verify_grant(token, issuers, BINDING, last) == GrantRefused(R.EXPIRED)
    assert verify_grant(token, issuers, BINDING, NOW - 31 * SECOND) == GrantRefused(R.NOT_YET)


def test_nobody_grants_where_there_is_no_issuer() -> None:
    assert verify_grant(GOOD, Issuers(), BINDING, NOW) == GrantRefused(R.HEADER)


def test_no_flipped_bit_goes_unseen(issuers: Issuers) -> None:
    seed = 77
    dice = random.Random(seed)
    for _ in range(300):
        raw = bytearray(GOOD.encode())
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        verdict = verify_grant(raw.decode("latin-1"), issuers, BINDING, NOW)
        assert isinstance(verdict, GrantRefused), f"seed {seed}: {bytes(raw)!r}"


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: forge(claims=raw)))
def test_nothing_makes_it_raise(issuers: Issuers, token: str) -> None:
    assert isinstance(verify_grant(token, issuers, BINDING, NOW), GrantRefused)


def test_lines_are_the_same_in_any_order_and_differ_in_everything_else() -> None:
    assert lines_sha256(LINES) == lines_sha256(reversed(LINES))
    others = [
        [("adult", 2, 2000)],
        [("adult", 1, 2000), ("child", 1, 500)],
        [("adult", 2, 1999), ("child", 1, 500)],
        [("adults", 2, 2000), ("child", 1, 500)],
        [("adult", 2, 2000), ("adult", 2, 2000), ("child", 1, 500)],
    ]
    assert len({lines_sha256(each) for each in [LINES, *others]}) == 6


def test_a_private_key_is_not_shown(tmp_path: Path) -> None:
    assert PAIR.private_key not in repr(PAIR) + repr(KEY) + str(KEY)
