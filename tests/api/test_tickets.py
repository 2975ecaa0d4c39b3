"""Tickets over HTTP: those of an order, their pictures, what gates fetch before the doors open."""

import base64
import secrets
from typing import Any

import httpx
import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.api.order_forms import ORDER_EXAMPLE
from app.api.ticket_forms import CODE_EXAMPLE, KEY_EXAMPLE, REVOKED_EXAMPLE, TICKET_EXAMPLE
from app.domain.ids import parse_order_id
from app.domain.ticket_codes import CODE_CHARACTERS_MAX, TicketKeys, read_code
from app.domain.tickets import Ticket
from app.main import create_app
from app.runtime.secrets import NAMES, load_secrets
from tests.api.conftest import Api
from tests.api.qr_pictures import read_modules

Answer = dict[str, Any]


async def tickets_of(api: Api, order: Answer) -> httpx.Response:
    url, headers = f"/v1/orders/{order['id']}/tickets", {"Order-Token": order["token"]}
    return await api.client.get(url, headers=headers)


async def buy(api: Api, *lines: tuple[str, int], **fields: Any) -> Answer:
    answer = await api.order(*lines, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def cancel(api: Api, order: Answer) -> None:
    answer = await api.client.post(f"/v1/admin/orders/{order['id']}/cancel", headers=api.admin)
    assert answer.status_code == 200, answer.text


# The tickets of an order -------------------------------------------------------------------------


async def test_a_confirmed_order_has_a_ticket_for_each_unit(api: Api) -> None:
    await api.open_event()
    order = await buy(api, ("adult", 1), ("child", 2), ("adult", 1))
    answer = await tickets_of(api, order)
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
    assert (await tickets_of(api, order)).json() == page


async def test_a_gate_reads_event_type_and_id_from_the_code_with_the_published_keys(
    api: Api,
) -> None:
    """As somebody else would write it: from the description of the format alone."""
    await api.open_event()
    order = await buy(api, ("adult", 2))
    (key,) = (await api.client.get("/v1/keys")).json()["items"]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))
    for number, ticket in enumerate((await tickets_of(api, order)).json()["items"], 1):
        code = base64.b32decode(ticket["code"] + "=" * (-len(ticket["code"]) % 8))
        public.verify(code[-64:], code[:-64])
        assert code[0] == 1
        assert base64.b32encode(code[1:6]).decode() == key["kid"]
        event_id = code[27 : 27 + code[26]].decode()
        tail = base64.b32encode(code[7:24] + bytes(3)).decode()[:26].lower()
        assert f"{code[6]:02d}.{event_id}.{tail}" == order["id"]
        assert (event_id, code[27 + code[26] : -64].decode()) == ("concert", "adult")
        assert int.from_bytes(code[24:26], "big") == number
        assert order["token"].upper() not in ticket["code"]


async def test_an_order_without_tickets_says_in_which_state_it_is(api: Api) -> None:
    await api.open_event()
    held = await buy(api, ("child", 1), confirm=False)
    for state in ("held", "released"):
        answer = await tickets_of(api, held)
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid-transition")
        assert answer.json()["state"] == state
        headers = {"Order-Token": held["token"]}
        await api.client.post(f"/v1/orders/{held['id']}/release", headers=headers)


async def test_a_hold_has_its_tickets_once_it_is_confirmed(api: Api) -> None:
    await api.open_event()
    held = await buy(api, ("child", 2), confirm=False)
    headers = {"Order-Token": held["token"]}
    await api.client.post(f"/v1/orders/{held['id']}/confirm", headers=headers)
    assert len((await tickets_of(api, held)).json()["items"]) == 2


@pytest.mark.parametrize("token", [None, "", "x", "obiekigpynel4cnyyslrrj36bv", "ñ"])
async def test_tickets_without_the_token_of_the_order_do_not_exist(
    api: Api, token: str | None
) -> None:
    await api.open_event()
    order = (await api.order(("adult", 1))).json()
    headers = {} if token is None else {b"Order-Token": token.encode("latin-1")}
    answer = await api.client.get(f"/v1/orders/{order['id']}/tickets", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_the_token_of_another_order_shows_no_tickets(api: Api) -> None:
    await api.open_event()
    mine = await buy(api, ("adult", 1))
    theirs = await buy(api, ("adult", 1), email="bea@example.com")
    answer = await tickets_of(api, mine | {"token": theirs["token"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


# Revocation --------------------------------------------------------------------------------------


async def test_a_cancelled_order_has_revoked_tickets_that_gates_hear_of(api: Api) -> None:
    await api.open_event()
    kept, order = await buy(api, ("child", 1), key="kept-" * 4), await buy(api, ("adult", 2))
    await api.settle()
    url = "/v1/events/concert/revoked"
    before = await api.client.get(url)
    assert before.json()["items"] == []
    issued = (await tickets_of(api, order)).json()["items"]
    await cancel(api, order)
    tickets = (await tickets_of(api, order)).json()["items"]
    assert tickets == [each | {"status": "revoked"} for each in issued]
    await api.settle()
    after = await api.client.get(url, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["items"] == [{"id": each["id"]} for each in tickets]
    assert after.json()["next"] is None
    assert after.json()["as_of"] > before.json()["as_of"]
    assert after.headers["Cache-Control"] == "public, max-age=5"
    assert kept["id"] not in after.text


@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
async def test_a_list_that_did_not_grow_is_not_sent_again(api: Api, form: str) -> None:
    await api.open_event()
    await cancel(api, await buy(api, ("adult", 2)))
    await api.settle()
    for url in ("/v1/events/concert/revoked", "/v1/keys"):
        first = await api.client.get(url)
        headers = {"If-None-Match": form.format(first.headers["ETag"])}
        await buy(api, ("child", 1), key=secrets.token_hex())  # a sale changes neither
        await api.settle()
        same = await api.client.get(url, headers=headers)
        assert (same.status_code, same.content) == (304, b"")
        for name in ("ETag", "Cache-Control"):
            assert same.headers[name] == first.headers[name]


async def test_the_list_of_revoked_tickets_is_paged(api: Api) -> None:
    await api.open_event()
    await cancel(api, await buy(api, ("adult", 2), ("child", 3)))
    await api.settle()
    url: str | None = "/v1/events/concert/revoked?limit=2"
    pages = []
    while url:
        page = (await api.client.get(url)).json()
        pages.append([each["id"].rpartition(".")[2] for each in page["items"]])
        url = f"/v1/events/concert/revoked?limit=2&after={page['next']}" if page["next"] else None
    assert pages == [["1", "2"], ["3", "4"], ["5"]]
    for query in ("after=x", "limit=0", "limit=1001"):
        refused = await api.client.get(f"/v1/events/concert/revoked?{query}")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_of_an_unknown_event_nothing_is_revoked_and_of_a_new_one_nothing_yet(
    api: Api,
) -> None:
    for event in ("nothing", "draft", "a" * 41, "%00", "ñ"):
        answer = await api.client.get(f"/v1/events/{event}/revoked")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    await api.create_event()
    assert (await api.client.get("/v1/events/concert/revoked")).status_code == 404
    await api.client.post("/v1/admin/events/concert/open", headers=api.admin)
    fresh = await api.client.get("/v1/events/concert/revoked")
    assert fresh.json() == {"event_id": "concert", "as_of": None, "items": [], "next": None}


# Pictures ----------------------------------------------------------------------------------------


async def test_a_ticket_is_drawn_for_ever_and_can_do_nothing(api: Api) -> None:
    await api.open_event()
    (ticket,) = (await tickets_of(api, await buy(api, ("adult", 1)))).json()["items"]
    picture = await api.client.get(ticket["qr"])
    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    expected = segno.make(ticket["code"], error="m", mask=0)
    assert expected.designator == "7-M"
    assert expected.mode == "alphanumeric"
    assert read_modules(picture.text) == [[bool(each) for each in row] for row in expected.matrix]


async def test_only_codes_of_ours_are_drawn(api: Api) -> None:
    await api.open_event()
    (ticket,) = (await tickets_of(api, await buy(api, ("adult", 1)))).json()["items"]
    code = ticket["code"]
    stranger = TicketKeys([b"the secret of another installation, 32+"])
    ours = TicketKeys(load_secrets(api.settings, {}).tickets)
    outcome = read_code(code, ours.public)
    assert isinstance(outcome, Ticket)
    for foreign in (
        stranger.make_code(outcome),
        CODE_EXAMPLE,
        code.lower(),
        code[:-1],
        code[:-1] + ("A" if code[-1] != "A" else "B"),
        code + "A",
        "A" * (CODE_CHARACTERS_MAX + 1),
        "A" * 50_000,
        "%3Cscript%3E",
        "..%2F..%2Fetc",
        "%00",
    ):
        answer = await api.client.get(f"/v1/qr/{foreign}.svg")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), foreign[:80]
    for name in (code, f"{code}.png", f"{code}.svg/", f"{code}.SVG"):
        assert (await api.client.get(f"/v1/qr/{name}")).status_code == 404


# Keys --------------------------------------------------------------------------------------------


async def test_after_a_rotation_old_codes_still_open_and_the_new_key_signs(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.open_event()
    order = await buy(api, ("adult", 1))
    (printed,) = (await tickets_of(api, order)).json()["items"]
    (old_key,) = (await api.client.get("/v1/keys")).json()["items"]
    old = load_secrets(api.settings, {})
    fresh = "the secret that came after the first"
    monkeypatch.setenv(NAMES[3], f"{fresh},{old.tickets[0].decode()}")
    rotated = create_app(api.settings)
    transport = httpx.ASGITransport(app=rotated, raise_app_exceptions=False)
    async with (
        rotated.router.lifespan_context(rotated),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        await rotated.state.services.readiness.step()
        after = Api(client, api.admin, api.settings, rotated)
        keys = await client.get("/v1/keys")
        assert [key["kid"] for key in keys.json()["items"]][1] == old_key["kid"]
        assert keys.headers["ETag"] != (await api.client.get("/v1/keys")).headers["ETag"]
        (reprinted,) = (await tickets_of(after, order)).json()["items"]
        assert reprinted["id"] == printed["id"]
        assert reprinted["code"] != printed["code"]
        for each in (printed, reprinted):
            assert (await client.get(each["qr"])).status_code == 200
    assert (await api.client.get(reprinted["qr"])).status_code == 404


async def test_the_keys_are_web_keys_that_caches_may_keep_a_while(api: Api) -> None:
    answer = await api.client.get("/v1/keys")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.json()["next"] is None
    (key,) = answer.json()["items"]
    assert {name: key[name] for name in ("kty", "crv", "alg", "use")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
    }
    assert len(base64.urlsafe_b64decode(key["x"] + "=")) == 32
    assert "d" not in key


# What a generator of clients sees ----------------------------------------------------------------


async def test_the_examples_are_real(api: Api) -> None:
    raw = base64.urlsafe_b64decode(str(KEY_EXAMPLE["x"]) + "=")
    keys = TicketKeys([b"a secret for golden examples, never used elsewhere"]).public
    assert [(key.id, key.raw) for key in keys.values()] == [(KEY_EXAMPLE["kid"], raw)]
    ticket = read_code(CODE_EXAMPLE, keys)
    assert isinstance(ticket, Ticket)
    assert (ticket.id, ticket.ticket_type) == (TICKET_EXAMPLE["id"], TICKET_EXAMPLE["ticket_type"])
    assert parse_order_id(ticket.order_id, api.settings.partitions) is not None
    assert REVOKED_EXAMPLE["items"] == [{"id": ticket.id}]
    assert ORDER_EXAMPLE.keys() >= {"id", "event_id"}
    document = (await api.client.get("/openapi.json")).json()
    picture = document["paths"]["/v1/qr/{code}.svg"]["get"]
    assert list(picture["responses"]["200"]["content"]) == ["image/svg+xml"]
    (parameter,) = picture["parameters"]
    assert parameter["schema"]["maxLength"] == CODE_CHARACTERS_MAX


async def test_other_methods_are_refused_and_the_one_is_named(api: Api) -> None:
    urls = (
        "/v1/orders/x/tickets",
        "/v1/keys",
        "/v1/events/x/revoked",
        f"/v1/qr/{CODE_EXAMPLE}.svg",
    )
    for url in urls:
        for method in ("HEAD", "OPTIONS", "POST", "DELETE"):
            answer = await api.client.request(method, url)
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET"), (method, url)


async def test_a_gate_in_a_browser_may_ask_whether_the_list_grew(api: Api) -> None:
    settings = api.settings.model_copy(update={"cors_origins": ("https://gate.example",)})
    transport = httpx.ASGITransport(app=create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asked = {
            "Origin": "https://gate.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "If-None-Match, Order-Token",
        }
        answer = await client.options("/v1/events/concert/revoked", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://gate.example"
        nowhere = await client.get("/v1/nowhere", headers={"Origin": "https://gate.example"})
        assert "ETag" in nowhere.headers["Access-Control-Expose-Headers"]
