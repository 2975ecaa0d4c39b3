"""The service on a Redis whose memory is full: nothing new is sold, whatever is held can end."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from app.runtime.data_directory import redis_socket_path
from tests.flows.conftest import Service, until

pytestmark = pytest.mark.slow

EVENT = "packed"
HOLDS = 4


@contextmanager
def full_memory(service: Service) -> Iterator[None]:
    client = Redis.from_url(f"unix://{redis_socket_path(service.data_dir)}")
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)
        client.close()


async def test_holds_end_and_nothing_new_is_sold_until_memory_is_back(service: Service) -> None:
    async with service.client() as client:
        await service.open_event(
            client, EVENT, pools=[{"id": "floor", "capacity": 10}], hold_seconds=20
        )

        async def place(buyer: int, *, confirm: bool) -> tuple[int, dict[str, str]]:
            answer = await client.post(
                f"/v1/events/{EVENT}/orders",
                json={
                    "customer": {"email": f"buyer{buyer}@example.com"},
                    "lines": [{"ticket_type": "adult", "quantity": 1}],
                    "confirm": confirm,
                },
                headers={"Idempotency-Key": f"key-of-buyer-{buyer:010d}"},
            )
            return answer.status_code, answer.json()

        async def end(order: dict[str, str], verb: str) -> str:
            answer = await client.post(
                f"/v1/orders/{order['id']}/{verb}", headers={"Order-Token": order["token"]}
            )
            assert answer.status_code == 200, answer.text
            return str(answer.json()["status"])

        async def stock() -> dict[str, int]:
            event = await client.get(f"/v1/admin/events/{EVENT}", headers=service.admin)
            (pool,) = event.json()["pools"]
            assert pool["capacity"] == pool["available"] + pool["held"] + pool["sold"]
            return {name: pool[name] for name in ("available", "held", "sold")}

        placed = [await place(buyer, confirm=False) for buyer in range(HOLDS)]
        assert [status for status, _ in placed] == [201] * HOLDS
        orders = [order for _, order in placed]
        with full_memory(service):
            for buyer in (100, 101):
                status, refused = await place(buyer, confirm=buyer == 100)
                assert (status, refused["code"]) == (503, "unavailable"), refused
            assert await end(orders[0], "confirm") == "confirmed"
            assert await end(orders[1], "release") == "released"

            async def the_others_have_expired() -> bool:
                return await stock() == {"available": 9, "held": 0, "sold": 1}

            await until(60, the_others_have_expired)
            page = await client.get(f"/v1/events/{EVENT}/availability")
            assert page.status_code == 200

        async def is_sold() -> bool:
            return (await place(200, confirm=True))[0] == 201

        await until(10, is_sold)
        assert await stock() == {"available": 8, "held": 0, "sold": 2}
    verified = service.run("verify", EVENT, "--wait-seconds", "30")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "5 orders" in verified.stdout, "those that were refused left nothing"
