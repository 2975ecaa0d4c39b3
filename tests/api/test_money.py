"""Money over HTTP: other currencies, the finance report against the provider's own books, and the
sales report beside it."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from payments.testing import Books
from tests.api.conftest import Api

REPORT = "/v1/admin/payments/report"
TYPES = [
    {"id": "adult", "name": "Adult", "price": 1_050, "pools": ["lawn"], "max_per_customer": 9},
    {"id": "child", "name": "Child", "price": 500, "pools": ["lawn"]},
]


def _books(api: Api) -> Books:
    return Books(api.settings.data_dir / "sandbox-books.sqlite")


async def _hold(api: Api, *lines: tuple[str, int], buyer: str, event: str = "concert") -> Any:
    answer = await api.order(
        *lines, email=f"{buyer}@example.com", key=f"key-of-{buyer:0>12}", event=event
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _pay(api: Api, order: Any, key: str = "payment-key-00000", **script: str) -> Any:
    answer = await api.client.post(
        f"/v1/orders/{order['id']}/payments",
        json={"method": "sandbox", "input": script},
        headers={"Order-Token": order["token"], "Idempotency-Key": key},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _refund(api: Api, order: Any, key: str, amount: int | None = None) -> Any:
    answer = await api.client.post(
        f"/v1/admin/orders/{order['id']}/refunds",
        json={} if amount is None else {"amount": amount},
        headers={**api.admin, "Idempotency-Key": key},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _report(api: Api, **query: str) -> list[Any]:
    today = datetime.now(UTC).date()
    days = {
        "from": (today - timedelta(days=1)).isoformat(),
        "until": (today + timedelta(days=1)).isoformat(),
    }
    answer = await api.client.get(REPORT, params=days | query, headers=api.admin)
    assert answer.status_code == 200, answer.text
    if query.get("format") == "csv":
        return list(csv.DictReader(io.StringIO(answer.text)))
    return list(answer.json()["items"])


@pytest.mark.parametrize(
    ("currency", "price"), [("JPY", 500), ("EUR", 1_050), ("KWD", 1_230), ("ISK", 990)]
)
async def test_a_currency_is_the_same_number_everywhere(
    currency: str, price: int, api: Api
) -> None:
    """JPY has no minor unit, EUR two digits, KWD three: nowhere is anything shifted."""
    types = [{"id": "adult", "name": "Adult", "price": price, "pools": ["lawn"]}]
    await api.open_event(currency=currency, ticket_types=types)
    order = await _hold(api, ("adult", 2), buyer="ana")
    assert order["total"] == {"amount": 2 * price, "currency": currency}

    payment = await _pay(api, order)

    assert payment["amount"] == {"amount": 2 * price, "currency": currency}
    assert payment["status"] == "succeeded"
    (entry,) = _books(api).entries()
    assert (entry.amount.amount_minor, entry.amount.currency) == (2 * price, currency)
    with _books(api).transaction() as page:
        row = page.connection.execute("SELECT body FROM notices ORDER BY number DESC").fetchone()
    wire = json.loads(row[0])["payment"]
    assert (wire["amount"], wire["captured"], wire["currency"]) == (
        2 * price,
        2 * price,
        currency,
    )
    refund = await _refund(api, order, "refund-key-000001", price)
    assert refund["refunded"] == {"amount": price, "currency": currency}
    assert _books(api).taken() == {currency: price}
    (reported,) = await _report(api)
    assert (reported["captured"], reported["refunded"], reported["net"]) == (
        {"amount": 2 * price, "currency": currency},
        {"amount": price, "currency": currency},
        price,
    )


async def _a_day_at_the_till(api: Api) -> None:
    """Sales, declines, parts and wholes that go back, two events, two currencies."""
    await api.open_event(ticket_types=TYPES, pools=[{"id": "lawn", "capacity": 50}])
    await api.open_event(
        id="opera",
        currency="JPY",
        ticket_types=[{"id": "box", "name": "Box", "price": 7_000, "pools": ["lawn"]}],
    )
    for number, buyer in enumerate(("ana", "bea", "eve", "dan", "kim")):
        order = await _hold(api, ("adult", 1 + number % 3), ("child", 1), buyer=buyer)
        await _pay(api, order, "payment-key-00000", script="decline:insufficient_funds")
        script = "timeout_after" if number == 4 else ""
        payment = await _pay(api, order, "payment-key-00001", script=script)
        if script:  # the buyer's page asks again, and the provider is asked
            path = f"/v1/orders/{order['id']}/payments/{payment['id']}"
            looked = await api.client.get(path, headers={"Order-Token": order["token"]})
            assert (payment["status"], looked.json()["status"]) == ("processing", "succeeded")
        if number == 1:
            await _refund(api, order, "refund-key-000001", 333)
            await _refund(api, order, "refund-key-000002", 167)
        if number == 2:
            await _refund(api, order, "refund-key-000001")
    opera = await _hold(api, ("box", 1), buyer="ana", event="opera")
    await _pay(api, opera)
    await _hold(api, ("adult", 1), buyer="lea")


async def test_the_finance_report_is_the_provider_s_books_to_the_cent(api: Api) -> None:
    await _a_day_at_the_till(api)
    rows = await _report(api)

    net: Counter[str] = Counter()
    captured: Counter[str] = Counter()
    for row in rows:
        assert row["net"] == row["captured"]["amount"] - row["refunded"]["amount"]
        net[row["captured"]["currency"]] += row["net"]
        captured[row["captured"]["currency"]] += row["captured"]["amount"]
    assert net == _books(api).taken()
    in_books: Counter[str] = Counter()
    for entry in _books(api).entries():
        in_books[entry.amount.currency] += entry.captured_minor
    assert captured == in_books
    assert {row["event_id"]: row["payments"] for row in rows} == {"concert": 5, "opera": 1}

    of_opera = await _report(api, event_id="opera")
    assert [row["captured"] for row in of_opera] == [{"amount": 7_000, "currency": "JPY"}]


async def test_the_table_says_what_the_document_says(api: Api) -> None:
    await _a_day_at_the_till(api)
    document, table = await _report(api), await _report(api, format="csv")
    assert [
        (
            *(row["event_id"], row["method"], row["day"], str(row["is_live"]).lower()),
            *(row["captured"]["currency"], str(row["payments"])),
            *(str(row[name]["amount"]) for name in ("captured", "refunded", "disputed")),
            str(row["net"]),
        )
        for row in document
    ] == [
        (
            *(row["event_id"], row["method"], row["day"], row["is_live"], row["currency"]),
            *(row["payments"], row["captured_minor"], row["refunded_minor"]),
            *(row["disputed_minor"], row["net_minor"]),
        )
        for row in table
    ]


async def test_a_day_is_one_of_the_time_zone(api: Api) -> None:
    await api.open_event(ticket_types=TYPES)
    await _pay(api, await _hold(api, ("adult", 1), buyer="ana"))
    now = datetime.now(UTC)
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "Europe/Madrid"):
        (row,) = await _report(api, timezone=name)
        days = {
            (now - timedelta(seconds=each)).astimezone(ZoneInfo(name)).date().isoformat()
            for each in (0, 60)
        }
        assert row["day"] in days, name
    for name in ("Mars/Olympus", "../etc/passwd", "x" * 65, ""):
        answer = await api.client.get(
            REPORT,
            params={"from": "2026-05-01", "until": "2026-05-02", "timezone": name},
            headers=api.admin,
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), name


async def test_sales_and_finance_agree_once_the_facts_have_come(api: Api) -> None:
    await _a_day_at_the_till(api)
    await api.settle()
    sales = (await api.client.get("/v1/admin/events/concert/sales", headers=api.admin)).json()
    finance = await _report(api, event_id="concert")
    refunded = sum(row["refunded"]["amount"] for row in finance)
    assert sales["refunded"]["amount"] == refunded
    gone = next(
        order["total"]["amount"]
        for order in (await api.client.get("/v1/admin/orders", headers=api.admin)).json()["items"]
        if order["status"] == "cancelled"
    )
    assert sales["amount"]["amount"] == sum(row["captured"]["amount"] for row in finance) - gone


async def test_a_cancelled_order_that_is_refunded_afterwards_is_told_everywhere(api: Api) -> None:
    await api.open_event(ticket_types=TYPES)
    order = await _hold(api, ("adult", 2), buyer="ana")
    await _pay(api, order)
    cancelled = await api.client.post(f"/v1/admin/orders/{order['id']}/cancel", headers=api.admin)
    assert cancelled.status_code == 200
    assert cancelled.json()["refunded"]["amount"] == 0, "a cancel moves no money"

    await _refund(api, order, "refund-key-000001", 100)
    await _refund(api, order, "refund-key-000002")

    headers = {"Order-Token": order["token"]}
    shown = (await api.client.get(f"/v1/orders/{order['id']}", headers=headers)).json()
    assert (shown["status"], shown["refunded"]["amount"]) == ("cancelled", 2_100)
    await api.settle()
    sales = (await api.client.get("/v1/admin/events/concert/sales", headers=api.admin)).json()
    assert (sales["sold"], sales["cancelled"], sales["refunded"]["amount"]) == (0, 2, 2_100)
    assert _books(api).taken() == {}


async def test_reports_are_of_one_s_own_events(api: Api) -> None:
    await api.open_event(ticket_types=TYPES)
    order = await _hold(api, ("adult", 1), buyer="ana")
    await _pay(api, order)
    for headers in ({}, {"Authorization": "Bearer tq_000000000000_x"}):
        answer = await api.client.get(
            REPORT, params={"from": "2026-05-01", "until": "2026-05-02"}, headers=headers
        )
        assert answer.status_code == 401
        found = await api.client.get("/v1/admin/payments", headers=headers)
        assert found.status_code == 401
