"""`/docs`, as somebody new uses it beside `./taquilla dev`: it needs no internet, and what its
fields are filled with works when it is sent."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest

from tests.flows.conftest import Service, until

BUYERS_PATH = {
    *("listEvents", "readEvent", "readAvailability", "placeOrder"),
    *("readOrder", "confirmOrder", "releaseOrder", "listTickets", "drawTicket"),
}
ORGANISERS_PATH = {
    *("createEvent", "listOwnEvents", "readOwnEvent", "openEvent", "pauseEvent", "closeEvent"),
    *("changeEvent", "changeTicketType", "changeCapacity"),
    *("searchOrders", "cancelOrder", "readSales", "listFacts", "listToggles"),
}
OTHERS = {"listKeys", "listRevokedTickets", "readHealth", "readReadiness"}
PAYING_PATH = {
    *("listPaymentMethods", "startPayment", "readPayment"),
    *("refundOrder", "searchPayments", "reportPayments"),
}
PROVIDERS = {"takeNotice"}
"""Signed by a provider: nothing for a person to try."""


@dataclass
class Reader:
    """Fills in what the document proposes, and nothing else. `values`: what a link carries over, by
    `path.event_id` or `header.Order-Token`."""

    client: httpx.AsyncClient
    document: Mapping[str, Any]
    admin: Mapping[str, str]
    tried: set[str] = field(default_factory=set)

    async def try_out(
        self, operation_id: str, *, body: str | None = None, values: Mapping[str, str] | None = None
    ) -> httpx.Response:
        path, method, operation = self._find(operation_id)
        headers, query = {}, {}
        for parameter in operation.get("parameters", ()):
            name, place = parameter["name"], parameter["in"]
            value = (values or {}).get(f"{place}.{name}", parameter.get("example"))
            assert value is not None or not parameter["required"], f"{operation_id}: no {name}"
            match place:
                case "path":
                    path = path.replace(f"{{{name}}}", quote(value))
                case "header" if value is not None:
                    headers[name] = value
                case _ if value is not None:
                    query[name] = value
        if "security" in operation:
            headers |= self.admin
        content = _body(operation, body)
        answer = await self.client.request(
            method, path, params=query, headers=headers, **({"json": content} if content else {})
        )
        if answer.is_success:
            self.tried.add(operation_id)
        return answer

    async def follow(self, answer: httpx.Response, operation_id: str, link: str) -> httpx.Response:
        """A link of the answer that `operation_id` gave."""
        response = self._find(operation_id)[2]["responses"][str(answer.status_code)]
        found = response["links"][link]
        values = {
            name: answer.json()[expression.removeprefix("$response.body#/")]
            for name, expression in found["parameters"].items()
        }
        return await self.try_out(found["operationId"], values=values)

    def _find(self, operation_id: str) -> tuple[str, str, Mapping[str, Any]]:
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if operation["operationId"] == operation_id:
                    return path, method, operation
        raise AssertionError(f"there is no {operation_id}")


def _body(operation: Mapping[str, Any], name: str | None) -> Any:
    """The example of this name; the first one is what /docs shows."""
    if "requestBody" not in operation:
        return None
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    return examples[name or next(iter(examples))]["value"]


@pytest.fixture
async def reader(service: Service) -> Any:
    async with service.client() as client:
        document = (await client.get("/openapi.json")).json()
        yield Reader(client, document, service.admin)


async def test_the_buyers_path_works_as_it_is_proposed(reader: Reader) -> None:
    for operation_id in ("listEvents", "readEvent", "readAvailability"):
        assert (await reader.try_out(operation_id)).status_code == 200
    for _ in range(2):  # whoever presses the button twice gets the same order
        placed = await reader.try_out("placeOrder")
        assert (placed.status_code, placed.json()["status"]) == (201, "confirmed")
    assert placed.headers["Idempotency-Replayed"] == "true"
    for link in ("read", "confirm"):
        followed = await reader.follow(placed, "placeOrder", link)
        assert (followed.status_code, followed.json()["status"]) == (200, "confirmed")
    tickets = await reader.follow(placed, "placeOrder", "tickets")
    code = tickets.json()["items"][0]["code"]
    assert (await reader.try_out("drawTicket", values={"path.code": code})).status_code == 200
    held = await reader.try_out("placeOrder", body="held")
    assert (held.status_code, held.json()["status"]) == (201, "held")
    released = await reader.follow(held, "placeOrder", "release")
    assert (released.status_code, released.json()["status"]) == (200, "released")
    assert reader.tried == BUYERS_PATH


async def test_the_organisers_path_works_as_it_is_proposed_again_and_again(reader: Reader) -> None:
    created = [await reader.try_out("createEvent") for _ in range(3)]
    assert [each.status_code for each in created] == [201] * 3
    for link in ("read", "change", "open", "sales", "pause", "close"):
        followed = await reader.follow(created[0], "createEvent", link)
        assert followed.status_code == 200, followed.text
    for operation_id in ("changeTicketType", "changeCapacity", "changeEvent", "openEvent"):
        answer = await reader.try_out(operation_id)  # on the demo itself
        assert answer.status_code == 200, answer.text
    for operation_id in ("listOwnEvents", "readOwnEvent", "readSales", "listToggles", "listFacts"):
        assert (await reader.try_out(operation_id)).status_code == 200
    placed = await reader.try_out("placeOrder")
    reader.tried.remove("placeOrder")

    async def is_found() -> bool:
        found = (await reader.try_out("searchOrders")).json()["items"]
        return placed.json()["id"] in {each["id"] for each in found}

    await until(10, is_found)
    cancelled = await reader.try_out("cancelOrder", values={"path.order_id": placed.json()["id"]})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert reader.tried == ORGANISERS_PATH


async def test_a_paid_order_is_paid_and_refunded_as_it_is_proposed(reader: Reader) -> None:
    lines = [{"ticket_type": "standing", "quantity": 1}]
    placed = await reader.client.post(
        "/v1/events/demo-paid/orders",
        json={"customer": {"email": "ana@example.com"}, "lines": lines},
        headers={"Idempotency-Key": "key-of-who-reads-the-reference"},
    )
    order = placed.json()
    of_order = {"path.order_id": order["id"], "header.Order-Token": order["token"]}
    methods = await reader.try_out("listPaymentMethods", values=of_order)
    assert [each["id"] for each in methods.json()["items"]] == ["sandbox"]
    paid = await reader.try_out("startPayment", values=of_order)
    assert (paid.status_code, paid.json()["status"]) == (201, "succeeded"), paid.text
    of_payment = of_order | {"path.payment_id": paid.json()["id"]}
    assert (await reader.try_out("readPayment", values=of_payment)).json() == paid.json()
    refunded = await reader.try_out("refundOrder", values=of_order)
    assert (refunded.status_code, refunded.json()["status"]) == (201, "succeeded")
    for operation_id in ("searchPayments", "reportPayments"):
        assert (await reader.try_out(operation_id)).status_code == 200
    assert reader.tried == PAYING_PATH


async def test_what_may_be_tried_is_either_persons_or_the_operators(reader: Reader) -> None:
    for operation_id in OTHERS:
        assert (await reader.try_out(operation_id)).status_code == 200
    known = {
        operation["operationId"]
        for item in reader.document["paths"].values()
        for operation in item.values()
    }
    walked = BUYERS_PATH | ORGANISERS_PATH | PAYING_PATH | OTHERS | PROVIDERS
    assert known == walked, "walk the new one in a test above"


async def test_docs_load_from_their_own_service_alone(reader: Reader, service: Service) -> None:
    page = await reader.client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r"(?:src|href)\s*=\s*[\"']([^\"']+)[\"']", page.text)
    loaded += re.findall(r"url:\s*[\"']([^\"']+)[\"']", page.text)
    assert {urlsplit(each).path.rpartition(".")[2] for each in loaded} >= {"js", "css", "json"}
    own = urlsplit(service.base_url).netloc
    for each in loaded:
        address = urljoin(f"{service.base_url}/docs", each)
        assert urlsplit(address).netloc == own, f"{each} is loaded from elsewhere"
        assert (await reader.client.get(address)).status_code == 200, each
    hosts = {urlsplit(each).netloc for each in re.findall(r"https?://[^\s\"'<>]+", page.text)}
    assert hosts <= {own}
    assert "openapi.json" in json.dumps(loaded)
