"""What the API shows of orders that are paid for: their state, how they were settled, what went
back. The payments are told to the write side here, as whoever takes the money does."""

from collections.abc import AsyncIterator

import pytest

from app.domain.ids import OrderAddress, PaymentId, parse_order_id
from app.domain.orders import Settlement
from app.inventory import OrderPayments, ServerTime, open_inventory
from app.runtime.redis_connection import RedisConnection
from tests.api.conftest import Api

PARTITIONS = 16
PAYMENT = PaymentId("pay_" + "a" * 26)
TYPES = [
    {"id": "adult", "name": "Adult", "price": 1_000, "pools": ["lawn"]},
    {"id": "child", "name": "Child", "price": 500, "pools": ["lawn"]},
]
MORE_COLUMNS = "hack,hack_amount_minor,refunded_minor"
ADMIN_SALES = "/v1/admin/events/concert/sales"


@pytest.fixture
async def payments(api: Api) -> AsyncIterator[OrderPayments]:
    assert api.settings.redis_url
    redis = RedisConnection(api.settings.redis_url, timeout_seconds=5, connections_max=2)
    yield open_inventory(redis, ServerTime(timeout_seconds=5), partitions=PARTITIONS).payments
    await redis.aclose()


async def _order(api: Api, *lines: tuple[str, int], email: str) -> tuple[OrderAddress, str]:
    answer = await api.order(*lines, email=email)
    assert answer.status_code == 201, answer.text
    placed = answer.json()
    assert (placed["status"], placed["settlement"]) == ("held", None)
    address = parse_order_id(placed["id"], PARTITIONS)
    assert address is not None
    return address, placed["token"]


async def _read(api: Api, address: OrderAddress, token: str) -> tuple[str, str | None, int]:
    headers = {"Order-Token": token}
    order = (await api.client.get(f"/v1/orders/{address.order_id}", headers=headers)).json()
    assert order["refunded"]["currency"] == "EUR"
    return order["status"], order["settlement"], order["refunded"]["amount"]


async def test_a_free_order_says_that_it_was_free(api: Api) -> None:
    await api.open_event()

    order = (await api.order(("adult", 1))).json()

    assert order["settlement"] == "free"
    assert order["refunded"] == {"amount": 0, "currency": "EUR"}


async def test_an_order_is_shown_as_its_payment_has_left_it(
    api: Api, payments: OrderPayments
) -> None:
    await api.open_event(ticket_types=TYPES)
    address, token = await _order(api, ("adult", 2), ("child", 1), email="ana@example.com")

    await payments.begin_payment(address, PAYMENT, look_up_at_ms=1)
    assert await _read(api, address, token) == ("paying", None, 0)
    release = await api.client.post(
        f"/v1/orders/{address.order_id}/release", headers={"Order-Token": token}
    )
    assert (release.status_code, release.json()["code"]) == (409, "payment-open")
    confirm = await api.client.post(
        f"/v1/orders/{address.order_id}/confirm", headers={"Order-Token": token}
    )
    assert (confirm.status_code, confirm.json()["code"]) == (409, "invalid-transition")

    await payments.confirm_payment(address, PAYMENT, Settlement.PAID)
    assert await _read(api, address, token) == ("confirmed", "paid", 0)
    await payments.refund_order(address, PAYMENT, refunded_minor=700)
    assert await _read(api, address, token) == ("confirmed", "paid", 700)
    await payments.refund_order(address, PAYMENT, refunded_minor=2_500)
    assert await _read(api, address, token) == ("cancelled", "paid", 2_500)


async def test_reports_tell_what_was_sold_by_whom_and_what_went_back(
    api: Api, payments: OrderPayments
) -> None:
    await api.open_event(ticket_types=TYPES)
    paid, _ = await _order(api, ("adult", 2), ("child", 1), email="ana@example.com")
    hacked, _ = await _order(api, ("child", 1), email="bea@example.com")
    paying, _ = await _order(api, ("adult", 1), email="eve@example.com")
    await payments.begin_payment(paid, PAYMENT, look_up_at_ms=1)
    await payments.confirm_payment(paid, PAYMENT, Settlement.PAID)
    await payments.refund_order(paid, PAYMENT, refunded_minor=250)
    await payments.confirm_payment(hacked, PAYMENT, Settlement.HACK)
    await payments.begin_payment(paying, PAYMENT, look_up_at_ms=1)
    await api.settle()

    report = (await api.client.get(ADMIN_SALES, headers=api.admin)).json()
    sums = ("sold", "held", "amount", "hack", "hack_amount", "refunded")
    shown = [report[each] for each in sums]
    assert [each["amount"] if isinstance(each, dict) else each for each in shown] == [
        *(4, 1, 3_000),
        *(1, 500, 250),
    ]
    table = await api.client.get(ADMIN_SALES, params={"format": "csv"}, headers=api.admin)
    assert table.text.splitlines() == [
        f"ticket_type,name,sold,held,cancelled,amount_minor,currency,{MORE_COLUMNS}",
        "adult,Adult,2,1,0,2000,EUR,0,0,200",
        "child,Child,2,0,0,1000,EUR,1,500,50",
    ]

    found = await api.client.get("/v1/admin/orders", headers=api.admin)
    assert [
        (each["status"], each["settlement"], each["refunded"]["amount"], each["payment_id"])
        for each in found.json()["items"]
    ] == [
        ("confirmed", "paid", 250, PAYMENT),
        ("confirmed", "hack", 0, PAYMENT),
        ("paying", None, 0, PAYMENT),
    ]
