"""Orders over HTTP: the answers of the contract, and what is never answered."""

import pytest

from tests.api.conftest import Api


async def test_a_free_order_is_confirmed_at_once_with_a_token(api: Api) -> None:
    await api.open_event()
    answer = await api.order(("adult", 1), ("child", 1), ("adult", 1))
    assert answer.status_code == 201
    order = answer.json()
    assert order["status"] == "confirmed"
    assert [(line["ticket_type"], line["quantity"]) for line in order["lines"]] == [
        ("adult", 2),
        ("child", 1),
    ]
    assert order["total"] == {"amount": 0, "currency": "EUR"}
    assert order["confirmed_at"] == order["created_at"]
    assert order["expires_at"] is None
    read = await api.client.get(
        f"/v1/orders/{order['id']}", headers={"Order-Token": order["token"]}
    )
    assert read.json() == {name: value for name, value in order.items() if name != "token"}


async def test_the_same_key_answers_the_same_again_whatever_came_later(api: Api) -> None:
    await api.open_event()
    first = await api.order(("adult", 2))
    cancelled = await api.client.post(
        f"/v1/admin/orders/{first.json()['id']}/cancel", headers=api.admin
    )
    assert cancelled.json()["status"] == "cancelled"
    again = await api.order(("adult", 1), ("adult", 1))
    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


async def test_the_same_key_with_another_wish_is_refused(api: Api) -> None:
    await api.open_event()
    await api.order(("adult", 2))
    other = await api.order(("adult", 3))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    held = await api.order(("adult", 2), confirm=False)
    assert (held.status_code, held.json()["code"]) == (422, "idempotency-key-reused")


async def test_the_same_key_of_another_buyer_is_another_order(api: Api) -> None:
    await api.open_event()
    mine = await api.order(("adult", 1))
    theirs = await api.order(("adult", 1), email="bea@example.com")
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]
    folded = await api.order(("adult", 1), email="  ANA@Example.com ")
    assert folded.json() == mine.json()


async def test_limits_and_stock_are_refused_with_what_a_buyer_needs_to_know(api: Api) -> None:
    await api.open_event()
    await api.order(("adult", 3))
    limit = await api.order(("adult", 2), key="key-0000000000000001")
    assert limit.status_code == 409
    assert limit.json() | {"detail": ""} == {
        "type": "urn:taquilla:problem:limit-exceeded",
        "title": "A limit would be exceeded",
        "status": 409,
        "detail": "",
        "code": "limit-exceeded",
        "kind": "max_per_customer",
        "ticket_type": "adult",
        "limit": 4,
    }
    assert limit.headers["content-type"] == "application/problem+json"
    held = await api.order(("child", 2), key="key-0000000000000002", confirm=False)
    sold_out = await api.order(("child", 1), key="key-0000000000000003")
    assert (sold_out.json()["code"], sold_out.json()["may_return"]) == ("sold-out", True)
    token = {"Order-Token": held.json()["token"]}
    confirmed = await api.client.post(f"/v1/orders/{held.json()['id']}/confirm", headers=token)
    assert confirmed.json()["status"] == "confirmed"
    sold_out = await api.order(("child", 1), key="key-0000000000000003")
    assert (sold_out.json()["code"], sold_out.json()["may_return"]) == ("sold-out", False)


async def test_a_hold_is_released_and_its_units_are_sold_again(api: Api) -> None:
    await api.open_event()
    held = (await api.order(("child", 5), confirm=False)).json()
    assert (held["status"], held["confirmed_at"]) == ("held", None)
    assert held["expires_at"] > held["created_at"]
    token = {"Order-Token": held["token"]}
    for _ in range(2):
        released = await api.client.post(f"/v1/orders/{held['id']}/release", headers=token)
        assert (released.status_code, released.json()["status"]) == (200, "released")
    refused = await api.client.post(f"/v1/orders/{held['id']}/confirm", headers=token)
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid-transition")
    again = await api.order(("child", 5), key="key-0000000000000001")
    assert again.status_code == 201


async def test_a_priced_order_is_held_and_cannot_be_confirmed_for_nothing(api: Api) -> None:
    await api.open_event(
        ticket_types=[{"id": "adult", "name": "Adult", "price": 1050, "pools": ["lawn"]}]
    )
    held = (await api.order(("adult", 2))).json()
    assert (held["status"], held["total"]) == ("held", {"amount": 2100, "currency": "EUR"})
    refused = await api.client.post(
        f"/v1/orders/{held['id']}/confirm", headers={"Order-Token": held["token"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid-transition")


@pytest.mark.parametrize("token", [None, "", "x", "obiekigpynel4cnyyslrrj36bv", "ñ"])
async def test_an_order_without_its_token_does_not_exist(api: Api, token: str | None) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1))).json()
    headers = {} if token is None else {b"Order-Token": token.encode("latin-1")}
    calls = [
        await api.client.get(f"/v1/orders/{order['id']}", headers=headers),
        await api.client.post(f"/v1/orders/{order['id']}/confirm", headers=headers),
        await api.client.post(f"/v1/orders/{order['id']}/release", headers=headers),
    ]
    assert [(call.status_code, call.json()["code"]) for call in calls] == [(404, "not-found")] * 3


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency-key-missing"),
        ("short", "malformed"),
        ("x" * 256, "malformed"),
        ("has spaces in its middle", "malformed"),
        ("", "malformed"),
    ],
)
async def test_a_bad_idempotency_key_is_a_bad_request(api: Api, key: str | None, code: str) -> None:
    await api.open_event()
    body = {
        "customer": {"email": "ana@example.com"},
        "lines": [{"ticket_type": "adult", "quantity": 1}],
    }
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await api.client.post("/v1/events/concert/orders", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_two_idempotency_keys_are_none(api: Api) -> None:
    await api.open_event()
    body = {
        "customer": {"email": "ana@example.com"},
        "lines": [{"ticket_type": "adult", "quantity": 1}],
    }
    headers = [("Idempotency-Key", "key-0000000000000000"), ("Idempotency-Key", "key-1" * 4)]
    answer = await api.client.post("/v1/events/concert/orders", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


LINE = '{"ticket_type": "adult", "quantity": %s}'
BODY = '{"customer": {"email": "ana@example.com"}, "lines": [%s]}'


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 422, "invalid"),
        ("{", 400, "malformed"),
        ("null", 422, "invalid"),
        ("[]", 422, "invalid"),
        ("{}", 422, "invalid"),
        ("\xff", 400, "malformed"),
        ("[" * 60_000, 400, "malformed"),
        ("[" * 100_000, 413, "body-too-large"),
        ('{"a":' * 40 + "1" + "}" * 40, 400, "malformed"),
        (BODY % (LINE % "NaN"), 400, "malformed"),
        (BODY % (LINE % "Infinity"), 400, "malformed"),
        (BODY % (LINE % ("9" * 5000)), 400, "malformed"),
        (BODY % '{"ticket_type": "adult", "quantity": 1, "quantity": 2}', 400, "malformed"),
        (BODY % (LINE % '"\\ud800"'), 400, "malformed"),
        (BODY % (LINE % "0"), 422, "invalid"),
        (BODY % (LINE % "-1"), 422, "invalid"),
        (BODY % (LINE % "101"), 422, "invalid"),
        (BODY % (LINE % "1.0"), 422, "invalid"),
        (BODY % (LINE % "1e3"), 422, "invalid"),
        (BODY % (LINE % '"2"'), 422, "invalid"),
        (BODY % (LINE % "true"), 422, "invalid"),
        (BODY % (LINE % "null"), 422, "invalid"),
        (BODY % (LINE % "9007199254740993"), 422, "invalid"),
        (BODY % ",".join([LINE % "1"] * 21), 422, "invalid"),
        (BODY % "", 422, "invalid"),
        (BODY % '{"ticket_type": "adult", "quantity": 1, "price": 0}', 422, "invalid"),
        (BODY % '{"ticket_type": "nobody", "quantity": 1}', 422, "invalid"),
        ('{"customer": {"email": "x"}, "lines": [%s]}' % (LINE % 1), 422, "invalid"),
        (
            '{"customer": {"email": "ana@example.com", "name": "a\\u202eb"}, "lines": [%s]}'
            % (LINE % 1),
            422,
            "invalid",
        ),
    ],
)
async def test_nonsense_is_a_clear_client_error(
    api: Api, body: str, status: int, code: str
) -> None:
    await api.open_event()
    answer = await api.client.post(
        "/v1/events/concert/orders",
        content=body.encode("latin-1"),
        headers={"Idempotency-Key": "key-0000000000000000", "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    event = await api.client.get("/v1/admin/events/concert", headers=api.admin)
    assert event.json()["pools"][0]["available"] == 5


async def test_a_body_of_another_media_type_is_refused(api: Api) -> None:
    await api.open_event()
    answer = await api.client.post(
        "/v1/events/concert/orders",
        content=BODY % (LINE % 1),
        headers={"Idempotency-Key": "key-0000000000000000", "Content-Type": "text/plain"},
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_unknown_addresses_and_methods_answer_problems(api: Api) -> None:
    nowhere = await api.client.get("/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not-found")
    method = await api.client.delete("/v1/events")
    assert (method.status_code, method.json()["code"]) == (405, "method-not-allowed")
    assert method.headers["allow"] == "GET"
    several = await api.client.put("/v1/admin/events/concert")
    assert several.headers["allow"] == "GET, PATCH"
    slash = await api.client.get("/v1/events/")
    assert (slash.status_code, slash.json()["code"]) == (404, "not-found")
    unknown = await api.order(("adult", 1), event="nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
