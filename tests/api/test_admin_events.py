"""Organisers over HTTP: drafts, opening, changing, capacity, keys and scopes."""

from typing import Any

import pytest

from app.domain.ids import OrganiserId
from app.ledger import Scope, open_ledger
from tests.api.conftest import EVENT, Api


async def test_a_draft_is_not_public_until_it_is_opened(api: Api) -> None:
    created = await api.create_event()
    assert created["status"] == "draft"
    assert (await api.client.get("/v1/events/concert")).status_code == 404
    assert (await api.order(("adult", 1))).status_code == 404
    for _ in range(2):
        opened = await api.client.post("/v1/admin/events/concert/open", headers=api.admin)
        assert (opened.status_code, opened.json()["status"]) == (200, "open")
    shown = (await api.client.get("/v1/events/concert")).json()
    assert (shown["status"], shown["ticket_types"][0]["remaining"]) == ("on_sale", 5)
    listed = (await api.client.get("/v1/events")).json()
    assert listed == {"items": [shown], "next": None}


async def test_an_id_is_taken_once_and_made_from_the_name_when_left_out(api: Api) -> None:
    await api.create_event()
    again = await api.client.post("/v1/admin/events", json=EVENT, headers=api.admin)
    assert (again.status_code, again.json()["code"]) == (409, "already-exists")
    unnamed = {name: value for name, value in EVENT.items() if name != "id"}
    made = await api.client.post(
        "/v1/admin/events", json=unnamed | {"name": "Año Nuevo, ¡gratis!"}, headers=api.admin
    )
    assert made.json()["id"].startswith("ano-nuevo-gratis-")


async def test_a_paused_event_refuses_orders_until_it_is_opened_again(api: Api) -> None:
    await api.open_event()
    held = (await api.order(("child", 1), confirm=False)).json()
    for _ in range(2):
        paused = await api.client.post("/v1/admin/events/concert/pause", headers=api.admin)
        assert (paused.status_code, paused.json()["status"]) == (200, "paused")
    refused = await api.order(("adult", 1), key="key-0000000000000001")
    assert (refused.json()["code"], refused.json()["reason"]) == ("sale-closed", "paused")
    confirmed = await api.client.post(
        f"/v1/orders/{held['id']}/confirm", headers={"Order-Token": held["token"]}
    )
    assert confirmed.json()["status"] == "confirmed"
    await api.client.post("/v1/admin/events/concert/open", headers=api.admin)
    assert (await api.order(("adult", 1), key="key-0000000000000001")).status_code == 201


async def test_closing_is_final(api: Api) -> None:
    await api.open_event()
    for _ in range(2):
        closed = await api.client.post("/v1/admin/events/concert/close", headers=api.admin)
        assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    for verb in ("open", "pause"):
        refused = await api.client.post(f"/v1/admin/events/concert/{verb}", headers=api.admin)
        assert (refused.status_code, refused.json()["code"]) == (409, "invalid-transition")
    assert (await api.order(("adult", 1))).json()["reason"] == "closed"


async def test_capacity_changes_but_never_below_what_is_held_and_sold(api: Api) -> None:
    await api.open_event()
    await api.order(("adult", 2))
    await api.order(("child", 1), key="key-0000000000000001", confirm=False)
    url = "/v1/admin/events/concert/pools/lawn"
    refused = await api.client.patch(url, json={"capacity": 2}, headers=api.admin)
    assert (refused.status_code, refused.json()["minimum"]) == (409, 3)
    assert refused.json()["code"] == "capacity-in-use"
    changed = await api.client.patch(url, json={"capacity": 4}, headers=api.admin)
    assert changed.json()["pools"] == [
        {"id": "lawn", "capacity": 4, "available": 1, "held": 1, "sold": 2}
    ]
    unknown = await api.client.patch(
        "/v1/admin/events/concert/pools/roof", json={"capacity": 4}, headers=api.admin
    )
    assert unknown.status_code == 404


async def test_a_changed_price_and_name_concern_new_orders_only(api: Api) -> None:
    await api.open_event()
    before = (await api.order(("adult", 1))).json()
    url = "/v1/admin/events/concert/ticket-types/adult"
    changed = await api.client.patch(
        url, json={"name": "Grown-up", "price": 500, "max_per_customer": 9}, headers=api.admin
    )
    assert changed.status_code == 200, changed.text
    after = (await api.order(("adult", 1), key="key-0000000000000001")).json()
    assert after["lines"][0] | {"amount": None} == {
        "ticket_type": "adult",
        "name": "Grown-up",
        "quantity": 1,
        "unit_price": {"amount": 500, "currency": "EUR"},
        "amount": None,
    }
    assert after["status"] == "held"
    assert (await api.order(("adult", 1))).json() == before


async def test_a_draft_changes_too_and_opens_as_it_was_left(api: Api) -> None:
    await api.create_event()
    await api.client.patch(
        "/v1/admin/events/concert/pools/lawn", json={"capacity": 9}, headers=api.admin
    )
    await api.client.patch(
        "/v1/admin/events/concert", json={"name": "Gala", "hold_seconds": 60}, headers=api.admin
    )
    opened = await api.client.post("/v1/admin/events/concert/open", headers=api.admin)
    shown = opened.json()
    assert (shown["name"], shown["hold_seconds"]) == ("Gala", 60)
    assert shown["pools"][0]["available"] == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"pools": []},
        {"pools": [{"id": "lawn", "capacity": -1}]},
        {"pools": [{"id": "lawn", "capacity": 1}, {"id": "lawn", "capacity": 2}]},
        {"currency": "XXX"},
        {"currency": "eur"},
        {"starts_at": "2030-06-20T20:00:00"},
        {"starts_at": 1_900_000_000},
        {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"starts_at": "9999-12-31T23:59:59-14:00"},
        {"starts_at": "1969-12-31T23:59:59Z"},
        {"id": "Concert"},
        {"id": "x" * 41},
        {"name": "a\nb"},
        {"name": "  "},
        {"extra": 1},
        {"hold_seconds": 0},
        {"ticket_types": []},
        {"ticket_types": [{"id": "a", "name": "A", "price": 0, "pools": ["roof"]}]},
        {"ticket_types": [{"id": "a", "name": "A", "price": -1, "pools": ["lawn"]}]},
        {"ticket_types": [{"id": "a", "name": "A", "price": 0.5, "pools": ["lawn"]}]},
        {
            "ticket_types": [
                {"id": "a", "name": "A", "price": 0, "pools": ["lawn"], "min_per_order": 11}
            ]
        },
    ],
)
async def test_an_event_that_cannot_be_sold_from_is_refused(
    api: Api, changes: dict[str, Any]
) -> None:
    answer = await api.client.post("/v1/admin/events", json=EVENT | changes, headers=api.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    assert answer.json()["errors"]


async def test_admin_calls_ask_for_a_live_key_with_the_scope(api: Api) -> None:
    await api.open_event()
    nobody = await api.client.get("/v1/admin/events")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthenticated")
    for text in ("tq_x_y", "tq_", "nonsense", "tq_ñ_ñ"):
        wrong = {b"Authorization": f"Bearer {text}".encode()}
        assert (await api.client.get("/v1/admin/events", headers=wrong)).status_code == 401
    ledger = await open_ledger(
        api.settings.database_url, data_dir=api.settings.data_dir, timeout_seconds=5
    )
    reader = await ledger.api_keys.create(
        OrganiserId("hall"), "reader", frozenset({Scope.EVENTS_READ}), 0
    )
    other = await ledger.api_keys.create(OrganiserId("club"), "other", frozenset(Scope), 0)
    headers = {"Authorization": f"Bearer {reader.secret_text}"}
    assert (await api.client.get("/v1/admin/events", headers=headers)).status_code == 200
    forbidden = await api.client.post("/v1/admin/events/concert/close", headers=headers)
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "forbidden")
    await ledger.api_keys.revoke(reader.id, 1)
    assert (await api.client.get("/v1/admin/events", headers=headers)).status_code == 401
    theirs = {"Authorization": f"Bearer {other.secret_text}"}
    for verb, path in [("GET", ""), ("POST", "/close"), ("GET", "/sales")]:
        foreign = await api.client.request(verb, f"/v1/admin/events/concert{path}", headers=theirs)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")
    await ledger.aclose()


async def test_reports_and_searches_follow_the_sale(api: Api) -> None:
    await api.open_event()
    order = await api.order(("adult", 2), customer={"email": "Ana@example.com", "name": "Ana"})
    held = await api.order(("child", 1), email="bea@example.com", confirm=False)
    await api.client.post(f"/v1/admin/orders/{order.json()['id']}/cancel", headers=api.admin)
    await api.settle()
    sales = (await api.client.get("/v1/admin/events/concert/sales", headers=api.admin)).json()
    assert [
        (row["ticket_type"], row["sold"], row["held"], row["cancelled"])
        for row in sales["ticket_types"]
    ] == [("adult", 0, 0, 2), ("child", 0, 1, 0)]
    table = await api.client.get(
        "/v1/admin/events/concert/sales", params={"format": "csv"}, headers=api.admin
    )
    assert table.text.splitlines()[1] == "adult,Adult,0,0,2,0,EUR,0,0,0"
    found = await api.client.get(
        "/v1/admin/orders",
        params={"email": " ANA@example.COM", "status": "cancelled"},
        headers=api.admin,
    )
    assert [each["id"] for each in found.json()["items"]] == [order.json()["id"]]
    assert found.json()["items"][0]["customer"] == {"email": "Ana@example.com", "name": "Ana"}
    assert held.json()["status"] == "held"
    facts = (await api.client.get("/v1/admin/facts", headers=api.admin)).json()["items"]
    assert [each["type"] for each in facts] == [
        "taquilla.EventOpened.v1",
        "taquilla.OrderConfirmed.v1",
        "taquilla.OrderHeld.v1",
        "taquilla.OrderCancelled.v1",
    ]
    assert "Ana" not in str(facts)


async def test_toggles_are_listed_and_felt(api: Api) -> None:
    await api.open_event()
    listed = (await api.client.get("/v1/admin/toggles", headers=api.admin)).json()["items"]
    assert {each["name"]: each["enabled"] for each in listed} == {
        "selling.free": True,
        "selling.paid": True,
        "selling.halt": False,
        "payments.hack.offer": False,
        "payments.hack.halt": False,
        "payments.sandbox.offer": True,
        "payments.sandbox.halt": False,
    }


async def test_no_text_reaches_the_ledger_that_no_database_takes(api: Api) -> None:
    """PostgreSQL refuses a NUL in a text, SQLite does not mind."""
    read = await api.client.get("/v1/admin/events/%00", headers=api.admin)
    assert (read.status_code, read.json()["code"]) == (404, "not-found")
    for path in (
        "events?after=%00",
        "orders?after=1.%00",
        "orders?event_id=%00",
        "facts?after=%00",
    ):
        answer = await api.client.get(f"/v1/admin/{path}", headers=api.admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), path


async def test_an_event_can_be_moved_to_the_first_instant_there_is(api: Api) -> None:
    await api.create_event()
    changed = await api.client.patch(
        "/v1/admin/events/concert", json={"starts_at": "1970-01-01T00:00:00Z"}, headers=api.admin
    )
    assert changed.json()["starts_at"] == "1970-01-01T00:00:00.000Z"
