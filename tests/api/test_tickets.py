"""Tickets over HTTP: those of an order, their pictures, what gates fetch before the doors open."""

import pytest

from tests.api.conftest import Api


async def test_a_confirmed_order_has_a_ticket_for_each_unit(api: Api) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1), ("child", 2), ("adult", 1))).json()
    url, token = f"/v1/orders/{order['id']}/tickets", {"Order-Token": order["token"]}
    answer = await api.client.get(url, headers=token)
    assert answer.status_code == 200
    page = answer.json()
    assert page["next"] is None
    assert [(each["id"], each["ticket_type"], each["name"]) for each in page["items"]] == [
        (f"{order['id']}.1", "adult", "Adult"),
        (f"{order['id']}.2", "adult", "Adult"),
        (f"{order['id']}.3", "child", "Child"),
        (f"{order['id']}.4", "child", "Child"),
    ]
    assert {each["status"] for each in page["items"]} == {"valid"}
    assert [each["qr"] for each in page["items"]] == [
        f"/v1/qr/{each['code']}.svg" for each in page["items"]
    ]
    assert len({each["code"] for each in page["items"]}) == 4
    assert (await api.client.get(url, headers=token)).json() == page


async def test_a_cancelled_order_has_revoked_tickets_that_gates_hear_of(api: Api) -> None:
    await api.open_event()
    order = (await api.order(("adult", 2))).json()
    await api.settle()
    before = await api.client.get("/v1/events/concert/revoked")
    assert before.json()["items"] == []
    await api.client.post(f"/v1/admin/orders/{order['id']}/cancel", headers=api.admin)
    tickets = await api.client.get(
        f"/v1/orders/{order['id']}/tickets", headers={"Order-Token": order["token"]}
    )
    assert {each["status"] for each in tickets.json()["items"]} == {"revoked"}
    await api.settle()
    after = await api.client.get(
        "/v1/events/concert/revoked", headers={"If-None-Match": before.headers["ETag"]}
    )
    assert after.status_code == 200
    assert [each["id"] for each in after.json()["items"]] == [
        each["id"] for each in tickets.json()["items"]
    ]
    assert after.json()["as_of"] > before.json()["as_of"]
    same = await api.client.get(
        "/v1/events/concert/revoked", headers={"If-None-Match": after.headers["ETag"]}
    )
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("token", [None, "", "x", "obiekigpynel4cnyyslrrj36bv", "ñ"])
async def test_tickets_without_the_token_of_the_order_do_not_exist(
    api: Api, token: str | None
) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1))).json()
    headers = {} if token is None else {b"Order-Token": token.encode("latin-1")}
    answer = await api.client.get(f"/v1/orders/{order['id']}/tickets", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_ticket_is_drawn_for_ever_and_can_do_nothing(api: Api) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1))).json()
    tickets = await api.client.get(
        f"/v1/orders/{order['id']}/tickets", headers={"Order-Token": order["token"]}
    )
    picture = await api.client.get(tickets.json()["items"][0]["qr"])
    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
