"""The minute when everybody wants a ticket: over sockets, with two API processes."""

import random
from collections import Counter

import httpx
import pytest

from tests.flows.conftest import Service, until
from tests.flows.crowd import connected, rush

pytestmark = pytest.mark.slow

ROUNDS = 10
BUYERS = 500
LAST_UNITS = 7
ORDERS = 5_000


async def test_500_buyers_for_the_last_7_units_get_exactly_7_ten_times_over(
    service: Service,
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    async with service.client() as client, connected(service.base_url, BUYERS) as crowd:
        for number in range(ROUNDS):
            event_id = f"last-{number}"
            await service.open_event(client, event_id)
            buyers = list(range(BUYERS))
            random.Random(seed + number).shuffle(buyers)
            answers = await rush(crowd, event_id, [(buyer, 1) for buyer in buyers])
            counted = Counter((answer.status, answer.code) for answer in answers)
            print(event_id, dict(counted))
            assert counted == {(201, "placed"): LAST_UNITS, (409, "sold-out"): BUYERS - LAST_UNITS}
            event = await client.get(f"/v1/admin/events/{event_id}", headers=service.admin)
            assert event.json()["pools"][0] == {
                "id": "floor", "capacity": 7, "available": 0, "held": 0, "sold": 7,
            }  # fmt: skip


async def test_5000_orders_in_a_rush_are_the_same_in_redis_archive_and_read_models(
    service: Service,
) -> None:
    wishes = [(buyer, 1 + buyer % 3) for buyer in range(ORDERS)]
    units = sum(quantity for _, quantity in wishes)
    async with service.client() as client, connected(service.base_url, 100) as crowd:
        await service.open_event(client, "rush", pools=[{"id": "floor", "capacity": units}])
        answers = await rush(crowd, "rush", wishes)
        assert {answer.status for answer in answers} == {201}
        ids = {answer.body["id"] for answer in answers}
        assert len(ids) == ORDERS

        async def ledger_has_all() -> bool:
            sales = await client.get("/v1/admin/events/rush/sales", headers=service.admin)
            return bool(sales.json()["sold"] == units)

        await until(30, ledger_has_all)
        listed = await _all_listed(client, service)
    assert listed == ids
    verified = service.run("verify", "rush")
    print(verified.stdout)
    assert verified.returncode == 0, verified.stderr
    assert f"{ORDERS + 1} facts, {ORDERS} orders" in verified.stdout


async def _all_listed(client: httpx.AsyncClient, service: Service) -> set[str]:
    """Every order of the event, page by page, as the ledger has it."""
    listed: set[str] = set()
    parameters = {"event_id": "rush", "limit": "100"}
    while True:
        page = await client.get("/v1/admin/orders", params=parameters, headers=service.admin)
        listed |= {order["id"] for order in page.json()["items"]}
        if page.json()["next"] is None:
            return listed
        parameters["after"] = page.json()["next"]
