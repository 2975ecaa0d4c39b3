"""A sale from beginning to end, as the README tells it, against the running service."""

import asyncio
import json
from uuid import uuid4

import httpx

from tests.flows.conftest import Service, until


async def test_an_event_is_sold_out_cancelled_from_sold_again_and_halted_by_a_toggle(
    service: Service,
) -> None:
    async with service.client() as client:
        await service.open_event(
            client,
            "walk",
            pools=[{"id": "floor", "capacity": 3}],
            ticket_types=[
                {
                    "id": "adult",
                    "name": "Adult",
                    "price": 0,
                    "pools": ["floor"],
                    "max_per_customer": 2,
                }
            ],
        )

        async def order(email: str, quantity: int, key: str) -> tuple[int, dict[str, object]]:
            body = {
                "customer": {"email": email},
                "lines": [{"ticket_type": "adult", "quantity": quantity}],
            }
            answer = await client.post(
                "/v1/events/walk/orders", json=body, headers={"Idempotency-Key": key}
            )
            return answer.status_code, answer.json()

        first_key, other_key, last_key = (str(uuid4()) for _ in range(3))
        status, mine = await order("ana@example.com", 2, first_key)
        assert (status, mine["status"]) == (201, "confirmed")
        assert await order("ana@example.com", 2, first_key) == (201, mine)
        status, refused = await order("ana@example.com", 1, first_key)
        assert (status, refused["code"]) == (422, "idempotency-key-reused")
        status, refused = await order("ana@example.com", 1, other_key)
        assert (status, refused["code"]) == (409, "limit-exceeded")
        status, _ = await order("bea@example.com", 1, other_key)
        assert status == 201
        status, refused = await order("cleo@example.com", 1, last_key)
        assert (status, refused["code"]) == (409, "sold-out")
        read = await client.get(
            f"/v1/orders/{mine['id']}", headers={"Order-Token": str(mine["token"])}
        )
        assert read.json()["status"] == "confirmed"
        cancelled = await client.post(
            f"/v1/admin/orders/{mine['id']}/cancel", headers=service.admin
        )
        assert cancelled.json()["status"] == "cancelled"
        status, returned = await order("cleo@example.com", 1, last_key)
        assert (status, returned["status"]) == (201, "confirmed")

        async def the_report_agrees() -> bool:
            sales = (await client.get("/v1/admin/events/walk/sales", headers=service.admin)).json()
            return (sales["sold"], sales["cancelled"], sales["orders"]) == (2, 2, 2)

        await until(10, the_report_agrees)
        await _switch(service, "selling.free", on=False)

        async def is_refused() -> bool:
            answer = await _order_of_the_demo(client)
            return (answer.status_code, answer.json().get("reason")) == (503, "selling.free")

        await until(2, is_refused)
        await _switch(service, "selling.free", on=True)

        async def is_sold() -> bool:
            return (await _order_of_the_demo(client)).status_code == 201

        await until(2, is_sold)


async def test_an_expired_hold_is_swept_and_sold_again(service: Service) -> None:
    async with service.client() as client:
        await service.open_event(client, "short", hold_seconds=1)

        async def hold(buyer: str) -> int:
            answer = await client.post(
                "/v1/events/short/orders",
                json={
                    "customer": {"email": f"{buyer}@example.com"},
                    "lines": [{"ticket_type": "adult", "quantity": 7}],
                    "confirm": False,
                },
                headers={"Idempotency-Key": f"key-of-{buyer}-0000000000"},
            )
            return answer.status_code

        assert await hold("ana") == 201
        assert await hold("bea") == 409

        async def bea_gets_it() -> bool:
            return await hold("bea") == 201

        await until(10, bea_gets_it)

        async def the_sweeper_has_been() -> bool:
            event = await client.get("/v1/admin/events/short", headers=service.admin)
            return bool(event.json()["pools"][0]["available"] == 7)

        await until(10, the_sweeper_has_been)
        verified = await asyncio.to_thread(service.run, "verify", "short")
        assert verified.returncode == 0, verified.stdout + verified.stderr


async def _order_of_the_demo(client: httpx.AsyncClient) -> httpx.Response:
    """A new buyer each time."""
    body = {
        "customer": {"email": f"{uuid4()}@example.com"},
        "lines": [{"ticket_type": "general", "quantity": 1}],
    }
    headers = {"Idempotency-Key": str(uuid4())}
    return await client.post("/v1/events/demo/orders", json=body, headers=headers)


async def _switch(service: Service, name: str, *, on: bool) -> None:
    path = service.data_dir / "toggles.json"
    document = json.loads(path.read_text())
    for feature in document["features"]:
        if feature["name"] == name:
            feature["enabled"] = on
    path.write_text(json.dumps(document))
