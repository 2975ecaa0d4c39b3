"""`hack` from end to end: the old platform has the money, and settles over the internal listener.

The listener for the public has no such path, and whoever names the method there hears the same as
for any word that means nothing.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.rollout import catalogue_of, write_development_toggles
from app.runtime.settings import Settings
from payments.methods.hack import GRANT_SECONDS_MAX, lines_sha256
from tests.api.conftest import Api
from tests.api.settling import (
    AUDIENCE,
    PRICE,
    TYPES,
    Internal,
    claims_for,
    grant_for,
    open_internal,
)
from tests.payments.hack.forge import HEADER, OTHER_PAIR, PAIR, forge, issuers_file, part, sign
from tests.servers.redis import RedisServer

Order = Mapping[str, Any]


@pytest.fixture
def settings(durable_redis: RedisServer, tmp_path: Path) -> Settings:
    """One issuer, for this hall, of up to 100 EUR; `hack` is switched on."""
    path = tmp_path / "toggles.json"
    write_development_toggles(path, catalogue_of(("hack", "sandbox")))
    document = json.loads(path.read_text())
    for feature in document["features"]:
        feature["enabled"] |= feature["name"] == "payments.hack.offer"
    path.write_text(json.dumps(document))
    return Settings(
        env="development",
        data_dir=tmp_path,
        redis_url=durable_redis.url,
        grant_issuers_file=issuers_file(tmp_path, organisers=["hall"]),
    )


@pytest.fixture
async def internal(api: Api) -> AsyncIterator[Internal]:
    await api.open_event(ticket_types=TYPES)
    async with open_internal(api.settings) as listener:
        yield listener


async def _hold(api: Api, quantity: int = 2, *, buyer: str = "ana", **fields: Any) -> Order:
    answer = await api.order(
        ("adult", quantity), email=f"{buyer}@example.com", key=f"key-of-{buyer}-0000000", **fields
    )
    assert answer.status_code == 201, answer.text
    order: Order = answer.json()
    assert order["status"] == "held"
    return order


async def _read(api: Api, order: Order) -> dict[str, Any]:
    headers = {"Order-Token": order["token"]}
    return dict((await api.client.get(f"/v1/orders/{order['id']}", headers=headers)).json())


async def _end(internal: Internal, order: Order) -> None:
    """The hold, as its buyer does it: the units are free again."""
    await internal.services.ordering.release(order["id"], order["token"])


async def test_an_order_is_settled_and_has_its_tickets(api: Api, internal: Internal) -> None:
    order = await _hold(api)

    answer = await internal.settle(order["id"], grant_for(order))

    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["settlement"]) == ("confirmed", "hack")
    headers = {"Order-Token": order["token"]}
    tickets = await api.client.get(f"/v1/orders/{order['id']}/tickets", headers=headers)
    assert [each["status"] for each in tickets.json()["items"]] == ["valid", "valid"]
    await api.settle()
    report = await api.client.get("/v1/admin/events/concert/sales", headers=api.admin)
    assert (report.json()["sold"], report.json()["hack"]) == (2, 2)
    assert report.json()["hack_amount"]["amount"] == 2 * PRICE


async def test_the_same_grant_again_gives_the_same_answer(api: Api, internal: Internal) -> None:
    order = await _hold(api)
    grant = grant_for(order)

    answers = [await internal.settle(order["id"], grant) for _ in range(3)]

    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1


@pytest.mark.parametrize("times", [2, 5])
async def test_the_same_grant_at_once_settles_once(
    times: int, api: Api, internal: Internal
) -> None:
    order = await _hold(api)
    grant = grant_for(order)

    answers = await asyncio.gather(*(internal.settle(order["id"], grant) for _ in range(times)))

    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    assert len(await internal.services.ledger.payments.of_order(order["id"])) == 1
    await api.settle()
    report = (await api.client.get("/v1/admin/events/concert/sales", headers=api.admin)).json()
    assert (report["orders"], report["sold"], report["held"]) == (1, 2, 0)


async def test_two_grants_for_one_order_at_once_settle_it_once(
    api: Api, internal: Internal
) -> None:
    order = await _hold(api)

    answers = await asyncio.gather(
        *(internal.settle(order["id"], grant_for(order)) for _ in range(2))
    )

    statuses = sorted(each.status_code for each in answers)
    assert statuses[0] == 200
    assert statuses[1] == 409
    assert (await _read(api, order))["status"] == "confirmed"


async def test_one_grant_for_two_orders_at_once_settles_one_at_most(
    api: Api, internal: Internal
) -> None:
    """It is bound to one of them; what it refers to settles one order only, in whatever grant."""
    orders = [await _hold(api, 1, buyer=each) for each in ("ana", "bea")]

    answers = await asyncio.gather(
        *(internal.settle(each["id"], grant_for(each, ref="sale-77")) for each in orders)
    )

    assert sorted(each.status_code for each in answers) == [200, 403]
    statuses = sorted([(await _read(api, each))["status"] for each in orders])
    assert statuses == ["confirmed", "held"]


async def test_a_hold_that_ended_takes_its_units_again_if_they_are_there(
    api: Api, internal: Internal
) -> None:
    order = await _hold(api)
    await _end(internal, order)

    answer = await internal.settle(order["id"], grant_for(order))

    assert answer.status_code == 200, answer.text
    assert (await _read(api, order))["status"] == "confirmed"


async def test_a_hold_whose_units_are_gone_is_gone_for_good(api: Api, internal: Internal) -> None:
    order = await _hold(api, 4)
    await _end(internal, order)
    other = await _hold(api, 5, buyer="bea")
    grant = grant_for(order)

    answers = [await internal.settle(order["id"], grant) for _ in range(2)]
    await _end(internal, other)
    answers.append(await internal.settle(order["id"], grant))

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (410, "hold-expired")
    ] * 3, "whoever has the money was told to give it back"
    (payment,) = await internal.services.ledger.payments.of_order(order["id"])
    assert (payment.outcome, payment.facts.refunded_minor) == ("refunded", 4 * PRICE)


async def test_an_order_that_its_buyer_is_paying_for_is_left_alone(
    api: Api, internal: Internal
) -> None:
    order = await _hold(api)
    headers = {"Order-Token": order["token"], "Idempotency-Key": "payment-key-00000"}
    body = {"method": "sandbox", "input": {"script": "action"}}
    await api.client.post(f"/v1/orders/{order['id']}/payments", json=body, headers=headers)

    answer = await internal.settle(order["id"], grant_for(order))

    assert (answer.status_code, answer.json()["code"]) == (409, "payment-open")


async def test_the_public_has_no_way_to_settle(api: Api, internal: Internal) -> None:
    order = await _hold(api)
    headers = {"Order-Token": order["token"], "Idempotency-Key": "payment-key-00000"}

    there = await api.client.post(
        f"/internal/v1/orders/{order['id']}/settle", json={"grant": grant_for(order)}
    )
    nowhere = await api.client.post("/internal/v1/orders/x/nothing", json={})
    assert there.status_code == nowhere.status_code == 404
    assert there.json() == nowhere.json()
    document = (await api.client.get("/openapi.json")).text
    assert "settleOrder" not in document
    assert "/internal" not in document

    answers = [
        await api.client.post(
            f"/v1/orders/{order['id']}/payments", json={"method": word}, headers=headers
        )
        for word in ("hack", "nonsense", "stripe", "HACK", "hack ", "settle_external")
    ]
    assert {each.status_code for each in answers} == {422}
    assert len({each.text for each in answers}) == 1, "whoever asks learns nothing"
    assert answers[0].json()["code"] == "method-unavailable"
    offered = await api.client.get(f"/v1/orders/{order['id']}/payment-methods", headers=headers)
    assert [each["id"] for each in offered.json()["items"]] == ["sandbox"]
    assert (await _read(api, order))["status"] == "held"


@pytest.mark.parametrize(
    ("toggle", "is_on"), [("payments_hack_offer", False), ("payments_hack_halt", True)]
)
async def test_a_toggle_stops_settlements_and_says_so(
    toggle: str, is_on: bool, api: Api, internal: Internal
) -> None:
    order = await _hold(api)
    await api.set_toggles(**{toggle: is_on})
    internal.services.toggles.refresh()

    answer = await internal.settle(order["id"], grant_for(order))

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["reason"] == toggle.replace("_", ".")
    assert (await _read(api, order))["status"] == "held"
    assert await internal.services.ledger.payments.of_order(order["id"]) == []

    await api.set_toggles(**{toggle: not is_on})
    internal.services.toggles.refresh()
    assert (await internal.settle(order["id"], grant_for(order))).status_code == 200


async def test_an_order_that_costs_nothing_is_not_settled(api: Api, internal: Internal) -> None:
    await api.open_event(id="free")
    answer = await api.order(("adult", 1), event="free", confirm=False)
    order = answer.json()

    answer = await internal.settle(order["id"], grant_for(order))

    assert answer.status_code == 403, "no issuer may grant nothing"


# What else somebody may come with. Each is made for an order that stands, by whoever would like it.


def _hs256(order: Order) -> str:
    text = f"{part({**HEADER, 'alg': 'HS256'})}.{part(claims_for(order))}"
    key = base64.urlsafe_b64decode(PAIR.public_key + "=")
    return f"{text}.{part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def _swapped(order: Order) -> str:
    head, _, signature = grant_for(order, amt=1).split(".")
    return f"{head}.{part(claims_for(order))}.{signature}"


def _repeated(order: Order) -> str:
    body = json.dumps(claims_for(order))[:-1] + f', "amt": {order["total"]["amount"]}}}'
    text = f"{part(HEADER)}.{part(body.encode())}"
    return f"{text}.{sign(text)}"


def _without(name: str) -> Callable[[Order], str]:
    return lambda order: forge(
        claims={key: value for key, value in claims_for(order).items() if key != name}
    )


def _saying(**changes: object) -> Callable[[Order], str]:
    return lambda order: grant_for(order, **changes)


def _at(issued: int, seconds: int) -> Callable[[Order], str]:
    """Issued so many seconds from now, for so many."""

    def make(order: Order) -> str:
        now = claims_for(order)["iat"]
        assert isinstance(now, int)
        return grant_for(order, iat=now + issued, exp=now + issued + seconds)

    return make


ATTACKS: dict[str, Callable[[Order], str]] = {
    "nothing like a grant": lambda _: "please",
    "three dots": lambda _: "..",
    "alg none": lambda order: f"{part({**HEADER, 'alg': 'none'})}.{part(claims_for(order))}.",
    "no signature": lambda order: grant_for(order).rpartition(".")[0] + ".",
    "HS256 with the public key": _hs256,
    "another key": lambda order: forge(claims=claims_for(order), key=OTHER_PAIR.private_key),
    "an unknown kid": lambda order: forge({**HEADER, "kid": "old-2"}, claims_for(order)),
    "a key in the header": lambda order: forge({**HEADER, "jwk": {}}, claims_for(order)),
    "swapped claims": _swapped,
    "a repeated claim": _repeated,
    "an extra claim": _saying(sub="admin"),
    "no reference": _without("ref"),
    "no jti": _without("jti"),
    "no lines": _without("lines"),
    "another issuer's name": _saying(iss="box-office"),
    "another environment": _saying(aud=AUDIENCE.replace("development", "production")),
    "another deployment": _saying(aud=AUDIENCE + "-2"),
    "another organiser": _saying(org="other"),
    "another event": _saying(evt="opera"),
    "another order": _saying(ord="03.concert." + "b" * 26),
    "a lower amount": _saying(amt=1),
    "a higher amount": _saying(amt=2 * PRICE + 1),
    "true as amount": _saying(amt=True),
    "a text as amount": _saying(amt=str(2 * PRICE)),
    "another currency": _saying(cur="USD"),
    "other lines of the same amount": _saying(lines=lines_sha256([("child", 4, 500)])),
    "expired": _at(-200, 120),
    "not yet": _at(60, 120),
    "long-lived": _at(0, GRANT_SECONDS_MAX + 1),
    "ends before it begins": _at(0, -1),
    "padded": lambda order: grant_for(order) + "==",
    "a new line at its end": lambda order: grant_for(order) + "\n",
    "twice": lambda order: grant_for(order) + "." + grant_for(order),
}


async def test_a_grant_that_is_none_changes_nothing_and_learns_nothing(
    api: Api, internal: Internal
) -> None:
    order = await _hold(api)
    before, generic = await _read(api, order), await _generic_refusal(internal, order)
    assert len(ATTACKS) > 25

    for name, make in ATTACKS.items():
        answer = await internal.settle(order["id"], make(order))

        assert (answer.status_code, answer.json()) == (403, generic), name
        assert await _read(api, order) == before, name
        assert await internal.services.ledger.payments.of_order(order["id"]) == [], name
    good = await internal.settle(order["id"], grant_for(order))
    assert good.status_code == 200, "or else the attacks would prove nothing"


async def _generic_refusal(internal: Internal, order: Order) -> object:
    return (await internal.settle(order["id"], "a.b.c")).json()


async def test_what_was_settled_once_settles_nothing_else(api: Api, internal: Internal) -> None:
    """Reused grants and references, an amount beyond the issuer's, and orders that have ended."""
    first, second = [await _hold(api, 1, buyer=each) for each in ("ana", "bea")]
    claims = claims_for(first, ref="sale-1")
    assert (await internal.settle(first["id"], forge(claims=claims))).status_code == 200
    refused = {
        "the grant of another order": forge(claims=claims),
        "its reference for this order": grant_for(second, ref="sale-1"),
        "its jti for this order": grant_for(second, jti=claims["jti"]),
    }
    generic = await _generic_refusal(internal, second)
    for name, grant in refused.items():
        answer = await internal.settle(second["id"], grant)
        assert (answer.status_code, answer.json()) == (403, generic), name
    assert (await _read(api, second))["status"] == "held"
    assert (await internal.settle(second["id"], grant_for(second))).status_code == 200

    again = await internal.settle(first["id"], grant_for(first))
    assert (again.status_code, again.json()["code"]) == (409, "invalid-transition")


async def test_an_issuer_grants_no_more_than_it_may(api: Api, internal: Internal) -> None:
    dear = [{"id": "adult", "name": "Adult", "price": 10_001, "pools": ["lawn"]}]
    await api.open_event(id="opera", ticket_types=dear)
    order = (await api.order(("adult", 1), event="opera")).json()

    answer = await internal.settle(order["id"], grant_for(order))

    assert answer.status_code == 403


async def test_an_order_that_never_was_is_unknown(api: Api, internal: Internal) -> None:
    order = await _hold(api)
    missing = order["id"][:-26] + "b" * 26
    answer = await internal.settle(missing, grant_for(order))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("body", [{}, {"grant": ""}, {"grant": 7}, {"grant": "x" * 4097}, []])
async def test_what_is_no_settlement_is_invalid(body: object, api: Api, internal: Internal) -> None:
    order = await _hold(api)
    path = f"/internal/v1/orders/{order['id']}/settle"
    answer = await internal.client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
